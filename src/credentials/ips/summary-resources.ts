import { isJsonObject, objectsIn } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { checkResource } from '../../fhir/check/resource.ts'
import type { Obstacle } from '../credential-format.ts'
import { judgeImmunization, notUnderstood } from '../fhir-content/events.ts'
import { circumstances } from '../fhir-content/holder.ts'

/** Why a resource of a summary does not count; undefined when it does. */
type Judge = (resource: JsonObject) => Obstacle | undefined

const told = (text: string): Obstacle => ({ text, blocks: false })
const blocks = (text: string): Obstacle => ({ text, blocks: true })

/** What a resource may contain: who and where, and of what. */
const mayContain = [...circumstances, 'Medication']

/** A status that is a CodeableConcept: the system of its codes, which of them stand, and which say that there is nothing. */
interface CodedStatus {
  system: string
  stands: readonly string[]
  denies: readonly string[]
}

const TERMINOLOGY = 'http://terminology.hl7.org/CodeSystem'
const clinical = (system: string, stands: string[]): CodedStatus => ({
  system: `${TERMINOLOGY}/${system}`,
  stands,
  denies: [],
})
const verification = (system: string, stands: string[]): CodedStatus => ({
  system: `${TERMINOLOGY}/${system}`,
  stands,
  denies: ['refuted', 'entered-in-error'],
})

/** The clinical resources of a summary that go on, and how each is judged. */
export const summaryJudges: Readonly<Record<string, Judge>> = {
  Immunization: (event) =>
    judgeImmunization(event, 'summary') ??
    absence(event.vaccineCode, 'A vaccination') ??
    isR4(event, { what: 'A vaccination', counts: true }),
  Condition: problem('A condition', {
    clinicalStatus: clinical('condition-clinical', [
      'active',
      'recurrence',
      'relapse',
      'inactive',
      'remission',
      'resolved',
    ]),
    verificationStatus: verification('condition-ver-status', [
      'unconfirmed',
      'provisional',
      'differential',
      'confirmed',
    ]),
  }),
  AllergyIntolerance: problem('An allergy', {
    clinicalStatus: clinical('allergyintolerance-clinical', ['active', 'inactive', 'resolved']),
    verificationStatus: verification('allergyintolerance-verification', ['unconfirmed', 'presumed', 'confirmed']),
  }),
  MedicationStatement: medication('A statement of medication', {
    stands: ['active', 'completed', 'intended', 'stopped', 'on-hold', 'unknown'],
    denies: ['entered-in-error', 'not-taken'],
  }),
  MedicationRequest: medication('A prescription', {
    stands: ['active', 'on-hold', 'completed', 'stopped', 'unknown'],
    denies: ['entered-in-error', 'cancelled', 'draft'],
  }),
  Medication: (drug) =>
    drug.status === 'entered-in-error'
      ? told('A medication of the summary was entered in error and does not count')
      : (notUnderstood(drug, 'A medication of the summary', mayContain) ??
        isR4(drug, { what: 'A medication', counts: false })),
}

function problem(what: string, statuses: Record<string, CodedStatus>): Judge {
  return (resource) => {
    const other = notUnderstood(resource, `${what} of the summary`, mayContain)
    if (other) return other
    for (const [name, status] of Object.entries(statuses)) {
      const found = statusFault(resource[name], status, what)
      if (found) return found
    }
    return absence(resource.code, what) ?? isR4(resource, { what, counts: what === 'A condition' })
  }
}

/** A status that is absent says nothing; one that is there must be understood, and must be one. */
function statusFault(concept: Json | undefined, status: CodedStatus, what: string): Obstacle | undefined {
  if (concept === undefined) return undefined
  const codes = new Set(codingsOf(concept).flatMap(({ system, code }) => (system === status.system ? [code] : [])))
  const [code] = codes
  if (codes.size !== 1 || typeof code !== 'string' || ![...status.stands, ...status.denies].includes(code))
    return blocks(`${what} of the summary has a status that is not understood, and does not count`)
  return status.denies.includes(code)
    ? told(`${what} of the summary is refuted or was entered in error, and does not count`)
    : undefined
}

function medication(what: string, status: Pick<CodedStatus, 'stands' | 'denies'>): Judge {
  return (resource) => {
    const other = notUnderstood(resource, `${what} of the summary`, mayContain)
    if (other) return other
    const code = String(resource.status)
    const isDenied = status.denies.includes(code) || resource.doNotPerform === true
    if (isDenied) return told(`${what} of the summary is denied or withdrawn, and does not count`)
    if (!status.stands.includes(code) || resource._doNotPerform !== undefined)
      return blocks(`${what} of the summary has a status that is not understood, and does not count`)
    return absence(resource.medicationCodeableConcept, what) ?? isR4(resource, { what, counts: false })
  }
}

/** Systems whose codes say that something is not there or not known (International Patient Summary, absent and unknown data). */
const ABSENT = [
  'http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips',
  'urn:oid:2.16.840.1.113883.5.1150.1',
  `${TERMINOLOGY}/data-absent-reason`,
  `${TERMINOLOGY}/v3-NullFlavor`,
]
/** Situations of SNOMED CT that say the same. */
const NOTHING_KNOWN = ['716186003', '409137002', '401179006', '787481004', '160245001']

/** That a resource stands for "none" or "not known": it is of its type by form alone. */
function absence(concept: Json | undefined, what: string): Obstacle | undefined {
  const codings = codingsOf(concept)
  const absent = codings.filter(
    ({ system, code }) =>
      ABSENT.includes(String(system)) || (system === 'http://snomed.info/sct' && NOTHING_KNOWN.includes(String(code))),
  )
  if (absent.length === 0) return undefined
  return absent.length === codings.length
    ? told(`${what} of the summary says that none is known, or nothing, and does not count`)
    : blocks(`${what} of the summary says both that there is one and that none is known, and does not count`)
}

/**
 * The structure of FHIR R4; single values that it would refuse are left out elsewhere. What a verdict counts on (vaccinations and
 * conditions) blocks where it is another, what is only carried along is told.
 */
function isR4(resource: JsonObject, { what, counts }: { what: string; counts: boolean }): Obstacle | undefined {
  const isBroken = checkResource(resource).some(({ severity, code }) => severity === 'error' && code !== 'value')
  const text = `${what} of the summary is not one of FHIR R4, and does not count`
  return isBroken ? { text, blocks: counts } : undefined
}

/** The codings of a CodeableConcept that are objects. */
export function codingsOf(concept: Json | undefined): JsonObject[] {
  const coding = isJsonObject(concept) ? concept.coding : undefined
  return objectsIn(coding)
}
