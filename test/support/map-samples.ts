import type { Json, JsonObject } from '../../src/base/json-value.ts'
import type { CertificateInput } from '../../src/credentials/credential-format.ts'
import { credentialFormats } from '../../src/credentials/credentials.ts'
import { mapContent } from '../../src/evaluate/map/map-content.ts'
import type { Mapped } from '../../src/evaluate/map/mapped.ts'
import type { Bundle } from '../../src/fhir/types.ts'
import { ownMapping } from './own-mapping.ts'

/** What the maps of a kind of certificate get of content. */
export function inputOf(format: string, content: Json): CertificateInput {
  const [input] = credentialFormats.flatMap(({ kinds }) => kinds[format]?.input ?? [])
  if (!input) throw new TypeError(`no maps are known for ${format}`)
  return input(content)
}

/** What the default maps of a kind of certificate make of content. */
export function mapByDefault(format: string, content: Json): Promise<Mapped> {
  return mapContent([inputOf(format, content)], [], ownMapping())
}

/** Codes of the obstacles, with the elements that they name. */
export const codes = ({ obstacles }: Mapped) =>
  obstacles.map(({ code, expression }) => [code, ...(expression ?? [])].join(' '))
/** Texts of the obstacles. */
export const texts = ({ obstacles }: Mapped) => obstacles.map(({ details }) => details?.text ?? '').join('\n')
/** Resources of one type. */
export const resources = (bundle: Bundle | undefined, type: string) =>
  (bundle?.entry ?? []).flatMap(({ resource }) =>
    resource?.resourceType === type ? [resource as unknown as JsonObject] : [],
  )

/** Entry of `v` of an EU DCC. */
export const vaccination = {
  tg: '840539006',
  vp: '1119349007',
  mp: 'EU/1/20/1528',
  ma: 'ORG-100030215',
  dn: 2,
  sd: 2,
  dt: '2026-01-15',
  co: 'IE',
  is: 'Authority',
  ci: 'URN:UVCI:01:IE:1',
}
/** Entry of `t`. */
export const testEvent = {
  tg: '840539006',
  tt: 'LP6464-4',
  sc: '2026-05-30T10:12:22Z',
  tr: '260415000',
  tc: 'Centre',
  co: 'IE',
  is: 'Authority',
  ci: 'URN:UVCI:01:IE:2',
}
/** Entry of `r`. */
export const recovery = {
  tg: '840539006',
  fr: '2026-03-01',
  df: '2026-03-12',
  du: '2026-08-28',
  co: 'IE',
  is: 'Authority',
  ci: 'URN:UVCI:01:IE:3',
}
/** Members of an EU DCC that say who. */
export const person = { nam: { fn: 'Beispiel', gn: 'Aoife' }, dob: '1984-02-29' }
/** Claims of an EU DCC. */
export const dcc = (members: JsonObject): JsonObject => ({
  '1': 'IE',
  '4': 1_798_761_600,
  '6': 1_767_225_600,
  '-260': { '1': { ver: '1.3.0', ...person, ...members } },
})
/** An object without some of its members. */
export const without = (object: JsonObject, ...names: string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))

/** Payload of a SMART Health Card with these resources. */
export const card = (...given: JsonObject[]): JsonObject => ({
  iss: 'https://example.org/issuer',
  nbf: 1_767_225_600,
  vc: {
    type: ['https://smarthealth.cards#health-card'],
    credentialSubject: {
      fhirVersion: '4.0.1',
      fhirBundle: {
        resourceType: 'Bundle',
        type: 'collection',
        entry: given.map((resource, index) => ({ fullUrl: `resource:${index}`, resource })),
      },
    },
  },
})
/** Patient of a card. */
export const cardPatient = (members: JsonObject = {}): JsonObject => ({
  resourceType: 'Patient',
  name: [{ family: 'Beispiel', given: ['Aoife'] }],
  birthDate: '1984-02-29',
  ...members,
})
/** Immunization of a card. */
export const cardDose = (members: JsonObject = {}): JsonObject => ({
  resourceType: 'Immunization',
  status: 'completed',
  vaccineCode: { coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code: '207' }] },
  patient: { reference: 'resource:0' },
  occurrenceDateTime: '2026-01-01',
  ...members,
})
/** Observation of a card. */
export const cardResult = (members: JsonObject = {}): JsonObject => ({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '94558-4' }] },
  subject: { reference: 'resource:0' },
  effectiveDateTime: '2026-05-30T10:00:00Z',
  valueCodeableConcept: { coding: [{ system: 'http://snomed.info/sct', code: '260415000' }] },
  ...members,
})
/** Visible digital seal with that message. */
export const seal = (message: JsonObject): JsonObject => ({
  data: {
    hdr: { t: 'icao.vacc', v: 1, is: 'UTO' },
    msg: { pid: { n: 'Aoife Beispiel', dob: '1984-02-29' }, ...message },
  },
  sig: {},
})
/** Dose of a seal. */
export const sealDose = { dvc: '2026-01-01', seq: 1, ctr: 'UTO', adm: 'Harbour', lot: 'A1' }
/** Flat certificate of the first DDCC candidate. */
export const flat = {
  name: 'Aoife Beispiel',
  birthDate: '1984-02-29',
  vaccine: { system: 'http://snomed.info/sct', code: '1119349007' },
  date: '2026-01-15',
  dose: 1,
}
/** Claim -6. */
export const claim6 = { n: 'Aoife Beispiel', dob: '1984-02-29', v: [{ vp: 'XM0GQ8', dt: '2026-01-15', dn: 1 }] }
/** DIVOC document with that evidence. */
export const divoc = (evidence: JsonObject): JsonObject => ({
  credentialSubject: { name: 'Aoife Beispiel', dob: '1984-02-29' },
  issuer: 'https://example.org/',
  issuanceDate: '2026-01-15T07:21:39Z',
  evidence: [evidence],
})
/** Evidence of a vaccination. */
export const divocDose = { vaccine: 'COVISHIELD', date: '2026-01-15', dose: 1, totalDoses: 2 }
