import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { Obstacle } from '../credential-format.ts'

/** What the resources came in, as the texts say it. */
export type Whose = 'card' | 'summary'

/** One entry of a bundle in a credential. */
export interface ContentEntry {
  source: JsonObject
  resource: JsonObject
}

/** What stands beside the holder and the events and says nothing about what happened. */
export const circumstances = ['Location', 'Organization', 'Practitioner', 'PractitionerRole']

/** The entries of a bundle; undefined when one of them holds no resource. */
export function entriesOf(bundle: JsonObject): ContentEntry[] | undefined {
  const list = Array.isArray(bundle.entry) ? bundle.entry : []
  const entries = list.flatMap((source) =>
    isJsonObject(source) && isJsonObject(source.resource) ? [{ source, resource: source.resource }] : [],
  )
  return entries.length === list.length ? entries : undefined
}

/** The one Patient of a credential. */
export interface Holder {
  patient: JsonObject
  /** How events may refer to it. */
  names: string[]
  obstacles: Obstacle[]
}

/** Finds the one Patient; a text says why there is not exactly one. */
export function holderOf(entries: ContentEntry[], whose: Whose): Holder | string {
  const patients = entries.filter(({ resource }) => resource.resourceType === 'Patient')
  const [patient] = patients
  if (!patient || patients.length > 1) return 'the bundle does not hold exactly one Patient'
  const names = namesOf(patient)
  const others = entries.filter((entry) => entry !== patient).flatMap(namesOf)
  if (names.some((name) => others.includes(name))) return 'two entries of the bundle have one name'
  return { patient: patient.resource, names, obstacles: holderObstacles(patient.resource, whose) }
}

/** How references may name an entry: its address, and its type and id. */
export function namesOf({ source, resource }: ContentEntry): string[] {
  const names: string[] = []
  if (typeof source.fullUrl === 'string') names.push(source.fullUrl)
  if (typeof resource.id === 'string') names.push(`${String(resource.resourceType)}/${resource.id}`)
  return names
}

/** Elements that change what a Patient means (FHIR R4, modifier elements). */
function holderObstacles(patient: JsonObject, whose: Whose): Obstacle[] {
  const changes: [boolean, string][] = [
    [hasModifier(patient) || holdsModifier(patient), 'an extension that changes its meaning'],
    [patient.active !== undefined && patient.active !== true, 'a record that is not active'],
    [patient.link !== undefined, 'a link to another record'],
    [patient.deceasedDateTime !== undefined || (patient.deceasedBoolean ?? false) !== false, 'a death'],
  ]
  return changes.flatMap(([is, what]) =>
    is ? [{ text: `The Patient of the ${whose} has ${what}`, blocks: true }] : [],
  )
}

/** Whether a resource says that it is to be read by rules that this server does not know. */
export const hasModifier = (resource: JsonObject): boolean =>
  resource.modifierExtension !== undefined || resource.implicitRules !== undefined

/** Whether there is a modifier extension in it: they may stand in any backbone element. */
export function holdsModifier(json: Json): boolean {
  if (Array.isArray(json)) return json.some(holdsModifier)
  if (!isJsonObject(json)) return false
  return Object.entries(json).some(([name, value]) => name === 'modifierExtension' || holdsModifier(value))
}

/** Why an event is not one of the holder; undefined when it is. */
export function subjectFault(event: JsonObject, { names }: Holder): string | undefined {
  const subject: Json | undefined = event.resourceType === 'Immunization' ? event.patient : event.subject
  const reference = isJsonObject(subject) ? subject.reference : undefined
  return typeof reference === 'string' && names.includes(reference)
    ? undefined
    : 'an event does not refer to the Patient of the bundle'
}
