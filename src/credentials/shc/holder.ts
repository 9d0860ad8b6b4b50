import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { Obstacle } from '../credential-format.ts'

/** One entry of a card's bundle. */
export interface CardEntry {
  source: JsonObject
  resource: JsonObject
}

/** The one Patient of a card. */
export interface Holder {
  /** How events may refer to it. */
  names: string[]
  obstacles: Obstacle[]
}

/** Finds the one Patient; a text says why there is not exactly one. */
export function holderOf(entries: CardEntry[]): Holder | string {
  const patients = entries.filter(({ resource }) => resource.resourceType === 'Patient')
  const [patient] = patients
  if (!patient || patients.length > 1) return 'the bundle does not hold exactly one Patient'
  const names = namesOf(patient)
  const others = entries.filter((entry) => entry !== patient).flatMap(namesOf)
  if (names.some((name) => others.includes(name))) return 'two entries of the bundle have one name'
  return { names, obstacles: holderObstacles(patient.resource) }
}

function namesOf({ source, resource }: CardEntry): string[] {
  const names: string[] = []
  if (typeof source.fullUrl === 'string') names.push(source.fullUrl)
  if (typeof resource.id === 'string') names.push(`${String(resource.resourceType)}/${resource.id}`)
  return names
}

/** Elements that change what a Patient means (FHIR R4, modifier elements). */
function holderObstacles(patient: JsonObject): Obstacle[] {
  const changes: [boolean, string][] = [
    [hasModifier(patient), 'an extension that changes its meaning'],
    [patient.active !== undefined && patient.active !== true, 'a record that is not active'],
    [patient.link !== undefined, 'a link to another record'],
    [patient.deceasedDateTime !== undefined || (patient.deceasedBoolean ?? false) !== false, 'a death'],
  ]
  return changes.flatMap(([is, what]) => (is ? [{ text: `The Patient of the card has ${what}`, blocks: true }] : []))
}

/** Whether a resource says that it is to be read by rules that this server does not know. */
export const hasModifier = (resource: JsonObject): boolean =>
  resource.modifierExtension !== undefined || resource.implicitRules !== undefined

/** Why an event is not one of the holder; undefined when it is. */
export function subjectFault(event: JsonObject, { names }: Holder): string | undefined {
  const subject: Json | undefined = event.resourceType === 'Immunization' ? event.patient : event.subject
  const reference = isJsonObject(subject) ? subject.reference : undefined
  return typeof reference === 'string' && names.includes(reference)
    ? undefined
    : 'an event does not refer to the Patient of the bundle'
}
