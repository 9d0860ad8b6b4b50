import type { Certified } from '../checker/declared.ts'
import type { Clock } from '../checker/rules.ts'
import { type Tree, tree } from './tree.ts'

/** Kinds of certificate, every format that is read. */
export const kinds = [
  'dcc-v',
  'dcc-t',
  'dcc-r',
  'ddcc-vs',
  'ddcc-tr',
  'dvc',
  'icvp',
  'icvp-polio',
  'icvp-vx',
  'flat-v',
  'flat-t',
  'shc-v',
  'shc-t',
  'vds-v',
  'vds-t',
  'divoc-v',
  'divoc-t',
] as const
export type Kind = (typeof kinds)[number]
export type Family = 'hcert' | 'shc' | 'icao-vds-nc' | 'divoc'
export type Path = (string | number)[]

/** Where things stand in the payload of a kind. */
export interface Layout {
  family: Family
  event: Certified['kind']
  /** The map that holds person and events. */
  certificate: Path
  /** The list of events, or their one map. */
  events: Path
  /** The first event. */
  first: Path
  date: Path
  dose?: Path
  total?: Path
  name: Path
  birthDate: Path
}

function layout(
  family: Family,
  event: Certified['kind'],
  certificate: Path,
  members: [events: Path, at: Path, date: string, ...doses: Path[]],
): Layout {
  const [events, at, date, dose, total] = members
  const inside = (path: Path) => [...certificate, ...path]
  const first = inside([...events, ...at])
  const person: Record<Family, [Path, Path]> = {
    hcert: [['name'], ['birthDate']],
    shc: [
      ['entry', 0, 'resource', 'name', 0, 'family'],
      ['entry', 0, 'resource', 'birthDate'],
    ],
    'icao-vds-nc': [
      ['pid', 'n'],
      ['pid', 'dob'],
    ],
    divoc: [
      ['credentialSubject', 'name'],
      ['credentialSubject', 'dob'],
    ],
  }
  const [name, birthDate] = person[family]
  return {
    family,
    event,
    certificate,
    events: inside(events),
    first,
    date: [...first, date],
    ...(dose ? { dose: [...first, ...dose] } : {}),
    ...(total ? { total: [...first, ...total] } : {}),
    name: inside(name),
    birthDate: inside(birthDate),
  }
}

const bundle = ['vc', 'credentialSubject', 'fhirBundle']
const protocol = ['protocolApplied', 0]
const dcc = (own: Layout): Layout => ({ ...own, name: [-260, 1, 'nam', 'fn'], birthDate: [-260, 1, 'dob'] })
const minimal = (own: Layout): Layout => ({ ...own, name: [-260, -6, 'n'], birthDate: [-260, -6, 'dob'] })

/** Layout of every kind. */
export const layouts: Record<Kind, Layout> = {
  'dcc-v': dcc(layout('hcert', 'v', [-260, 1], [['v'], [0], 'dt', ['dn'], ['sd']])),
  'dcc-t': dcc(layout('hcert', 't', [-260, 1], [['t'], [0], 'sc'])),
  'dcc-r': dcc(layout('hcert', 'r', [-260, 1], [['r'], [0], 'fr'])),
  'ddcc-vs': layout('hcert', 'v', [-260, 3], [['vaccination'], [], 'date', ['dose'], ['totalDoses']]),
  'ddcc-tr': layout('hcert', 't', [-260, 4], [['test'], [], 'date']),
  dvc: minimal(layout('hcert', 'v', [-260, -6], [['v'], [], 'dt', ['dn']])),
  icvp: minimal(layout('hcert', 'v', [-260, -6], [['v'], [0], 'dt', ['dn']])),
  'icvp-polio': minimal(layout('hcert', 'v', [-260, -6], [['v'], [0], 'dt', ['dn']])),
  'icvp-vx': minimal(layout('hcert', 'v', [-260, -6], [['vx'], [], 'dv', ['dn']])),
  'flat-v': layout('hcert', 'v', [], [[], [], 'date', ['dose'], ['total_doses']]),
  'flat-t': layout('hcert', 't', [], [['test'], [], 'date']),
  'shc-v': layout('shc', 'v', bundle, [
    ['entry'],
    [1, 'resource'],
    'occurrenceDateTime',
    [...protocol, 'doseNumberPositiveInt'],
    [...protocol, 'seriesDosesPositiveInt'],
  ]),
  'shc-t': layout('shc', 't', bundle, [['entry'], [1, 'resource'], 'effectiveDateTime']),
  'vds-v': layout('icao-vds-nc', 'v', ['msg'], [['ve'], [0, 'vd', 0], 'dvc', ['seq']]),
  'divoc-v': layout('divoc', 'v', [], [['evidence'], [0], 'date', ['dose'], ['totalDoses']]),
  'divoc-t': layout('divoc', 't', [], [['evidence'], [0], 'sampleCollectionTimestamp']),
  'vds-t': { ...layout('icao-vds-nc', 't', ['msg'], [['tr'], [], 'sc']), date: ['msg', 'dat', 'sc'] },
}

/** The person of one case; every text is found nowhere else. */
export interface Holder {
  family: string
  given: string
  birthDate: string
  /** Of a document. */
  number: string
  /** Of the certificate. */
  certificateId: string
  rid: string
}

/** What a good document is made of. */
export interface DocumentContext {
  clock: Clock
  holder: Holder
  /** Alpha-2; in seals alpha-3. */
  country: string
  /** `iss` of cards. */
  cardIssuer: string
}

const dayMilliseconds = 86_400_000
/** Seconds of the clock plus so many days. */
export const secondsAt = ({ instant }: Clock, days: number): number =>
  Math.floor(instant.getTime() / 1000) + days * 86_400
/** The day that lies so many days from the clock's. */
export const dayAt = ({ today }: Clock, days: number): string =>
  new Date(Date.parse(today) + days * dayMilliseconds).toISOString().slice(0, 10)
/** The time so many hours from the clock, in UTC. */
export const timeAt = ({ instant }: Clock, hours: number): string =>
  new Date(instant.getTime() + hours * 3_600_000).toISOString().replace(/\.\d+/, '')

/** Alpha-3 of the countries of the tests. */
export const alpha3: Record<string, string> = { DE: 'DEU', FR: 'FRA', XA: 'XXA' }

const cwt = ({ clock, country }: DocumentContext, key: number, certificate: object): Tree => ({
  fields: [
    [1, country],
    [4, secondsAt(clock, 90)],
    [6, secondsAt(clock, -10)],
    [-260, { fields: [[key, tree(certificate)]] }],
  ],
})

/** A dcc around lists of entries. */
function euDcc(context: DocumentContext, lists: object): Tree {
  const { family, given, birthDate } = context.holder
  const nam = { fn: family, fnt: family.toUpperCase(), gn: given, gnt: given.toUpperCase() }
  return cwt(context, 1, { ver: '1.3.0', nam, dob: birthDate, ...lists })
}

/** One entry of a dcc, of any kind of event. */
export function dccEntry({ clock, country, holder }: DocumentContext, kind: Certified['kind']): object {
  const common = { tg: '840539006', co: country, is: 'Ministry of Health', ci: holder.certificateId }
  if (kind === 'v')
    return { ...common, vp: '1119349007', mp: 'EU/1/20/1528', ma: 'ORG-100030215', dn: 2, sd: 2, dt: dayAt(clock, -60) }
  if (kind === 't')
    return { ...common, tt: 'LP6464-4', nm: 'PCR', sc: timeAt(clock, -5), tr: '260415000', tc: 'Centre' }
  return { ...common, fr: dayAt(clock, -40), df: dayAt(clock, -29), du: dayAt(clock, 140) }
}

/** The DDCC event of a kind. */
export function ddccEvent({ clock, country }: DocumentContext, kind: 'v' | 't'): object {
  const place = { country: { system: 'urn:iso:std:iso:3166', code: country } }
  if (kind === 'v') {
    const vaccine = { system: 'http://id.who.int/icd/release/11/mms', code: 'XM0GQ8' }
    return { vaccine, date: dayAt(clock, -60), dose: 2, totalDoses: 2, lot: 'LOT-0000', ...place }
  }
  const type = { system: 'http://loinc.org', code: 'LP6464-4' }
  const result = { system: 'http://snomed.info/sct', code: '260415000' }
  return { type, date: timeAt(clock, -5), result, centre: 'Test centre', ...place }
}

function ddcc(context: DocumentContext, event: object): object {
  const { clock, holder } = context
  const certificate = {
    hcid: { value: holder.certificateId },
    issuer: { identifier: { value: 'Ministry of Health' } },
    version: 'RC2',
    period: { start: dayAt(clock, -10), end: dayAt(clock, 90) },
  }
  return { name: `${holder.given} ${holder.family}`, birthDate: holder.birthDate, certificate, ...event }
}

/** One dose of the minimal certificate: yellow fever, one dose of which is enough. */
export const minimalDose = ({ clock }: DocumentContext): object => ({
  dn: 1,
  dt: dayAt(clock, -60),
  bo: 'LOT-0000',
  vls: dayAt(clock, -50),
  tg: '1D47',
  vp: 'YellowFeverProductd2c75a15ed309658b3968519ddb31690',
})

const polioDose = ({ clock }: DocumentContext) => ({
  dn: 1,
  dt: dayAt(clock, -60),
  bo: 'LOT-0000',
  vp: 'PolioVaccineInactivatedIProduct532ef986c8042bbb15fee24056fdc4ed',
})

/** The form in which the vaccination is `vx` and `v` the version of the model. */
const newerMinimal = ({ clock, holder: { given, family, birthDate, number } }: DocumentContext) => ({
  n: `${given} ${family}`,
  dob: birthDate,
  s: 'female',
  id: number,
  v: '0.1.0',
  d: dayAt(clock, -30),
  vx: { dn: 1, dv: dayAt(clock, -60), bo: 'LOT-0000', vp: 'YellowFeverProductd2c75a15ed309658b3968519ddb31690' },
})

const minimalHolder = ({ holder: { given, family, birthDate, number } }: DocumentContext) => ({
  n: `${given} ${family}`,
  dob: birthDate,
  s: 'female',
  nid: number,
})

/** Immunization or Observation of a card; `patient` is the reference to its holder. */
export function cardEvent({ clock }: DocumentContext, kind: 'v' | 't', patient = 'resource:0'): object {
  const subject = { reference: patient }
  if (kind === 'v') {
    const vaccineCode = { coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code: '208' }] }
    const protocolApplied = [{ doseNumberPositiveInt: 2, seriesDosesPositiveInt: 2 }]
    const when = { occurrenceDateTime: dayAt(clock, -60) }
    return {
      resourceType: 'Immunization',
      status: 'completed',
      vaccineCode,
      patient: subject,
      ...when,
      protocolApplied,
    }
  }
  const code = { coding: [{ system: 'http://loinc.org', code: '94500-6' }] }
  const valueCodeableConcept = { coding: [{ system: 'http://snomed.info/sct', code: '260415000' }] }
  const when = { effectiveDateTime: timeAt(clock, -5) }
  return { resourceType: 'Observation', status: 'final', code, subject, ...when, valueCodeableConcept }
}

function card(context: DocumentContext, kind: 'v' | 't'): object {
  const { clock, holder, cardIssuer } = context
  const { family, given, birthDate, rid } = holder
  const patient = { resourceType: 'Patient', name: [{ family, given: [given] }], birthDate }
  const entry = [patient, cardEvent(context, kind)].map((resource, at) => ({ fullUrl: `resource:${at}`, resource }))
  const fhirBundle = { resourceType: 'Bundle', type: 'collection', entry }
  const type = [
    'https://smarthealth.cards#health-card',
    `https://smarthealth.cards#${kind === 'v' ? 'immunization' : 'laboratory'}`,
  ]
  return {
    iss: cardIssuer,
    nbf: secondsAt(clock, -10),
    vc: { type, credentialSubject: { fhirVersion: '4.0.1', fhirBundle }, rid },
  }
}

function seal(context: DocumentContext, kind: 'v' | 't'): object {
  const { clock, country, holder } = context
  const is = alpha3[country] ?? country
  const pid = { n: `${holder.family} ${holder.given}`, dob: holder.birthDate, sex: 'F', i: holder.number }
  if (kind === 'v') {
    const vd = [{ dvc: dayAt(clock, -60), seq: 1, ctr: is, adm: 'Centre', lot: 'LOT-0000' }]
    const ve = [{ des: 'XM6QV1', dis: 'RA01.0', nam: 'Vaccine', vd }]
    return { hdr: { t: 'icao.vacc', v: 1, is }, msg: { uvci: holder.certificateId, pid, ve } }
  }
  const dat = { sc: timeAt(clock, -5), ri: timeAt(clock, -4) }
  const tr = { tc: 'molecular(PCR)', r: 'negative', m: 'nasopharyngeal' }
  const sp = { spn: 'Test centre', ctr: is, cd: { p: '+49000', e: 'lab@example.org', a: 'Street' } }
  return { hdr: { t: 'icao.test', v: 1, is }, msg: { utci: holder.certificateId, pid, sp, dat, tr } }
}

function divoc(context: DocumentContext, kind: 'v' | 't'): object {
  const { clock, holder, cardIssuer } = context
  const base = 'https://www.w3.org/2018/credentials/v1'
  const facility = { name: 'Centre', address: { addressCountry: 'DE', postalCode: 10115 } }
  const common = { certificateId: holder.certificateId, verifier: { name: 'Somebody' }, facility }
  const vaccination = {
    ...{ id: 'https://divoc.example.org/1', type: ['Vaccination'], batch: 'LOT-0000', vaccine: 'Pfizer' },
    ...{ icd11Code: 'XM8NQ0', date: dayAt(clock, -60), dose: 2, totalDoses: 2, effectiveUntil: dayAt(clock, 300) },
  }
  const test = {
    ...{ id: 'https://divoc.example.org/1', type: ['TestDetails'], testType: 'PCR', disease: 'COVID-19' },
    ...{ sampleCollectionTimestamp: timeAt(clock, -5), resultTimestamp: timeAt(clock, -4), result: 'Negative' },
  }
  const name = kind === 'v' ? 'vaccination/v2' : 'testCertificate/v1'
  return {
    '@context': [base, `https://cowin.gov.in/credentials/${name}`],
    type: ['VerifiableCredential', kind === 'v' ? 'ProofOfVaccinationCredential' : 'ProofOfTestCertificateCredential'],
    credentialSubject: {
      ...{ type: 'Person', id: 'did:holder:1', refId: holder.number, gender: 'Female', dob: holder.birthDate },
      ...{ name: `${holder.given} ${holder.family}`, nationality: 'X' },
    },
    issuer: cardIssuer,
    issuanceDate: timeAt(clock, -1),
    expirationDate: timeAt(clock, 2000),
    evidence: [{ ...(kind === 'v' ? vaccination : test), ...common }],
    nonTransferable: 'true',
  }
}

function flat(context: DocumentContext, kind: 'v' | 't'): object {
  const { clock, holder } = context
  const period = { hcid: holder.certificateId, valid_from: dayAt(clock, -10), valid_until: dayAt(clock, 90) }
  const person = { name: `${holder.given} ${holder.family}`, birthDate: holder.birthDate }
  if (kind === 't') return { ...person, test: ddccEvent(context, 't'), ...period }
  const vaccine = { system: 'http://snomed.info/sct', code: '1119349007' }
  const doses = { date: dayAt(clock, -60), dose: 2, total_doses: 2, lot: 'LOT-0000' }
  return { ...person, vaccine, ...doses, ...period }
}

/** The payload of a good certificate of a kind. */
export function goodPayload(kind: Kind, context: DocumentContext): Tree {
  const { event } = layouts[kind]
  if (kind.startsWith('dcc')) return euDcc(context, { [event]: [dccEntry(context, event)] })
  if (kind === 'ddcc-vs') return cwt(context, 3, ddcc(context, { vaccination: ddccEvent(context, 'v') }))
  if (kind === 'ddcc-tr') return cwt(context, 4, ddcc(context, { test: ddccEvent(context, 't') }))
  if (kind === 'dvc') return cwt(context, -6, { ...minimalHolder(context), v: minimalDose(context) })
  if (kind === 'icvp') return cwt(context, -6, { ...minimalHolder(context), v: [minimalDose(context)] })
  if (kind === 'icvp-polio') return cwt(context, -6, { ...minimalHolder(context), v: [polioDose(context)] })
  if (kind === 'icvp-vx') return cwt(context, -6, newerMinimal(context))
  const own = event === 't' ? 't' : 'v'
  if (kind.startsWith('flat')) return tree(flat(context, own))
  if (kind.startsWith('divoc')) return tree(divoc(context, own))
  return tree(kind.startsWith('shc') ? card(context, own) : seal(context, own))
}
