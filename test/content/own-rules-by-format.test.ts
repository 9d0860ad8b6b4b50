/**
 * One rule, every format: events that are drawn at random are written in each format that can carry all of them, mapped, and judged by
 * the own rules. The results are the same, whether a rule reads the core data sets or the resources that are made of them.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import { ipsKind, openIps } from '../../src/credentials/ips/ips.ts'
import { mapContent } from '../../src/evaluate/map/map-content.ts'
import { inputOf } from '../support/map-samples.ts'
import { ownMapping } from '../support/own-mapping.ts'
import { cqlParameters, ownRules } from '../support/own-rules.ts'

const clock = '2026-06-15T12:00:00Z'
const icd11 = (code: string) => ({ system: 'http://id.who.int/icd11/mms', code })

/** Some products, as each format names them. */
const products = [
  { eu: 'EU/1/20/1528', icd11: 'XM8NQ0', platform: 'XM0GQ8', prophylaxis: '1119349007', cvx: '208' },
  { eu: 'EU/1/20/1525', icd11: 'XM6QV1', platform: 'XM9QW8', prophylaxis: '1119305005', cvx: '212' },
  { eu: 'EU/1/21/1618', icd11: 'XM9T65', platform: 'XM5JC5', prophylaxis: '1162643001', cvx: '211' },
] as const

/** Members that are told. */
const told = (members: Record<string, Json | undefined>): JsonObject =>
  Object.fromEntries(Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))

interface Dose {
  product: (typeof products)[number]
  date: string
  dose: number
  total: number | undefined
}
interface Sample {
  isNaat: boolean
  date: string
  isDetected: boolean
}

const dcc = (members: JsonObject): JsonObject => ({
  '1': 'IE',
  '4': 1_798_761_600,
  '6': 1_767_225_600,
  '-260': { '1': { ver: '1.3.0', nam: { fn: 'Beispiel', gn: 'Aoife' }, dob: '1984-02-29', ...members } },
})
const holder = { name: 'Aoife Beispiel', birthDate: '1984-02-29' }
const card = (resource: JsonObject): JsonObject => ({
  iss: 'https://example.org/issuer',
  nbf: 1_767_225_600,
  vc: {
    type: ['https://smarthealth.cards#health-card'],
    credentialSubject: {
      fhirVersion: '4.0.1',
      fhirBundle: {
        resourceType: 'Bundle',
        type: 'collection',
        entry: [patient, resource].map((each, at) => ({ fullUrl: `resource:${at}`, resource: each })),
      },
    },
  },
})
const patient: JsonObject = {
  resourceType: 'Patient',
  name: [{ family: 'Beispiel', given: ['Aoife'] }],
  birthDate: '1984-02-29',
}
const immunization = (coding: JsonObject, { date, dose, total }: Dose): JsonObject => ({
  resourceType: 'Immunization',
  status: 'completed',
  vaccineCode: { coding: [coding] },
  patient: { reference: 'resource:0' },
  occurrenceDateTime: date,
  protocolApplied: [told({ doseNumberPositiveInt: dose, seriesDosesPositiveInt: total })],
})
const divoc = (evidence: JsonObject): JsonObject => ({
  credentialSubject: { name: 'Aoife Beispiel', dob: '1984-02-29' },
  issuer: 'https://example.org/',
  issuanceDate: '2026-06-01T07:21:39Z',
  evidence: [evidence],
})
const seal = (type: string, message: JsonObject): JsonObject => ({
  data: { hdr: { t: type, v: 1, is: 'UTO' }, msg: { pid: { n: 'Aoife Beispiel', dob: '1984-02-29' }, ...message } },
  sig: {},
})

/** A vaccination in each format; those that have no place for the number of doses come where it is not told. */
const vaccinations: Record<string, (event: Dose) => JsonObject> = {
  'hcert-dcc': ({ product, date, dose, total }) =>
    dcc({
      v: [told({ tg: '840539006', vp: product.prophylaxis, mp: product.eu, dt: date, dn: dose, sd: total, co: 'IE' })],
    }),
  'hcert-ddcc-vs': ({ product, date, dose, total }) => ({
    ...holder,
    vaccination: told({ vaccine: icd11(product.platform), brand: icd11(product.icd11), date, dose, totalDoses: total }),
  }),
  divoc: ({ product, date, dose, total }) => divoc(told({ icd11Code: product.icd11, date, dose, totalDoses: total })),
  shc: (event) => card(immunization({ system: 'http://hl7.org/fhir/sid/cvx', code: event.product.cvx }, event)),
  ips: (event) => ({
    resourceType: 'Bundle',
    type: 'document',
    identifier: { value: 'urn:uuid:0' },
    entry: [
      {
        resourceType: 'Composition',
        status: 'final',
        type: { coding: [{ system: 'http://loinc.org', code: '60591-5' }] },
        subject: { reference: 'resource:1' },
        date: '2026-06-01',
        author: [{ display: 'Authority' }],
        title: 'Patient summary',
      },
      patient,
      { ...immunization(icd11(event.product.icd11), event), patient: { reference: 'resource:1' } },
    ].map((resource, at) => ({ fullUrl: `resource:${at}`, resource })),
  }),
}
const withoutTotal: typeof vaccinations = {
  'hcert-dvc': ({ product, date, dose }) => ({
    n: 'Aoife Beispiel',
    dob: '1984-02-29',
    v: [{ vp: product.icd11, dt: date, dn: dose, tg: 'RA01' }],
  }),
  'icao-vds-nc': ({ product, date, dose }) =>
    seal('icao.vacc', {
      ve: [{ des: product.icd11, dis: 'RA01', vd: [{ dvc: date, seq: dose, ctr: 'UTO', adm: 'Harbour', lot: 'A1' }] }],
    }),
}

const tests: Record<string, (event: Sample) => JsonObject> = {
  'hcert-dcc': ({ isNaat, date, isDetected }) =>
    dcc({
      t: [
        {
          tg: '840539006',
          tt: isNaat ? 'LP6464-4' : 'LP217198-3',
          sc: date,
          tr: isDetected ? '260373001' : '260415000',
          tc: 'Centre',
          co: 'IE',
        },
      ],
    }),
  'hcert-ddcc-tr': ({ isNaat, date, isDetected }) => ({
    ...holder,
    test: {
      pathogen: icd11('XN109'),
      type: icd11(isNaat ? '1334426561' : '2056159157'),
      date,
      result: icd11(isDetected ? 'RA01.0' : 'QA02'),
    },
  }),
  divoc: ({ isNaat, date, isDetected }) =>
    divoc({
      testType: isNaat ? 'RT-PCR' : 'RAPID ANTIGEN TEST (RAT)',
      disease: 'COVID-19',
      sampleCollectionTimestamp: date,
      result: isDetected ? 'Positive' : 'Negative',
    }),
  shc: ({ isNaat, date, isDetected }) =>
    card({
      resourceType: 'Observation',
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: isNaat ? '94500-6' : '94558-4' }] },
      subject: { reference: 'resource:0' },
      effectiveDateTime: date,
      valueCodeableConcept: {
        coding: [{ system: 'http://snomed.info/sct', code: isDetected ? '260373001' : '260415000' }],
      },
    }),
  'icao-vds-nc': ({ isNaat, date, isDetected }) =>
    seal('icao.test', {
      sp: { spn: 'Centre', ctr: 'UTO', cd: { p: '1', e: 'a@example.org', a: 'x' } },
      dat: { sc: date, ri: date },
      tr: { tc: isNaat ? 'molecular(PCR)' : 'antigen', r: isDetected ? 'positive' : 'negative', m: 'nasopharyngeal' },
    }),
}

const mapping = ownMapping()
const rules = ownRules()

/** Results of a rule set over what the maps make: over core data sets and resources, and, where `both`, over resources alone. */
async function results(
  plan: string,
  format: string,
  content: JsonObject,
  { parameters, both }: { parameters: Record<string, number>; both: boolean },
) {
  const opened = format === 'ips' ? openIps(content) : undefined
  assert.notEqual(typeof opened, 'string', String(opened))
  const input = typeof opened === 'object' ? [ipsKind.input?.(opened.content) ?? []].flat() : [inputOf(format, content)]
  const { bundle, coreDataSets, obstacles } = await mapContent(input, [], mapping)
  assert.deepEqual(obstacles, [], `${format}: ${JSON.stringify(obstacles)}`)
  assert.ok(bundle && coreDataSets.length === 1, format)
  const call = { clock, parameters: cqlParameters(parameters) }
  const found: (boolean | null)[] = []
  for (const each of [{ data: bundle, coreDataSets }, ...(both ? [{ data: bundle }] : [])]) {
    const [result] = await rules.run(plan, { ...call, ...each })
    assert.equal(result?.issue, undefined, `${format}: ${JSON.stringify(result?.issue)}`)
    found.push(result?.result ?? null)
  }
  return found
}

const day = fc
  .integer({ min: -250, max: 3 })
  .map((days) => new Date(Date.parse(clock) + days * 86_400_000).toISOString().slice(0, 10))
const moment = fc
  .integer({ min: -100 * 3600, max: 7200 })
  .map((seconds) => `${new Date(Date.parse(clock) + seconds * 1000).toISOString().slice(0, 19)}Z`)
const dose: fc.Arbitrary<Dose> = fc.record({
  product: fc.constantFrom(...products),
  date: day,
  dose: fc.integer({ min: 1, max: 3 }),
  total: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
})
const sample: fc.Arbitrary<Sample> = fc.record({ isNaat: fc.boolean(), date: moment, isDetected: fc.boolean() })

/** How often each answer was given: a test in which all are null shows nothing. */
type Seen = Map<boolean | null, number>

const eventsSeen = (seen: Seen) => [...seen.values()].reduce((sum, each) => sum + each, 0)

/** Compares the results of one event in all formats that carry it. */
async function compare(
  plan: string,
  written: [format: string, content: JsonObject][],
  { parameters, seen }: { parameters: Record<string, number>; seen: Seen },
) {
  const found: Record<string, (boolean | null)[]> = {}
  // Over the resources alone every tenth time: each costs as much as the rest.
  const both = eventsSeen(seen) % 10 === 0
  for (const [format, content] of written) found[format] = await results(plan, format, content, { parameters, both })
  const all = Object.values(found).flat()
  assert.equal(new Set(all).size, 1, JSON.stringify(found))
  seen.set(all[0] ?? null, (seen.get(all[0] ?? null) ?? 0) + 1)
}

const seed = 20260615

describe('one event in all formats that carry it has one result', () => {
  it('650 vaccinations', async () => {
    const seen: Seen = new Map()
    const parameters = fc.record({
      'Minimum Days Since Dose': fc.constantFrom(0, 14),
      'Maximum Days Since Dose': fc.constantFrom(36525, 180),
    })
    await fc.assert(
      fc.asyncProperty(dose, parameters, async (event, values) => {
        const writers = { ...vaccinations, ...(event.total === undefined ? withoutTotal : {}) }
        const written = Object.entries(writers).map(([format, write]): [string, JsonObject] => [format, write(event)])
        await compare('complete-primary-series', written, { parameters: values, seen })
      }),
      { numRuns: 650, seed },
    )
    for (const answer of [true, false, null]) assert.ok((seen.get(answer) ?? 0) >= 20, JSON.stringify([...seen]))
  })

  it('300 test results', async () => {
    const seen: Seen = new Map()
    await fc.assert(
      fc.asyncProperty(sample, async (event) => {
        const written = Object.entries(tests).map(([format, write]): [string, JsonObject] => [format, write(event)])
        await compare('valid-test', written, { parameters: {}, seen })
      }),
      { numRuns: 300, seed },
    )
    for (const answer of [true, false]) assert.ok((seen.get(answer) ?? 0) >= 20, JSON.stringify([...seen]))
  })

  it('50 recoveries, which one format carries: over core data sets and over resources', async () => {
    const recovery = fc.record({
      fr: day,
      df: fc.option(day, { nil: undefined }),
      du: fc.option(day, { nil: undefined }),
    })
    const answers = new Set<boolean | null>()
    await fc.assert(
      fc.asyncProperty(recovery, async (event) => {
        const content = dcc({ r: [told({ tg: '840539006', co: 'IE', ...event })] })
        const found = await results('recovery-window', 'hcert-dcc', content, { parameters: {}, both: true })
        assert.equal(found[0], found[1])
        answers.add(found[0] ?? null)
      }),
      { numRuns: 50, seed },
    )
    assert.ok(answers.has(true) && answers.has(false))
  })
})
