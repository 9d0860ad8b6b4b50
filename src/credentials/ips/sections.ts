import { objectsIn } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { Obstacle } from '../credential-format.ts'
import type { ContentEntry } from '../fhir-content/holder.ts'
import { codingsOf } from './summary-resources.ts'

const LOINC = 'http://loinc.org'

const blocks = (text: string): Obstacle => ({ text, blocks: true })

/**
 * Vaccinations of a document whose section of immunizations (LOINC 11369-6) says why it is empty: that there are none, or that nobody
 * knows. Sections need not list what counts, and must not deny it.
 */
export function denied(composition: JsonObject, entries: ContentEntry[]): Obstacle[] {
  const isEmpty = ({ code, emptyReason }: JsonObject) =>
    emptyReason !== undefined &&
    codingsOf(code).some(({ system, code: named }) => system === LOINC && named === '11369-6')
  const isDenied =
    entries.some(({ resource }) => resource.resourceType === 'Immunization') && sectionsOf(composition).some(isEmpty)
  return isDenied ? [blocks('The summary has vaccinations, and says that it has none')] : []
}

/** Sections at every depth. */
function sectionsOf({ section }: JsonObject): JsonObject[] {
  const own = objectsIn(section)
  return own.flatMap((each) => [each, ...sectionsOf(each)])
}

/** Vaccinations of a day that had not come when the summary was written. */
export function writtenBefore({ date }: JsonObject, entries: ContentEntry[]): Obstacle[] {
  const isLater = ({ resource }: ContentEntry) =>
    resource.resourceType === 'Immunization' && isDayAfter(resource.occurrenceDateTime, date)
  return entries.some(isLater) ? [blocks('A vaccination of the summary was given after the summary was written')] : []
}

/** Whether the one is later than the other by more than a day, whatever their offsets from UTC: dates compare as far as both go. */
function isDayAfter(one: Json | undefined, other: Json | undefined): boolean {
  if (typeof one !== 'string' || typeof other !== 'string') return false
  const length = Math.min(one.length, other.length, 10)
  if (length < 10) return one.slice(0, length) > other.slice(0, length)
  return Date.parse(one.slice(0, 10)) - Date.parse(other.slice(0, 10)) > 86_400_000
}
