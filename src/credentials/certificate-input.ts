import { defineMember, isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
import type { CertificateInput } from './credential-format.ts'

/** The default maps of a kind: the one that is named makes core data sets, and of those one map makes resources. */
export const mapsFrom = (coreDataSetMap: string): CertificateInput['maps'] => ({
  coreDataSet: [`http://vidimus.org/fhir/StructureMap/${coreDataSetMap}`],
  bundle: ['http://vidimus.org/fhir/StructureMap/CoreDataSetToBundle'],
})

/** The member of a value that is an object; undefined for anything else. */
export const member = (value: Json | undefined, name: string): Json | undefined =>
  isJsonObject(value) ? value[name] : undefined

/**
 * The events that stand under a member: those of a list, or one that stands there itself. An empty map stands for what is not
 * there: real certificates have `t: {}` beside a list of vaccinations.
 */
export function eventsOf(value: Json | undefined): Json[] {
  if (value === undefined || value === null || (isJsonObject(value) && Object.keys(value).length === 0)) return []
  return Array.isArray(value) ? value : [value]
}

/** A time in seconds as a date, UTC; what is no time stays absent. */
export function day(seconds: Json | undefined): string | undefined {
  if (typeof seconds !== 'number') return undefined
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().slice(0, 10)
}

/** The same value without empty texts, which count as absent: the very same where it has none. What was given is never changed. */
export const withoutEmptyTexts = (json: Json): Json => (hasEmptyText(json) ? cleaned(json) : json)

function hasEmptyText(json: Json): boolean {
  if (typeof json === 'string') return json === ''
  if (typeof json !== 'object' || json === null) return false
  if (Array.isArray(json)) return json.some(hasEmptyText)
  for (const name of Object.keys(json)) if (hasEmptyText(json[name] ?? null)) return true
  return false
}

function cleaned(json: Json): Json {
  if (Array.isArray(json)) return json.filter((each) => each !== '').map(cleaned)
  if (!isJsonObject(json)) return json
  const clean: JsonObject = {}
  for (const name of Object.keys(json)) {
    const value = json[name] ?? null
    if (value !== '') defineMember(clean, name, typeof value === 'object' ? cleaned(value) : value)
  }
  return clean
}

/**
 * Names under which the kinds of certificate keep events. One that stands where its kind does not have it would be signed,
 * shown to nobody and judged by nobody, or judged under another usage of the key.
 */
const EVENT_MEMBER = /^(?:v|t|r|vaccine|vaccinations?|immuni[sz]ations?|tests?|testresults?|recover(?:y|ies))$/i

/** Whether members hold events that are not among those that their kind of certificate has. */
export function hasMisplacedEvents(members: string[], own: string[]): boolean {
  return members.some((name) => !own.includes(name) && EVENT_MEMBER.test(name))
}

/** Whether a value is absent: not there, null, or the empty text that stands for it in the field. */
export const isAbsent = (value: Json | undefined): value is undefined | null | '' =>
  value === undefined || value === null || value === ''
