import type { Json } from '../../../base/json-value.ts'
import { FhirInstance } from './fhir-instance.ts'
import { type CqlObject, coding, dateTimeText } from './to-parameters.ts'

/** A CQL result as plain JSON for people: dates as text, quantities as `250 'mg'`, resources as references. */
export function toJson(value: unknown): Json {
  if (value === null || value === undefined) return null
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object') return typeof value === 'function' ? null : (value as Json)
  if (Array.isArray(value)) return value.map(toJson)
  if (value instanceof FhirInstance) return fhirJson(value)
  const object = value as CqlObject
  if (object.isDateTime) return dateTimeText(object).text
  if (object.isDate || object.isRatio) return String(value)
  if (object.isQuantity) return `${object.value} ${object.unit ?? '1'}`
  if (object.isCode) return coding(object)
  if (object.isConcept) return { coding: (object.codes as CqlObject[]).map(coding) }
  if (object.isUncertainty) return `[${plainText(object.low)}, ${plainText(object.high)}]`
  if (object.isInterval) {
    const bounds = `${plainText(object.low)}, ${plainText(object.high)}`
    return `${object.lowClosed ? '[' : '('}${bounds}${object.highClosed ? ']' : ')'}`
  }
  const members = Object.entries(object).filter(([, each]) => typeof each !== 'function')
  return Object.fromEntries(members.map(([member, each]) => [member, toJson(each)]))
}

function plainText(value: unknown): string {
  const json = toJson(value)
  return typeof json === 'string' ? json : JSON.stringify(json)
}

/** A resource by reference, for evidence points at `content` where it stands; other FHIR values as their JSON. */
function fhirJson({ _json: json, fhirClass }: FhirInstance): Json {
  if (typeof json.resourceType === 'string')
    return json.id === undefined ? json.resourceType : `${json.resourceType}/${json.id}`
  return fhirClass.primitive ? (json.value ?? null) : json
}
