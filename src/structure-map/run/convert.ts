import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { Type } from '../model/types.ts'
import { ValueFault } from './fault.ts'

/** Whole numbers, also `2.0`. */
const INTEGER = /^[+-]?\d+(\.0+)?$/
const DECIMAL = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/

/** A date with a time of day, with or without an offset. */
const DATE_TIME =
  /^(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:\.\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?$/

const NUMBERS = new Set(['integer', 'positiveInt', 'unsignedInt', 'decimal'])
/** A number is no date: nobody knows what it counts. */
const TEMPORAL = new Set(['date', 'dateTime', 'instant', 'time'])

/**
 * A primitive in the form of an R4 primitive type, where that is no guess: digits to a number, `true` to a boolean, a number
 * to a text, a date with a time to the date. Undefined when there is none, or FHIR would refuse what comes out.
 */
export function convertPrimitive(value: Json, type: Type): Json | undefined {
  const converted = reread(value, type.name)
  return converted === undefined || type.check?.(converted) !== undefined ? undefined : converted
}

/** A primitive as `cast` makes it: as it is or converted. ValueFault when it cannot be. */
export function castPrimitive(value: Json, type: Type): Json {
  if (type.check?.(value) === undefined) return value
  const converted = convertPrimitive(value, type)
  if (converted === undefined) throw new ValueFault(`a value cannot be converted to ${type.name}`, type.name)
  return converted
}

function reread(value: Json, type: string): Json | undefined {
  if (value === null || typeof value === 'object') return undefined
  if (NUMBERS.has(type)) return toNumber(String(value).trim(), type)
  if (type === 'boolean') return toBoolean(String(value).toLowerCase())
  if (typeof value === 'string') return type === 'date' ? DATE_TIME.exec(value)?.[1] : undefined
  return TEMPORAL.has(type) ? undefined : String(value)
}

function toNumber(text: string, type: string): number | undefined {
  return (type === 'decimal' ? DECIMAL : INTEGER).test(text) ? Number(text) : undefined
}

function toBoolean(text: string): boolean | undefined {
  if (text === 'true' || text === '1') return true
  return text === 'false' || text === '0' ? false : undefined
}

function firstCoding(value: Json): JsonObject {
  const coding = isJsonObject(value) ? value.coding : undefined
  const [first] = Array.isArray(coding) ? coding : []
  return isJsonObject(first) ? first : {}
}

/** Types that a data type is wrapped into when an element wants more than it is given. */
const WRAPPINGS: Record<string, Record<string, (value: Json) => JsonObject>> = {
  CodeableConcept: {
    Coding: (value) => ({ coding: [value] }),
    code: (value) => ({ coding: [{ code: value }] }),
    string: (value) => ({ text: value }),
  },
  Coding: {
    CodeableConcept: firstCoding,
    code: (value) => ({ code: value }),
    string: (value) => ({ code: value }),
  },
  Reference: {
    string: (value) => ({ reference: value }),
    uri: (value) => ({ reference: value }),
    Identifier: (value) => ({ identifier: value }),
  },
  Identifier: { string: (value) => ({ value }), uri: (value) => ({ value }) },
  Quantity: { decimal: (value) => ({ value }), integer: (value) => ({ value }) },
  Annotation: { string: (value) => ({ text: value }) },
  HumanName: { string: (value) => ({ text: value }) },
}

/** Turns a value of one type into one of the other, when there is an established way. */
export function wrapValue(value: Json, from: string, to: string): JsonObject | undefined {
  const wrap = WRAPPINGS[to]?.[from]
  return wrap?.(value)
}

/** Whether {@link wrapValue} would. */
export function canWrap(from: string, to: string): boolean {
  return WRAPPINGS[to]?.[from] !== undefined
}
