/** FHIR values of a logical model as values of CQL's own types: what rules compute with needs no conversion there. */
import { Code, Concept, Interval, Quantity, Ratio } from 'cql-execution'
import { isJsonObject } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import type { ReadScope } from './fhir-instance.ts'
import { parseDate, parseDateTime, parseTime } from './temporal.ts'

/** Reads one JSON value of a known type; null for what is none. */
export type ValueReader = (value: Json, scope: ReadScope) => unknown

/** What nobody can look into is there, or is not. */
export const opaque = (value: Json) => (value === null ? null : JSON.stringify(value))

const ofType =
  (type: 'string' | 'number' | 'boolean'): ValueReader =>
  (value) =>
    typeof value === type ? value : null

/** Readers of values that CQL has a type for, by its name. */
export const systemReaders: Readonly<Record<string, ValueReader>> = {
  'System.Boolean': ofType('boolean'),
  'System.Integer': ofType('number'),
  'System.Decimal': ofType('number'),
  'System.String': ofType('string'),
  'System.Date': (value) => parseDate(value) ?? null,
  'System.DateTime': (value, scope) => parseDateTime(value, scope.timezoneOffset) ?? null,
  'System.Time': (value) => parseTime(value) ?? null,
  'System.Code': (value) => (isJsonObject(value) ? code(value) : null),
  'System.Concept': (value) => (isJsonObject(value) ? concept(value) : null),
  'System.Quantity': (value) => (isJsonObject(value) ? quantity(value) : null),
  'System.Ratio': (value) => (isJsonObject(value) ? ratio(value) : null),
  'Interval<System.DateTime>': (value, scope) => (isJsonObject(value) ? period(value, scope) : null),
  'Interval<System.Quantity>': (value) => (isJsonObject(value) ? range(value) : null),
}

const text = (value: Json | undefined) => (typeof value === 'string' ? value : undefined)

/** A coding without a code is one of its words alone: in no value set, and equivalent to nothing. */
function code({ code, system, version, display }: JsonObject): Code {
  const made = new Code(text(code) ?? '', text(system), text(version), text(display))
  // What is absent is null in CQL, where the executor's class would have an empty text.
  if (typeof code !== 'string') Object.assign(made, { code: null })
  return made
}

function concept({ coding, text: words }: JsonObject): Concept {
  const codes = (Array.isArray(coding) ? coding : []).flatMap((each) => (isJsonObject(each) ? [code(each)] : []))
  return new Concept(codes, text(words))
}

/** As FHIRHelpers: a unit of UCUM is its code, any other what it is called; one with a comparator is no point. */
function quantity({ value, comparator, system, code, unit }: JsonObject): Quantity | null {
  if (typeof value !== 'number' || comparator != null) return null
  const isUcum = system == null || system === 'http://unitsofmeasure.org'
  const [first, second] = isUcum ? [code, unit] : [unit, code]
  return new Quantity(value, text(first) ?? text(second) ?? '1')
}

function ratio({ numerator, denominator }: JsonObject): Ratio | null {
  const [over, under] = [numerator, denominator].map((each) => (isJsonObject(each) ? quantity(each) : null))
  return over && under ? new Ratio(over, under) : null
}

/** A beginning that is not told is not known, an end that is not told is not to be (as FHIRHelpers). */
function period({ start, end }: JsonObject, { timezoneOffset }: ReadScope): Interval | null {
  const [low, high] = [start, end].map((each) => parseDateTime(each, timezoneOffset) ?? null)
  if (low === null && high === null) return null
  return new Interval(low, high, low !== null, true)
}

function range({ low, high }: JsonObject): Interval | null {
  const [least, most] = [low, high].map((each) => (isJsonObject(each) ? quantity(each) : null))
  if (!least && !most) return null
  return new Interval(least, most, least !== null, most !== null)
}
