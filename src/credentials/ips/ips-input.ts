import { defineMember, isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { withoutEmptyTexts } from '../certificate-input.ts'
import type { CertificateInput } from '../credential-format.ts'
import { entriesOf } from '../fhir-content/holder.ts'
import { addresses, target } from './references.ts'
import { codingsOf } from './summary-resources.ts'

const maps: CertificateInput['maps'] = {
  coreDataSet: ['http://vidimus.org/fhir/StructureMap/IpsToCoreDataSet'],
  bundle: ['http://vidimus.org/fhir/StructureMap/IpsToBundle'],
  bundleOf: 'content',
}

/** What maps get of a summary: every reference is the address of the entry that it leads to, and the Patient is `Patient/holder` as everywhere. */
export function ipsInput(content: Json): CertificateInput {
  const clean = withoutEmptyTexts(content)
  const claims = isJsonObject(clean) ? addressed(clean) : clean
  const entries = isJsonObject(claims) ? (entriesOf(claims) ?? []) : []
  return { maps, claims, events: entries.filter(({ resource }) => hasCoreData(resource)).length }
}

/** Whether a core data set can be made of it: a vaccination that has a date and names what was given. */
export function hasCoreData(resource: JsonObject): boolean {
  const { resourceType, occurrenceDateTime, vaccineCode } = resource
  if (resourceType !== 'Immunization' || typeof occurrenceDateTime !== 'string') return false
  const isText = (value: Json | undefined) => typeof value === 'string' && value !== ''
  return (
    (isJsonObject(vaccineCode) && isText(vaccineCode.text)) ||
    codingsOf(vaccineCode).some(({ code, display }) => isText(code) || isText(display))
  )
}

function addressed(bundle: JsonObject): JsonObject {
  const entries = entriesOf(bundle) ?? []
  const known = addresses(entries)
  const patient = entries.find(({ resource }) => resource.resourceType === 'Patient')
  const holder =
    patient &&
    [patient.source.fullUrl, `Patient/${String(patient.resource.id)}`].find((each) => typeof each === 'string')
  const to = (reference: string): string => {
    const address = target(reference, known)
    if (address === undefined) return reference
    return address === holder ? 'Patient/holder' : address
  }
  const entry = entries.map(({ source, resource }) =>
    resource.resourceType === 'Patient'
      ? { resource: { ...rewritten(resource, to), id: 'holder' } }
      : { ...source, resource: rewritten(resource, to) },
  )
  return { ...bundle, entry }
}

function rewritten(object: JsonObject, to: (reference: string) => string): JsonObject {
  const copy: JsonObject = {}
  for (const [name, value] of Object.entries(object))
    defineMember(copy, name, name === 'reference' && typeof value === 'string' ? to(value) : inside(value, to))
  return copy
}

const inside = (value: Json, to: (reference: string) => string): Json => {
  if (Array.isArray(value)) return value.map((each) => inside(each, to))
  return isJsonObject(value) ? rewritten(value, to) : value
}
