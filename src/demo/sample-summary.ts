import type { Json, JsonObject } from '../base/json-value.ts'
import { date } from './samples.ts'

const loinc = (code: string): JsonObject => ({ coding: [{ system: 'http://loinc.org', code }] })
const terminology = (system: string, code: string): JsonObject => ({
  coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code }],
})
const address = (at: number) => `urn:uuid:5ec1a1e0-0000-4000-8000-${String(at).padStart(12, '0')}`
const to = (at: number): JsonObject => ({ reference: address(at) })
const [SUMMARY, PATIENT, CUSTODIAN, VACCINATION, CONDITION, ALLERGY] = [0, 1, 2, 3, 4, 5] as const

/** A specimen International Patient Summary of an invented person: a vaccination, a problem, an allergy; what lies behind a health link. */
export function sampleSummary({ issuedAt }: { issuedAt: Date }): JsonObject {
  const given = date(issuedAt, -30)
  const resources: JsonObject[] = [
    composition(issuedAt),
    {
      resourceType: 'Patient',
      identifier: [{ value: 'X0000000' }],
      name: [{ family: 'Specimen', given: ['Ada'] }],
      gender: 'female',
      birthDate: '1985-03-14',
    },
    { resourceType: 'Organization', name: 'Specimen hospital' },
    {
      resourceType: 'Immunization',
      status: 'completed',
      vaccineCode: { coding: [{ system: 'http://id.who.int/icd11/mms', code: 'XM0N24' }] },
      patient: to(PATIENT),
      occurrenceDateTime: given,
      lotNumber: 'LOT-0000',
      performer: [{ actor: { display: 'Specimen vaccination centre' } }],
    },
    {
      resourceType: 'Condition',
      clinicalStatus: terminology('condition-clinical', 'active'),
      verificationStatus: terminology('condition-ver-status', 'confirmed'),
      code: { coding: [{ system: 'http://snomed.info/sct', code: '73211009' }], text: 'Diabetes mellitus' },
      subject: to(PATIENT),
    },
    {
      resourceType: 'AllergyIntolerance',
      clinicalStatus: terminology('allergyintolerance-clinical', 'active'),
      verificationStatus: terminology('allergyintolerance-verification', 'confirmed'),
      code: { text: 'Penicillin' },
      patient: to(PATIENT),
    },
  ]
  return {
    resourceType: 'Bundle',
    type: 'document',
    identifier: { system: 'urn:ietf:rfc:3986', value: 'urn:uuid:5ec1a1e0-0000-4000-8000-ffffffffffff' },
    timestamp: issuedAt.toISOString(),
    entry: resources.map((resource, at): JsonObject => ({ fullUrl: address(at), resource })),
  }
}

function composition(issuedAt: Date): JsonObject {
  const section = (title: string, code: string, entries: Json[]): JsonObject => ({
    title,
    code: loinc(code),
    entry: entries,
  })
  return {
    resourceType: 'Composition',
    id: address(SUMMARY).slice('urn:uuid:'.length),
    status: 'final',
    type: loinc('60591-5'),
    subject: to(PATIENT),
    date: issuedAt.toISOString(),
    author: [to(CUSTODIAN)],
    custodian: to(CUSTODIAN),
    title: 'Patient summary (specimen)',
    section: [
      section('Immunizations', '11369-6', [to(VACCINATION)]),
      section('Problems', '11450-4', [to(CONDITION)]),
      section('Allergies', '48765-2', [to(ALLERGY)]),
    ],
  }
}
