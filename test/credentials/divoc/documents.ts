import fc from 'fast-check'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { sampleDivoc } from '../../../src/demo/issue-divoc.ts'

/** Addresses of the DIVOC contexts, by what they are about. */
export const vaccinationV1 = 'https://cowin.gov.in/credentials/vaccination/v1'
export const vaccinationV2 = 'https://cowin.gov.in/credentials/vaccination/v2'
export const testV1 = 'https://cowin.gov.in/credentials/testCertificate/v1'
export const base = 'https://www.w3.org/2018/credentials/v1'

/** The certificate of a vaccination, issued on 2022-01-01. */
export const vaccination = (): JsonObject =>
  sampleDivoc({ issuer: 'https://issuer.example', issuedAt: new Date('2022-01-01T00:00:00Z') })

/** The certificate of a test result. */
export function testResult(): JsonObject {
  const { dob, name, ...person } = Object(vaccination().credentialSubject)
  return {
    ...vaccination(),
    '@context': [base, testV1],
    type: ['VerifiableCredential', 'ProofOfTestCertificateCredential'],
    credentialSubject: { ...person, name, dob },
    evidence: [
      {
        id: 'https://issuer.example/test/1',
        certificateId: 'SPECIMEN-2',
        type: ['TestDetails'],
        testType: 'Nucleic acid amplification with probe detection',
        testName: 'Specimen PCR',
        disease: 'COVID-19',
        sampleOrigin: 'Nasopharyngeal swab',
        sampleCollectionTimestamp: '2021-12-30T09:00:00Z',
        resultTimestamp: '2021-12-30T18:00:00Z',
        result: 'Negative',
        verifier: { name: 'Specimen laboratory' },
        facility: { name: 'Specimen test centre', address: { addressCountry: 'XA' } },
      },
    ],
  }
}

/** A vaccination under the older context, which has fewer members. */
export function vaccinationOfV1(): JsonObject {
  const document = vaccination()
  const { dob: _, ...person } = Object(document.credentialSubject)
  const [{ icd11Code: _1, prophylaxis: _2, ...event }] = Object(document.evidence)
  return { ...document, '@context': [base, vaccinationV1], credentialSubject: person, evidence: [event] }
}

const names = fc.constantFrom(
  ...[
    'id',
    'type',
    'name',
    'dob',
    'age',
    'refId',
    'uhid',
    'sex',
    'address',
    'city',
    'district',
    'postalCode',
    'issuer',
  ],
  ...[
    'evidence',
    'credentialSubject',
    'issuanceDate',
    'expirationDate',
    'validFrom',
    'nonTransferable',
    'proof',
    'holder',
  ],
  ...[
    'dose',
    'totalDoses',
    'date',
    'batch',
    'vaccine',
    'icd11Code',
    'verifier',
    'facility',
    'sign-image',
    'seal-image',
  ],
  ...[
    'result',
    'testName',
    'disease',
    'expiry',
    'schema:name',
    'vac:city',
    'https://schema.org/name',
    'meta',
    'Person',
  ],
  ...['__proto__', 'constructor', 'credentialStatus', 'termsOfUse', 'xsd', 'schema', ''],
)
const addresses = fc.constantFrom(
  ...[
    '',
    'x',
    'did:a',
    'did:specimen:1',
    'urn:x',
    'https://issuer.example',
    'https://issuer.example/vaccine/1',
    '_:b0',
  ],
  ...['http://a b', 'https://a/é', 'schema:x', 'vac:x', 'cred:x', 'https://a/<b>', '//a', 'a:b', 'did:', 'https://a/"'],
)
const types = fc.constantFrom(
  ...['Person', 'Vaccination', 'TestDetails', 'VerifiableCredential', 'ProofOfVaccinationCredential', 'Unknown'],
  ...['schema:Person', 'https://schema.org/Person', 'RsaSignature2018', 'VerifiablePresentation', ''],
)
const texts = fc.oneof(
  fc.constantFrom(
    '',
    '-',
    'true',
    '2021-01-01',
    'a"b\\c',
    'é',
    '\u0000',
    '\n',
    '\ud800',
    '\u{1f600}',
    '\u007f',
    '\u2028',
  ),
  fc.string({ maxLength: 6, unit: 'binary' }),
)
const numbers = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -0, 1e21, 2 ** 53, 1.5, -7))
const values: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { weight: 3, arbitrary: texts },
    { weight: 2, arbitrary: addresses },
    { weight: 2, arbitrary: types },
    { weight: 2, arbitrary: numbers.filter(Number.isFinite) },
    { weight: 1, arbitrary: fc.constantFrom<Json>(null, true, false, [], {}) },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.dictionary(names, tie('value'), { maxKeys: 3 }) },
  ),
})).value

type Mutation = (document: JsonObject) => void

/** One place of a document: the object or list that holds it, and under which name. */
function placesOf(json: Json, into: [holder: JsonObject, name: string][] = []): [JsonObject, string][] {
  if (typeof json !== 'object' || json === null) return into
  for (const [name, value] of Object.entries(json)) {
    into.push([json as JsonObject, name])
    placesOf(value, into)
  }
  return into
}

const at = (document: JsonObject, choice: number): [JsonObject, string] => {
  const places = placesOf(document)
  return places[choice % places.length] ?? [document, 'type']
}

const mutations: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(fc.nat(), values).map(
    ([choice, value]): Mutation =>
      (document) => {
        const [holder, name] = at(document, choice)
        holder[name] = value
      },
  ),
  fc.nat().map(
    (choice): Mutation =>
      (document) => {
        const [holder, name] = at(document, choice)
        Reflect.deleteProperty(holder, name)
      },
  ),
  fc.tuple(fc.nat(), names, values).map(
    ([choice, name, value]): Mutation =>
      (document) => {
        const [holder] = at(document, choice)
        Object.defineProperty(holder, name, { value, enumerable: true, writable: true, configurable: true })
      },
  ),
  fc.tuple(fc.nat(), fc.nat()).map(
    ([from, to]): Mutation =>
      (document) => {
        const [source, name] = at(document, from)
        const [target, other] = at(document, to)
        target[other] = structuredClone(source[name] ?? null)
      },
  ),
  fc.nat().map(
    (choice): Mutation =>
      (document) => {
        const [holder, name] = at(document, choice)
        holder[name] = [holder[name] ?? null, structuredClone(holder[name] ?? null)]
      },
  ),
)

/** Certificates of every known kind, each changed in up to four places. */
export const documents: fc.Arbitrary<JsonObject> = fc
  .tuple(fc.constantFrom(vaccination, vaccinationOfV1, testResult), fc.array(mutations, { maxLength: 4 }))
  .map(([make, changes]) => {
    const document = make()
    for (const change of changes) change(document)
    // As it comes: what JSON has not is gone.
    return JSON.parse(JSON.stringify(document))
  })
