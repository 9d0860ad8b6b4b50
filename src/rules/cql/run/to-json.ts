import { Code, Concept, Date as CqlDate, DateTime, Interval, Quantity, Ratio } from 'cql-execution'
import { defineMember } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { isUncertain } from '../corrections/operators.ts'
import { FhirInstance } from './fhir-instance.ts'
import { coding, dateTimeText } from './to-parameters.ts'

/** A CQL result as plain JSON for people: dates as text, quantities as `250 'mg'`, resources as references. */
export function toJson(value: unknown): Json {
  if (value === null || value === undefined) return null
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value
  if (typeof value !== 'object') return null
  if (Array.isArray(value)) return value.map(toJson)
  // Most of what is told are tuples, and every other structured value has a class of its own.
  if (Object.getPrototypeOf(value) === Object.prototype && !isUncertain(value)) return tupleJson(value)
  if (value instanceof FhirInstance) return fhirJson(value)
  if (value instanceof DateTime) return dateTimeText(value).text
  if (value instanceof CqlDate || value instanceof Ratio) return String(value)
  if (value instanceof Quantity) return `${value.value} ${value.unit ?? '1'}`
  if (value instanceof Code) return coding(value)
  if (value instanceof Concept) return { coding: value.codes.map(coding) }
  if (value instanceof Interval) {
    const { lowClosed, highClosed } = value
    return `${lowClosed ? '[' : '('}${plainText(value.low)}, ${plainText(value.high)}${highClosed ? ']' : ')'}`
  }
  if (isUncertain(value)) return `[${plainText(value.low)}, ${plainText(value.high)}]`
  return tupleJson(value)
}

function tupleJson(value: object): JsonObject {
  const json: JsonObject = {}
  for (const member of Object.keys(value)) {
    const each: unknown = Reflect.get(value, member)
    if (typeof each !== 'function') defineMember(json, member, toJson(each))
  }
  return json
}

/** Whether a CQL result is an interval. */
export const isInterval = (value: unknown): boolean => value instanceof Interval

function plainText(value: unknown): string {
  const json = toJson(value)
  return typeof json === 'string' ? json : JSON.stringify(json)
}

/** A resource by reference, a core data set by its name, for evidence points at where they stand; other FHIR values as their JSON. */
function fhirJson({ _json: json, fhirClass }: FhirInstance): Json {
  if (fhirClass.kind === 'instance' || fhirClass.kind === 'person') return fhirClass.name
  if (typeof json.resourceType === 'string')
    return json.id === undefined ? json.resourceType : `${json.resourceType}/${json.id}`
  return fhirClass.primitive ? (json.value ?? null) : json
}
