import { isJsonObject, objectsIn } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { issue } from '../../fhir/error.ts'
import { asJson } from '../../fhir/json.ts'
import type { Bundle, Issue } from '../../fhir/types.ts'
import { contradictsVaccine } from './vaccine-diseases.ts'

/** The elements that say when something happened. */
const days: Record<string, string> = {
  Immunization: 'occurrenceDateTime',
  Observation: 'effectiveDateTime',
  Condition: 'onsetDateTime',
}

/**
 * What cannot be as it is told, in whichever format: something that happened to a person before the birth, a person who is not born
 * at the clock, and a vaccination whose vaccine, product and disease contradict each other. A partial date contradicts only what every one of its days does; no value is told.
 */
export function impossibleContent({ entry = [] }: Bundle, clock: Date): Issue[] {
  const births: string[] = []
  for (const { resource } of entry) {
    const birthDate = resource?.resourceType === 'Patient' ? asJson(resource).birthDate : undefined
    if (typeof birthDate === 'string') births.push(birthDate)
  }
  const doubts: string[] = []
  for (const birth of births) if (isUnborn(birth, clock)) addOnce(doubts, 'The person of the content is not born yet')
  for (const { resource } of entry) {
    const element = resource && Object.hasOwn(days, resource.resourceType) ? days[resource.resourceType] : undefined
    if (!resource || element === undefined) continue
    const event = asJson(resource)
    const when = event[element]
    for (const birth of births)
      if (isBefore(when, birth))
        addOnce(
          doubts,
          `A resource of type ${resource.resourceType} of the content tells of what happened before the birth of its person`,
        )
    if (isContradictory(event))
      addOnce(doubts, 'The vaccine, the product and the disease of a vaccination contradict each other')
  }
  return doubts.map((text) => issue('conflict', { severity: 'warning', text }))
}

function addOnce(texts: string[], text: string): void {
  if (!texts.includes(text)) texts.push(text)
}

/** Whether a day of birth is still to come, wherever; that one of an earlier year is not can be told of nearly everybody at no cost. */
function isUnborn(birth: string, clock: Date): boolean {
  const isEarlierYear = birth.slice(0, 4) < String(clock.getUTCFullYear()).padStart(4, '0')
  return !isEarlierYear && isBefore(latestDay(clock), birth)
}

/** Somewhere the day of the clock has begun already. */
const latestDay = (clock: Date) => new Date(clock.getTime() + 14 * 3_600_000).toISOString()

function isContradictory({ resourceType, vaccineCode, protocolApplied }: JsonObject): boolean {
  if (resourceType !== 'Immunization' || !isJsonObject(vaccineCode)) return false
  const named: JsonObject[] = []
  for (const { targetDisease } of objectsIn(protocolApplied))
    for (const { coding } of objectsIn(targetDisease)) named.push(...objectsIn(coding))
  return contradictsVaccine(objectsIn(vaccineCode.coding), named)
}

/** Whether every day that the one can mean lies before every day that the other can. */
function isBefore(one: Json | undefined, other: string): boolean {
  if (typeof one !== 'string') return false
  if (one.length === other.length && one.length <= 10) return one < other
  const length = Math.min(one.length, other.length, 10)
  return one.slice(0, length) < other.slice(0, length)
}
