import type { CborInput } from './cbor-encode.ts'
import { type HcertClaims, hcertClaims } from './issue-hcert.ts'

/**
 * Specimen certificates of every kind of HCERT, for the demonstration and for tests. The person is invented; dates are
 * reckoned from `issuedAt`.
 */

/** Kinds of specimen. */
export type SampleKind =
  | 'dcc-v'
  | 'dcc-t'
  | 'dcc-r'
  | 'ddcc-vs'
  | 'ddcc-tr'
  | 'dvc'
  | 'icvp'
  | 'icvp-polio'
  | 'link'
  | 'flat'
/** Every kind of specimen, in the order in which a certificate that holds several is named. */
export const sampleKinds: SampleKind[] = [
  'dcc-v',
  'dcc-t',
  'dcc-r',
  'ddcc-vs',
  'ddcc-tr',
  'link',
  'dvc',
  'icvp',
  'icvp-polio',
  'flat',
]

/** Times and issuer of a specimen. */
export interface SampleOptions {
  /** Claim 1, alpha-2. */
  issuer: string
  issuedAt: Date
  expires: Date
}

const DAY_MILLISECONDS = 86_400_000
/** A day so many days after another, as a FHIR date in UTC. */
export const date = (from: Date, days: number): string =>
  new Date(from.getTime() + days * DAY_MILLISECONDS).toISOString().slice(0, 10)
const snomed = (code: string) => ({ system: 'http://snomed.info/sct', code })

const names = { fn: 'Specimen', fnt: 'SPECIMEN', gn: 'Ada', gnt: 'ADA' }
const dcc = (entry: CborInput) => ({ ver: '1.3.0', nam: names, dob: '1985-03-14', ...(entry as object) })
const certificateId = (issuer: string, kind: string) => `URN:UVCI:01:${issuer}:SPECIMEN${kind}`

const makers: Record<Exclude<SampleKind, 'flat'>, (options: SampleOptions) => HcertClaims['certificate']> = {
  'dcc-v': ({ issuer, issuedAt }) => [
    1,
    dcc({
      v: [
        {
          tg: '840539006',
          vp: '1119349007',
          mp: 'EU/1/20/1528',
          ma: 'ORG-100030215',
          dn: 2,
          sd: 2,
          dt: date(issuedAt, -30),
          co: issuer,
          is: 'Ministry of Health (specimen)',
          ci: certificateId(issuer, 'V'),
        },
      ],
    }),
  ],
  'dcc-t': ({ issuer, issuedAt }) => [
    1,
    dcc({
      t: [
        {
          tg: '840539006',
          tt: 'LP6464-4',
          nm: 'Specimen PCR',
          sc: `${date(issuedAt, -1)}T09:00:00Z`,
          tr: '260415000',
          tc: 'Specimen test centre',
          co: issuer,
          is: 'Ministry of Health (specimen)',
          ci: certificateId(issuer, 'T'),
        },
      ],
    }),
  ],
  'dcc-r': ({ issuer, issuedAt }) => [
    1,
    dcc({
      r: [
        {
          tg: '840539006',
          fr: date(issuedAt, -40),
          co: issuer,
          is: 'Ministry of Health (specimen)',
          df: date(issuedAt, -29),
          du: date(issuedAt, 140),
          ci: certificateId(issuer, 'R'),
        },
      ],
    }),
  ],
  'ddcc-vs': (options) => [
    3,
    {
      ...coreDataSet(options),
      vaccination: {
        vaccine: { system: 'http://id.who.int/icd/release/11/mms', code: 'XM0GQ8' },
        brand: snomed('1119349007'),
        date: date(options.issuedAt, -30),
        dose: 2,
        totalDoses: 2,
        country: { system: 'urn:iso:std:iso:3166', code: options.issuer },
        centre: 'Specimen vaccination centre',
        lot: 'LOT-0000',
      },
    },
  ],
  'ddcc-tr': (options) => [
    4,
    {
      ...coreDataSet(options),
      test: {
        pathogen: snomed('840539006'),
        type: { system: 'http://loinc.org', code: 'LP6464-4' },
        date: `${date(options.issuedAt, -1)}T09:00:00Z`,
        result: snomed('260415000'),
        centre: 'Specimen test centre',
        country: { system: 'urn:iso:std:iso:3166', code: options.issuer },
      },
    },
  ],
  link: () => [5, `vhlink:/${Buffer.from('{"url":"https://example.org/specimen"}').toString('base64url')}`],
  // Two doses of one product; the certificate does not say how many its series has.
  dvc: ({ issuedAt, issuer }) => [
    -6,
    {
      ...minimal(issuer),
      v: [
        { ...minimalDose(issuedAt, -60), dn: 1, vp: 'XM8NQ0', tg: 'RA01' },
        { ...minimalDose(issuedAt, -30), dn: 2, vp: 'XM8NQ0', tg: 'RA01' },
      ],
    },
  ],
  icvp: ({ issuedAt, issuer }) => [
    -6,
    {
      ...minimal(issuer),
      v: [
        {
          ...minimalDose(issuedAt, -30),
          vls: date(issuedAt, -20),
          vp: 'YellowFeverProductd2c75a15ed309658b3968519ddb31690',
        },
      ],
    },
  ],
  'icvp-polio': ({ issuedAt, issuer }) => [
    -6,
    {
      ...minimal(issuer),
      v: [{ ...minimalDose(issuedAt, -60), vp: 'PolioVaccineInactivatedIProduct532ef986c8042bbb15fee24056fdc4ed' }],
    },
  ],
}

function coreDataSet({ issuer, issuedAt, expires }: SampleOptions) {
  return {
    name: 'Ada Specimen',
    birthDate: '1985-03-14',
    certificate: {
      hcid: { value: `SPECIMEN-${issuer}-1` },
      issuer: { identifier: { value: `Ministry of Health of ${issuer} (specimen)` } },
      version: 'RC2',
      period: { start: date(issuedAt, 0), end: date(expires, 0) },
    },
  }
}

const minimal = (nationality: string) => ({
  n: 'Ada Specimen',
  dob: '1985-03-14',
  s: 'female',
  ntl: nationality,
  nid: 'X0000000',
})
const minimalDose = (issuedAt: Date, days: number) => ({
  dt: date(issuedAt, days),
  bo: 'LOT-0000',
  cn: 'Dr Ada Vaccinator (specimen)',
  is: 'specimen-health-authority',
})

/** The payload of a specimen, ready to be signed. */
export function samplePayload(kind: SampleKind, options: SampleOptions): CborInput {
  if (kind === 'flat') return flat(options)
  return hcertClaims({
    issuer: options.issuer,
    issuedAt: Math.floor(options.issuedAt.getTime() / 1000),
    expires: Math.floor(options.expires.getTime() / 1000),
    certificate: makers[kind](options),
  })
}

function flat({ issuer, issuedAt, expires }: SampleOptions) {
  return {
    name: 'Ada Specimen',
    birthDate: '1985-03-14',
    vaccine: snomed('1119349007'),
    lot: 'LOT-0000',
    date: date(issuedAt, -30),
    dose: 2,
    total_doses: 2,
    country: { system: 'urn:iso:std:iso:3166', code: issuer },
    centre: 'Specimen vaccination centre',
    hcid: `SPECIMEN-${issuer}-2`,
    valid_from: date(issuedAt, 0),
    valid_until: date(expires, 0),
  }
}
