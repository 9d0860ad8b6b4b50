import type { Bundle, Json, JsonObject } from '../fhir/types.ts'

/** Whom the credential is about, to compare with an identity document. */
export interface Subject {
  name?: string
  /** FHIR date, maybe partial. */
  birthDate?: string
  identifier?: string
}

/** Finds the person: in the first core data set, else in the first Patient of the Bundle. */
export function subjectOf(coreDataSets: JsonObject[], bundle: Bundle | undefined): Subject | undefined {
  const fromCore = coreDataSets[0] ? read(coreDataSets[0]) : undefined
  if (fromCore?.name) return fromCore
  const patient = bundle?.entry?.find((entry) => entry.resource?.resourceType === 'Patient')?.resource
  const fromPatient = patient ? read(patient as unknown as JsonObject) : undefined // a resource is a JSON object
  return fromPatient && Object.keys(fromPatient).length > 0 ? fromPatient : fromCore
}

function read(person: JsonObject): Subject {
  const subject: Subject = {}
  const name = nameText(person.name)
  if (name) subject.name = name
  if (typeof person.birthDate === 'string' && person.birthDate !== '') subject.birthDate = person.birthDate
  const identifier = identifierText(person.identifier)
  if (identifier) subject.identifier = identifier
  return subject
}

/** A text, or a HumanName (the first of a list). */
function nameText(name: Json | undefined): string | undefined {
  if (typeof name === 'string') return name || undefined
  if (Array.isArray(name)) return nameText(name[0])
  if (!name || typeof name !== 'object') return undefined
  if (typeof name.text === 'string' && name.text) return name.text
  const given = Array.isArray(name.given) ? name.given.filter((each) => typeof each === 'string') : []
  const family = typeof name.family === 'string' ? [name.family] : []
  return [...given, ...family].join(' ') || undefined
}

function identifierText(identifier: Json | undefined): string | undefined {
  if (typeof identifier === 'string') return identifier || undefined
  if (Array.isArray(identifier)) return identifierText(identifier[0])
  return identifier && typeof identifier === 'object' && typeof identifier.value === 'string'
    ? identifier.value
    : undefined
}
