import type { Json, JsonObject } from '../fhir/types.ts'
import { TransformFault } from './fault.ts'

const INTEGER = /^[+-]?\d+$/
const DECIMAL = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/

/** A number as JSON writes it, without a sign or zeros in front that it does not have. */
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/

/** The text of a decimal whose precision is worth keeping; undefined when JSON could not write it so. */
export function decimalText(text: Json | undefined): string | undefined {
  return typeof text === 'string' && JSON_NUMBER.test(text.trim()) ? text.trim() : undefined
}

/** Lexical rules of R4 primitives that a text must follow (https://hl7.org/fhir/R4/datatypes.html#primitive). */
const LEXICAL: Record<string, RegExp> = {
  date: /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$/,
  dateTime: /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/,
  instant: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
  time: /^\d\d:\d\d(:\d\d(\.\d+)?)?$/,
  id: /^[A-Za-z0-9\-.]{1,64}$/,
  oid: /^urn:oid:[0-2](\.(0|[1-9]\d*))+$/,
  uuid: /^urn:uuid:[0-9a-fA-F-]{36}$/,
  base64Binary: /^[A-Za-z0-9+/=\s]*$/,
}
const RANGES: Record<string, [number, number]> = {
  integer: [-2147483648, 2147483647],
  positiveInt: [1, 2147483647],
  unsignedInt: [0, 2147483647],
}

/** What the value of an element may be: a JSON number, a JSON boolean, or text. */
function jsonKind(type: string): 'number' | 'boolean' | 'string' {
  if (type in RANGES || type === 'decimal') return 'number'
  return type === 'boolean' ? 'boolean' : 'string'
}

/**
 * Converts a primitive to an R4 primitive type, as `cast` does: the lexical form must be that of the type. A date-time
 * cast to date loses its time, a date cast to dateTime stays as it is. TransformFault when it cannot be.
 */
export function convertPrimitive(value: Json, type: string): Json {
  const kind = jsonKind(type)
  if (kind === 'number') return toNumber(value, type)
  if (kind === 'boolean') return toBoolean(value)
  const text = String(value)
  if (type === 'date' && LEXICAL.dateTime?.test(text)) return text.slice(0, 10)
  const rule = LEXICAL[type]
  if (rule && !rule.test(text)) throw cannot(type)
  return text
}

/** The same for an assignment: text of another form stays as it is, numbers and booleans have to fit. */
export function assignPrimitive(value: Json, type: string): Json {
  const kind = jsonKind(type)
  if (kind === 'number') return typeof value === 'number' && type === 'decimal' ? value : toNumber(value, type)
  if (kind === 'boolean') return toBoolean(value)
  if (typeof value !== 'string') return String(value)
  return type === 'date' && value.length > 10 && LEXICAL.dateTime?.test(value) ? value.slice(0, 10) : value
}

function toNumber(value: Json, type: string): number {
  const text = String(value).trim()
  if (!(type === 'decimal' ? DECIMAL : INTEGER).test(text)) throw cannot(type)
  const number = Number(text)
  const [low, high] = RANGES[type] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  if (number < low || number > high) throw cannot(type)
  return number
}

function toBoolean(value: Json): boolean {
  if (typeof value === 'boolean') return value
  const text = String(value).toLowerCase()
  if (text === 'true' || text === '1') return true
  if (text === 'false' || text === '0') return false
  throw cannot('boolean')
}

function cannot(type: string): TransformFault {
  return new TransformFault(`a value cannot be converted to ${type}`)
}

/** Types that a data type is wrapped into when an element wants more than it is given. */
const WRAPPINGS: Record<string, Record<string, (value: Json) => Json>> = {
  CodeableConcept: {
    Coding: (value) => ({ coding: [value] }),
    code: (value) => ({ coding: [{ code: value }] }),
    string: (value) => ({ text: value }),
  },
  Coding: {
    CodeableConcept: (value) => (value as { coding?: Json[] }).coding?.[0] ?? {},
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
  return wrap?.(value) as JsonObject | undefined
}

/** Whether {@link wrapValue} would. */
export function canWrap(from: string, to: string): boolean {
  return WRAPPINGS[to]?.[from] !== undefined
}
