/** One vaccination, one test and one recovery, described once (events.json), as the content of every format. */
import { readFileSync } from 'node:fs'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import type { CborInput } from '../../../src/demo/cbor-encode.ts'
import { hcertClaims } from '../../../src/demo/issue-hcert.ts'

const events = JSON.parse(readFileSync(new URL('events.json', import.meta.url), 'utf8'))
/** What happened, to whom, and who says so. */
export const { person, certificate, vaccination, test, recovery } = events

const seconds = (time: string) => Date.parse(time) / 1000
const icd11 = (code: string) => ({ system: 'http://id.who.int/icd11/mms', code })
const snomed = (code: string) => ({ system: 'http://snomed.info/sct', code })
/** Address of those issuers who have one in place of a name. */
export const issuerAddress = 'https://issuer.example/cards'
const { country } = vaccination

/** An HCERT around a kind of certificate. */
export const hcert = (key: number, value: object): CborInput =>
  hcertClaims({
    issuer: country.alpha2,
    issuedAt: seconds(certificate.start),
    expires: seconds(certificate.end),
    certificate: [key, value as CborInput],
  })

const dccCommon = { co: country.alpha2, is: certificate.issuer, ci: certificate.id, tg: '840539006' }
const nam = { fn: person.family, gn: person.given.join(' '), fnt: 'SPECIMEN', gnt: 'ADA<MARIA' }
const dcc = (members: object) => hcert(1, { ver: '1.3.0', nam, dob: person.birthDate, ...members })
const { product } = vaccination

/** EU DCC. */
export const dccVaccination = dcc({
  v: [
    {
      ...dccCommon,
      vp: vaccination.platform,
      mp: product.eu,
      ma: vaccination.holder,
      dn: vaccination.dose,
      sd: vaccination.totalDoses,
      dt: vaccination.date,
    },
  ],
})
export const dccTest = dcc({
  t: [
    { ...dccCommon, tt: 'LP6464-4', nm: test.name, ma: test.device, sc: test.date, tr: '260415000', tc: test.centre },
  ],
})
export const dccRecovery = dcc({
  r: [{ ...dccCommon, fr: recovery.date, df: recovery.validFrom, du: recovery.validUntil }],
})

const holder = {
  name: person.name,
  birthDate: person.birthDate,
  sex: person.sex,
  identifier: { value: person.document },
}
const coreCertificate = {
  hcid: { value: certificate.id },
  issuer: { display: certificate.issuer },
  version: 'RC2',
  period: { start: certificate.start, end: certificate.end },
}
const coreTest = {
  pathogen: icd11(test.pathogen),
  type: icd11(test.type),
  brand: { display: test.name },
  manufacturer: { system: 'https://covid-19-diagnostics.jrc.ec.europa.eu/devices', code: test.device },
  origin: icd11(test.origin),
  date: test.date,
  result: icd11(test.result),
  country: { system: 'urn:iso:std:iso:3166', code: country.alpha3 },
}
const coreVaccination = {
  vaccine: icd11(vaccination.vaccine),
  brand: icd11(product.icd11),
  manufacturer: { display: vaccination.manufacturer },
  lot: vaccination.lot,
  date: vaccination.date,
  dose: vaccination.dose,
  country: { system: 'urn:iso:std:iso:3166', code: country.alpha3 },
  centre: vaccination.centre,
  disease: icd11(vaccination.disease),
}
const maholder = { system: 'https://spor.ema.europa.eu/v1/organisations', code: vaccination.holder }

/** DDCC core data sets (claims 3 and 4): the reference, for they say everything. */
export const ddccVaccination = hcert(3, {
  ...holder,
  certificate: coreCertificate,
  vaccination: {
    ...coreVaccination,
    maholder,
    totalDoses: vaccination.totalDoses,
    validFrom: vaccination.validFrom,
    nextDose: vaccination.nextDose,
    practitionerName: vaccination.practitioner,
  },
})
export const ddccTest = hcert(4, {
  ...holder,
  certificate: coreCertificate,
  test: { ...coreTest, centre: { display: test.centre } },
})

const flatCommon = {
  name: person.name,
  birthDate: person.birthDate,
  sex: { system: 'http://hl7.org/fhir/administrative-gender', code: person.sex },
  identifier: person.document,
  hcid: certificate.id,
  version: 'RC1',
  pha: certificate.issuer,
  valid_from: certificate.start.slice(0, 10),
  valid_until: certificate.end.slice(0, 10),
}
/** First DDCC candidate. */
export const flatVaccination: CborInput = {
  ...flatCommon,
  ...coreVaccination,
  ma_holder: maholder,
  total_doses: vaccination.totalDoses,
  vaccine_valid: vaccination.validFrom,
  due_date: vaccination.nextDose,
}
export const flatTest: CborInput = { ...flatCommon, test: { ...coreTest, centre: test.centre } }

/** Claim -6, digital vaccination certificate. */
export const dvcVaccination = hcert(-6, {
  n: person.name,
  dob: person.birthDate,
  s: person.sex,
  nid: person.document,
  v: {
    dn: String(vaccination.dose),
    tg: vaccination.disease,
    vp: vaccination.vaccine,
    mp: product.name,
    ma: vaccination.manufacturer,
    dt: vaccination.date,
    bo: vaccination.lot,
    vls: vaccination.validFrom,
    cn: vaccination.practitioner,
    is: certificate.issuer,
  },
})

const cardPatient: JsonObject = {
  resourceType: 'Patient',
  name: [{ family: person.family, given: person.given }],
  birthDate: person.birthDate,
}
const patient: JsonObject = {
  ...cardPatient,
  gender: person.sex,
  identifier: [{ value: person.document }],
}
const immunization = (to: string): JsonObject => ({
  resourceType: 'Immunization',
  status: 'completed',
  vaccineCode: { coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code: product.cvx }] },
  patient: { reference: to },
  occurrenceDateTime: vaccination.date,
  lotNumber: vaccination.lot,
  performer: [{ actor: { display: vaccination.centre } }],
})

/** Payload of a SMART Health Card, in the minimal profiles of the framework. */
const card = (resource: JsonObject): JsonObject => ({
  iss: issuerAddress,
  nbf: seconds(certificate.start),
  exp: seconds(certificate.end),
  vc: {
    type: ['https://smarthealth.cards#health-card'],
    credentialSubject: {
      fhirVersion: '4.0.1',
      fhirBundle: {
        resourceType: 'Bundle',
        type: 'collection',
        entry: [
          { fullUrl: 'resource:0', resource: cardPatient },
          { fullUrl: 'resource:1', resource },
        ],
      },
    },
  },
})
export const cardVaccination = card(immunization('resource:0'))
export const cardTest = card({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '94500-6' }] },
  subject: { reference: 'resource:0' },
  effectiveDateTime: test.date,
  performer: [{ display: test.centre }],
  valueCodeableConcept: { coding: [snomed('260415000')] },
})

/** International Patient Summary, in which an Immunization is whole. */
export const summary: JsonObject = {
  resourceType: 'Bundle',
  type: 'document',
  identifier: { value: certificate.id },
  entry: [
    {
      resourceType: 'Composition',
      status: 'final',
      type: { coding: [{ system: 'http://loinc.org', code: '60591-5' }] },
      subject: { reference: 'urn:uuid:1' },
      date: certificate.start,
      author: [{ display: certificate.issuer }],
      title: 'Patient summary',
    },
    patient,
    {
      ...immunization('urn:uuid:1'),
      vaccineCode: {
        coding: [
          { system: 'http://hl7.org/fhir/sid/cvx', code: product.cvx },
          { system: 'http://id.who.int/icd/release/11/mms', code: product.icd11 },
        ],
      },
      manufacturer: { display: vaccination.manufacturer },
      location: { display: vaccination.centre },
      performer: [{ actor: { display: vaccination.practitioner } }],
      protocolApplied: [
        {
          targetDisease: [{ coding: [{ system: 'http://id.who.int/icd/release/11/mms', code: vaccination.disease }] }],
          doseNumberPositiveInt: vaccination.dose,
          seriesDosesPositiveInt: vaccination.totalDoses,
        },
      ],
    },
  ].map((resource, at): Json => ({ fullUrl: `urn:uuid:${at}`, resource })),
}

/** DIVOC document without proof. */
const divoc = (kind: { context: string; proofOf: string }, evidence: JsonObject): JsonObject => ({
  '@context': ['https://www.w3.org/2018/credentials/v1', kind.context],
  type: ['VerifiableCredential', kind.proofOf],
  credentialSubject: {
    type: 'Person',
    id: `did:Passport:${person.document}`,
    refId: '12345',
    name: person.name,
    gender: 'Female',
    dob: person.birthDate,
  },
  issuer: issuerAddress,
  issuanceDate: certificate.start,
  expirationDate: certificate.end,
  evidence: [
    {
      id: `${issuerAddress}/1`,
      certificateId: certificate.id,
      facility: {
        name: 'centre' in evidence ? (evidence.centre ?? null) : '',
        address: { addressCountry: country.alpha2 },
      },
      ...Object.fromEntries(Object.entries(evidence).filter(([name]) => name !== 'centre')),
    },
  ],
})
export const divocVaccination = divoc(
  { context: 'https://cowin.gov.in/credentials/vaccination/v2', proofOf: 'ProofOfVaccinationCredential' },
  {
    type: ['Vaccination'],
    vaccine: product.name,
    icd11Code: product.icd11,
    manufacturer: vaccination.manufacturer,
    batch: vaccination.lot,
    date: vaccination.date,
    effectiveStart: vaccination.date,
    effectiveUntil: vaccination.nextDose,
    dose: vaccination.dose,
    totalDoses: vaccination.totalDoses,
    verifier: { name: vaccination.practitioner },
    centre: vaccination.centre,
  },
)
export const divocTest = divoc(
  { context: 'https://cowin.gov.in/credentials/testCertificate/v1', proofOf: 'ProofOfTestCertificateCredential' },
  {
    type: ['TestDetails'],
    testType: 'RT-PCR',
    testName: test.name,
    manufacturer: test.maker,
    disease: 'COVID-19',
    sampleOrigin: 'Nasopharyngeal swab',
    sampleCollectionTimestamp: test.date,
    resultTimestamp: certificate.start,
    result: 'Negative',
    centre: test.centre,
  },
)

const pid = { n: 'SPECIMEN  ADA MARIA', dob: person.birthDate, sex: 'F', i: person.document }
/** Data of an ICAO seal. */
export const sealVaccination: JsonObject = {
  hdr: { t: 'icao.vacc', v: 1, is: country.alpha3 },
  msg: {
    uvci: certificate.id,
    pid,
    ve: [
      {
        des: vaccination.vaccine,
        nam: product.name,
        dis: vaccination.disease,
        vd: [
          {
            dvc: vaccination.date,
            seq: vaccination.dose,
            ctr: country.alpha3,
            adm: vaccination.centre,
            lot: vaccination.lot,
            dvn: vaccination.nextDose,
          },
        ],
      },
    ],
  },
}
export const sealTest: JsonObject = {
  hdr: { t: 'icao.test', v: 1, is: country.alpha3 },
  msg: {
    utci: certificate.id,
    pid,
    sp: { spn: test.centre, ctr: country.alpha3, cd: { p: '1', e: 'specimen@example.org', a: 'Specimen' } },
    dat: { sc: test.date, ri: certificate.start },
    tr: { tc: 'molecular(PCR)', r: 'negative', m: 'nasopharyngeal' },
  },
}
