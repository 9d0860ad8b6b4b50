/**
 * What the members of a DIVOC certificate are called as statements: the tables of the known kinds of document. They say what the
 * contexts in json-ld/contexts say; tests compare the two.
 */

/** One part of a document. */
export interface Shape {
  /** Its types, by name; a part without has none. */
  types: readonly (readonly [name: string, iri: string])[]
  /** Whether it may have an address of its own, under `id`. */
  hasAddress: boolean
  members: ReadonlyMap<string, Member>
}

/** One member: the property, and what stands there. */
export interface Member {
  property: string
  /** A text or whole number; a text of that datatype; an address; one part; a list of parts. */
  value: 'literal' | { datatype: string } | 'address' | { one: Shape } | { many: Shape }
}

const SCHEMA = 'https://schema.org/'
const CREDENTIALS = 'https://www.w3.org/2018/credentials#'
/** Datatype of dates with a time (XML Schema). */
export const DATE_TIME = 'http://www.w3.org/2001/XMLSchema#dateTime'

type Members = [name: string, member: Member][]

const literals = (properties: Record<string, string>): Members =>
  Object.entries(properties).map(([name, property]) => [name, { property, value: 'literal' }])

/** Names whose property is of schema.org. */
const schema = (properties: Record<string, string>): Members =>
  literals(Object.fromEntries(Object.entries(properties).map(([name, local]) => [name, SCHEMA + local])))

function part(members: Members, more: Partial<Omit<Shape, 'members'>> = {}): Shape {
  return { types: [], hasAddress: false, ...more, members: new Map(members) }
}

// The contexts write `vac:` before these names. It is no prefix there (JSON-LD 1.1, 4.1.5: it ends in none of `:/?#[]@`), so
// that the names are addresses as they stand.
const address = part([
  ...schema({ streetAddress: 'streetAddress', addressRegion: 'addressRegion', postalCode: 'postalCode' }),
  ...schema({ addressCountry: 'addressCountry' }),
  ...literals({ streetAddress2: 'vac:addressLine2', city: 'vac:city', district: 'vac:district' }),
])
const postalAddress: Members = [['address', { property: `${SCHEMA}PostalAddress`, value: { one: address } }]]
const verifier = part(schema({ id: 'id', name: 'name', 'sign-image': 'image' }))
const facility = part([...schema({ name: 'name', 'seal-image': 'image' }), ...postalAddress], { hasAddress: true })
const circumstances: Members = [
  ['verifier', { property: 'vac:verifier', value: { one: verifier } }],
  ['facility', { property: 'vac:Facility', value: { one: facility } }],
]

const person = (properties: Record<string, string>): Shape =>
  part([...schema(properties), ...postalAddress], { types: [['Person', `${SCHEMA}Person`]], hasAddress: true })
const event = (type: string, properties: Record<string, string>): Shape =>
  part([...schema(properties), ...circumstances], { types: [[type, `vac:${type}`]], hasAddress: true })

function credential(proofOf: readonly [name: string, iri: string], subject: Shape, evidence: Shape): Shape {
  const dateTime = { datatype: DATE_TIME }
  return part(
    [
      ['credentialSubject', { property: `${CREDENTIALS}credentialSubject`, value: { one: subject } }],
      ['evidence', { property: `${CREDENTIALS}evidence`, value: { many: evidence } }],
      ['issuer', { property: `${CREDENTIALS}issuer`, value: 'address' }],
      ['issuanceDate', { property: `${CREDENTIALS}issuanceDate`, value: dateTime }],
      ['expirationDate', { property: `${CREDENTIALS}expirationDate`, value: dateTime }],
      ...literals({ nonTransferable: 'vac:nonTransferable' }),
    ],
    { types: [['VerifiableCredential', `${CREDENTIALS}VerifiableCredential`], proofOf], hasAddress: true },
  )
}

const whose = { refId: 'id', uhid: 'id', name: 'name', gender: 'gender', nationality: 'nationality' }
const certificate = { certificateId: 'id', feedbackUrl: 'url', infoUrl: 'url', batch: 'id', manufacturer: 'id' }
const dose = { vaccine: 'id', date: 'date', effectiveStart: 'date', effectiveUntil: 'date' }
const doses = { dose: 'doseValue', totalDoses: 'doseValue' }
const test = { testType: 'id', testName: 'name', disease: 'id', sampleOrigin: 'id', result: 'id' }
const times = { sampleCollectionTimestamp: 'dateTime', resultTimestamp: 'dateTime', expiry: 'dateTime' }
const vaccinated = ['ProofOfVaccinationCredential', `${SCHEMA}ProofOfVaccinationCredential`] as const
const tested = ['ProofOfTestCertificateCredential', `${SCHEMA}ProofOfTestCredential`] as const

const vaccinationV1 = credential(
  vaccinated,
  person({ ...whose, age: 'Number' }),
  event('Vaccination', { ...certificate, ...dose, ...doses }),
)
const vaccinationV2 = credential(
  vaccinated,
  person({ ...whose, age: 'Number', dob: 'date' }),
  event('Vaccination', { ...certificate, ...dose, ...doses, icd11Code: 'id', prophylaxis: 'name' }),
)
const testV1 = credential(
  tested,
  person({ ...whose, dob: 'date' }),
  event('TestDetails', { ...certificate, ...test, ...times }),
)

/** The known kinds of document, by the context that follows that of the Verifiable Credentials Data Model. */
export const shapes: ReadonlyMap<string, Shape> = new Map([
  ['https://cowin.gov.in/credentials/vaccination/v1', vaccinationV1],
  ['https://cowin.gov.in/credentials/vaccination/v2', vaccinationV2],
  ['https://divoc.prod/vaccine/credentials/vaccination/v1', vaccinationV2],
  ['https://divoc.lgcc.gov.lk/credentials/vaccination/v1', vaccinationV2],
  ['https://www.pedulilindungi.id/credentials/vaccination/v2', vaccinationV2],
  ['https://cowin.gov.in/credentials/testCertificate/v1', testV1],
  ['https://cvstatus.icmr.gov.in/credentials/testCertificate/v1', testV1],
])
