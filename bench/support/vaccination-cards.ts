/** Bundles, core data sets and CQL of the benchmarks' own: what a rule finds after a vaccination card has been mapped. */
import type { JsonObject } from '../../src/base/json-value.ts'
import type { Bundle, Library } from '../../src/fhir/types.ts'
import { createRules, type Rules } from '../../src/rules/rules.ts'

const icd11 = 'http://id.who.int/icd11/mms'

/** Two kilobytes, as a card with every element has. */
export const coreDataSet = (at: number): JsonObject => ({
  resourceType: 'DDCCCoreDataSetVS',
  name: 'Ada Maria Specimen',
  birthDate: '1985-03-14',
  sex: 'female',
  identifier: { system: 'http://example.org/passport', value: 'X0000000' },
  certificate: {
    hcid: { value: `URN:UVCI:01:IE:SPECIMEN:${at}` },
    issuer: { display: 'Ministry of Health (specimen)'.padEnd(600, '.') },
    version: '1.3.0',
    period: { start: '2026-05-01T00:00:00Z', end: '2027-05-01T00:00:00Z' },
  },
  vaccination: {
    disease: { system: icd11, code: 'RA01', display: 'COVID-19' },
    vaccine: { system: icd11, code: 'XM0GQ8', display: 'COVID-19 vaccine, RNA based' },
    brand: { system: 'https://ec.europa.eu/health/documents/community-register/html/', code: 'EU/1/20/1528' },
    manufacturer: { display: 'BioNTech Manufacturing GmbH' },
    maholder: { system: 'https://spor.ema.europa.eu/v1/organisations', code: 'ORG-100030215' },
    lot: 'LOT-0000',
    date: '2026-03-01',
    dose: 2,
    totalDoses: 2,
    country: { system: 'urn:iso:std:iso:3166', code: 'IRL' },
    centre: 'Specimen vaccination centre'.padEnd(400, '.'),
    practitionerName: 'Dr Specimen',
  },
})

/** One person's card of so many vaccinations. */
export function vaccinationBundle(vaccinations: number): Bundle {
  const immunizations = Array.from({ length: vaccinations }, (_, at) => ({
    resourceType: 'Immunization' as const,
    id: `immunization-${at}`,
    status: 'completed' as const,
    vaccineCode: { coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code: '208' }] },
    patient: { reference: 'Patient/holder' },
    occurrenceDateTime: `2021-0${1 + (at % 9)}-12`,
    manufacturer: { display: 'A manufacturer' },
    lotNumber: `LOT-${at}`,
    protocolApplied: [{ doseNumberPositiveInt: 2, seriesDosesPositiveInt: 2, targetDisease: [{ text: 'COVID-19' }] }],
  }))
  const subject = { reference: 'Patient/holder' }
  const author = [{ reference: 'Organization/ministry' }]
  const about = { date: '2021-07-01', title: 'Card', type: { text: 'Card' }, author, subject }
  const resources = [
    { resourceType: 'Composition', id: 'card', status: 'final', ...about },
    { resourceType: 'Patient', id: 'holder', name: [{ text: 'Ada Specimen' }], birthDate: '1985-03-14' },
    { resourceType: 'Organization', id: 'ministry', name: 'Ministry of Health (specimen)' },
    ...immunizations,
  ]
  return { resourceType: 'Bundle', type: 'collection', entry: resources.map((resource) => ({ resource })) }
}

/** A library of CQL text. */
export const libraryOf = (name: string, text: string): Library => ({
  resourceType: 'Library',
  url: `http://example.org/Library/${name}`,
  version: '1',
  status: 'active',
  type: {},
  content: [{ contentType: 'text/cql', data: Buffer.from(text).toString('base64') }],
})

/** Seven defines that lean on each other: doses, series and products. */
export const sevenDefines = `library Seven version '1'
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1' called FHIRHelpers
context Patient
define "Is Protected": exists "Last Doses" or exists "Only Doses" or "Twice Of First" or "Twice Of Second"
define "Last Doses": [Immunization] I
  where exists I.protocolApplied and I.protocolApplied.doseNumber.value = I.protocolApplied.seriesDoses.value
define "Only Doses": [Immunization] I
  where exists I.protocolApplied and exists I.protocolApplied.doseNumber.value
    and not exists I.protocolApplied.seriesDoses.value
define "Twice Of First": Count("Of First") > 1
define "Twice Of Second": Count("Of Second") > 1
define "Of First": [Immunization] I where I.vaccineCode.coding.code.value contains '207'
define "Of Second": [Immunization] I where I.vaccineCode.coding.code.value contains '208'`

/** Two defines. */
export const twoDefines = `library Two version '1'
using FHIR version '4.0.1'
context Patient
define "Is Complete": exists "Complete"
define "Complete": [Immunization] I where I.protocolApplied.doseNumber.value = I.protocolApplied.seriesDoses.value`

/** Rules over these libraries alone, with what is made of them kept in memory, as a store keeps it. */
export function rulesOver(libraries: Library[]): Rules {
  const derived = new Map<string, string>()
  return createRules({
    findLibraries: async (url) => libraries.filter((each) => each.url === url),
    listLibraries: async () => libraries,
    revision: () => 1,
    membership: async () => () => false,
    expand: async () => [],
    derived: {
      get: async (_kind, key) => derived.get(key),
      set: async (_kind, key, value) => void derived.set(key, value),
    },
  })
}
