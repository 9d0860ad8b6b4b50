import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import type { Bundle, Parameters, Resource } from '../../src/fhir/types.ts'
import { createRules, type RuleResult } from '../../src/rules/rules.ts'
import { overShared } from '../support/shared.ts'
import { byCanonical, ofType } from './own-content.ts'

const validator = new URL('../../../shared/corpora/structure-map/gdhcn-validator/', import.meta.url)
const base = 'http://vidimus.org/fhir'
const icd11 = 'http://id.who.int/icd11/mms'

/** The compose of own value sets says it all: every concept is listed. */
async function membership(valueSet: string) {
  const [found] = byCanonical('ValueSet', valueSet)
  assert.ok(found, `value set ${valueSet}`)
  const codes = new Set(
    found.compose?.include.flatMap((each) => (each.concept ?? []).map(({ code }) => `${each.system}|${code}`)),
  )
  return (code: string, system?: string) => codes.has(`${system}|${code}`)
}

const kept = new Map<string, string>()
const rules = createRules(
  {
    findLibraries: async (url) => byCanonical('Library', url),
    listLibraries: async () => ofType('Library'),
    revision: () => 1,
    membership,
    expand: async () => [],
    derived: {
      get: async (kind, key) => kept.get(`${kind} ${key}`),
      set: async (kind, key, value) => {
        kept.set(`${kind} ${key}`, value)
      },
    },
  },
  { jobSeconds: 60 },
)
after(() => rules.close())

const bundle = (...resources: object[]): Bundle => ({
  resourceType: 'Bundle',
  type: 'collection',
  entry: [{ resourceType: 'Patient', id: 'holder' }, ...resources].map((resource) => ({
    resource: resource as Resource,
  })),
})

interface Dose {
  date?: string
  dose?: number | string
  total?: number
  code?: [system: string, code: string]
  status?: string
  disease?: string
  from?: string
  until?: string
}

const immunization = ({ date = '2026-03-01', dose, total, code = [icd11, 'XM0GQ8'], ...rest }: Dose) => ({
  resourceType: 'Immunization',
  status: rest.status ?? 'completed',
  vaccineCode: { coding: [{ system: code[0], code: code[1] }] },
  patient: { reference: 'Patient/holder' },
  occurrenceDateTime: date,
  extension: [
    ...(rest.from
      ? [{ url: 'http://smart.who.int/ddcc/StructureDefinition/DDCCVaccineValidFrom', valueDate: rest.from }]
      : []),
    ...(rest.until ? [{ url: `${base}/StructureDefinition/event-validity`, valuePeriod: { end: rest.until } }] : []),
  ],
  protocolApplied: [
    {
      ...(typeof dose === 'number' ? { doseNumberPositiveInt: dose } : { doseNumberString: dose ?? 'unknown' }),
      ...(total === undefined ? {} : { seriesDosesPositiveInt: total }),
      ...(rest.disease ? { targetDisease: [{ coding: [{ system: icd11, code: rest.disease }] }] } : {}),
    },
  ],
})

const observation = (type: string, date: string, result: string) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: icd11, code: type }] },
  subject: { reference: 'Patient/holder' },
  effectiveDateTime: date,
  valueCodeableConcept: { coding: [{ system: icd11, code: result }] },
})

const condition = (date: string) => ({
  resourceType: 'Condition',
  verificationStatus: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status', code: 'confirmed' }],
  },
  code: { coding: [{ system: icd11, code: 'RA01' }] },
  subject: { reference: 'Patient/holder' },
  onsetDateTime: date,
})

const integers = (values: Record<string, number>): Parameters => ({
  resourceType: 'Parameters',
  parameter: Object.entries(values).map(([name, valueInteger]) => ({ name, valueInteger })),
})

interface Call {
  clock?: string
  parameters?: Parameters
  language?: string
}

async function run(plan: string, resources: object[], call: Call = {}): Promise<RuleResult> {
  const [definition] = byCanonical('PlanDefinition', `${base}/PlanDefinition/${plan}`)
  assert.ok(definition)
  const clock = call.clock ?? '2026-06-01T12:00:00Z'
  const results = await rules.evaluatePlan(definition, { data: bundle(...resources), ...call, clock })
  assert.equal(results.length, 1)
  const [result] = results
  assert.ok(result)
  assert.equal(result.issue, undefined, JSON.stringify(result.issue))
  return result
}

const verdict = async (plan: string, resources: object[], call?: Call) => (await run(plan, resources, call)).result

const product = (code: string): [string, string] => ['http://ec.europa.eu/temp/vaccineproductname', code]
const registered = (code: string): [string, string] => [
  'https://ec.europa.eu/health/documents/community-register/html/',
  code,
]

describe('complete primary series', () => {
  const cases: [name: string, doses: Dose[], expected: boolean | null, call?: Call][] = [
    ['second of two doses', [{ dose: 2, total: 2 }], true],
    ['first of two doses', [{ dose: 1, total: 2 }], false],
    ['one of one after a recovery', [{ dose: 1, total: 1 }], true],
    ['booster after a single dose, 2/1', [{ dose: 2, total: 1 }], true],
    ['booster 3/3', [{ dose: 3, total: 3 }], true],
    ['booster 3/2', [{ dose: 3, total: 2 }], true],
    ['no total', [{ dose: 2 }], null],
    ['no dose number', [{ total: 2 }], null],
    ['dose in words', [{ dose: 'Booster', total: 2 }], null],
    ['dose as text', [{ dose: '2', total: 2 }], true],
    [
      'two doses on one certificate',
      [
        { dose: 1, total: 2 },
        { dose: 2, total: 2 },
      ],
      true,
    ],
    ['one unknown beside an incomplete one', [{ dose: 1, total: 2 }, { dose: 2 }], null],
    ['no vaccination', [], false],
    ['a dose that was not given', [{ dose: 2, total: 2, status: 'not-done' }], false],
    ['single-dose product 1/2', [{ dose: 1, total: 2, code: registered('EU/1/20/1525') }], true],
    ['single-dose product without numbers', [{ code: [icd11, 'XM6QV1'] }], true],
    ['in the future', [{ dose: 2, total: 2, date: '2026-06-02' }], false],
    ['today', [{ dose: 2, total: 2, date: '2026-06-01' }], true],
    ['month known, all of it past', [{ dose: 2, total: 2, date: '2026-05' }], true],
    ['month known, which may lie ahead', [{ dose: 2, total: 2, date: '2026-06' }], null],
    ['yellow fever, no numbers', [{ dose: 'Primary', code: ['http://id.who.int/icd/release/11/mms', 'XM0N24'] }], true],
    ['counts from today', [{ dose: 2, total: 2, from: '2026-06-01' }], true],
    ['counts from tomorrow', [{ dose: 2, total: 2, from: '2026-06-02' }], false],
    ['counts until today', [{ dose: 2, total: 2, until: '2026-06-01' }], true],
    ['counted until yesterday', [{ dose: 2, total: 2, until: '2026-05-31' }], false],
    ['no date', [{ dose: 2, total: 2, date: '' }], null],
  ]
  for (const [name, doses, expected, call] of cases)
    it(`${name}: ${expected}`, async () => {
      const resources = doses.map((dose) => {
        const { occurrenceDateTime, ...rest } = immunization(dose)
        return occurrenceDateTime === '' ? rest : { ...rest, occurrenceDateTime }
      })
      assert.equal(await verdict('complete-primary-series', resources, call), expected)
    })

  it('counts the days since the dose when a jurisdiction demands it', async () => {
    const dose = [immunization({ dose: 2, total: 2, date: '2026-05-18' })]
    const demand = (minimum: number, maximum: number) =>
      verdict('complete-primary-series', dose, {
        parameters: integers({ 'Minimum Days Since Dose': minimum, 'Maximum Days Since Dose': maximum }),
      })
    assert.equal(await demand(14, 270), true)
    assert.equal(await demand(15, 270), false)
    assert.equal(await demand(0, 14), true)
    assert.equal(await demand(0, 13), false)
  })

  it('answers null where a partial date straddles the limit', async () => {
    const dose = [immunization({ dose: 2, total: 2, date: '2026-05' })]
    const call = { parameters: integers({ 'Minimum Days Since Dose': 14 }) }
    assert.equal(await verdict('complete-primary-series', dose, call), null)
  })

  it('looks at the diseases asked for', async () => {
    const doses = [
      immunization({ dose: 2, total: 2, disease: '1D47', code: [icd11, 'XM0N24'] }),
      immunization({ dose: 1, total: 2, disease: 'RA01' }),
    ]
    const about = (code: string): Call => ({
      parameters: { resourceType: 'Parameters', parameter: [{ name: 'Target Diseases', valueString: code }] },
    })
    assert.equal(await verdict('complete-primary-series', doses, about('1D47')), true)
    assert.equal(await verdict('complete-primary-series', doses, about('RA01')), false)
  })

  it('says why, and tells a person in the language asked for', async () => {
    const result = await run('complete-primary-series', [immunization({ dose: 1, total: 2 })], { language: 'fr' })
    assert.equal(result.message, 'Le certificat n’atteste pas un schéma vaccinal complet.')
    assert.equal(result.library, `${base}/Library/VaccinationSchedule|1.1.0`)
    assert.equal(result.planDefinition, `${base}/PlanDefinition/complete-primary-series|1.1.0`)
    const reasons = result.evidence.find((each) => each.name.includes('Reasons'))
    assert.deepEqual(reasons?.value, {
      product: 'XM0GQ8',
      date: '2026-03-01',
      dose: 1,
      totalDoses: 2,
      complete: false,
      inTime: true,
      needed: 2,
      counted: 1,
      remark: null,
    })
  })
})

describe('single-dose schedule', () => {
  const cases: [name: string, doses: Dose[], expected: boolean | null][] = [
    ['EU code', [{ dose: 1, total: 1, code: registered('EU/1/20/1525') }], true],
    ['temporary EU code', [{ dose: 1, total: 1, code: product('Convidecia') }], true],
    ['ICD-11 code, total of two', [{ dose: 1, total: 2, code: [icd11, 'XM6QV1'] }], true],
    ['ICD-11 code, official spelling', [{ dose: 1, code: ['http://id.who.int/icd/release/11/mms', 'XM5QM6'] }], true],
    ['CVX code', [{ dose: 1, code: ['http://hl7.org/fhir/sid/cvx', '212'] }], true],
    ['two-dose product', [{ dose: 2, total: 2, code: registered('EU/1/20/1528') }], false],
    ['year known, which may lie ahead', [{ dose: 1, date: '2026', code: [icd11, 'XM6QV1'] }], null],
    ['no vaccination', [], false],
  ]
  for (const [name, doses, expected] of cases)
    it(`${name}: ${expected}`, async () =>
      assert.equal(await verdict('single-dose-schedule', doses.map(immunization)), expected))
})

describe('valid test', () => {
  const [naat, antigen, negative, positive] = ['1334426561', '2056159157', 'QA02', 'RA01.0'] as const
  type Sample = [type: string, date: string, result: string]
  const cases: [name: string, samples: Sample[], expected: boolean | null][] = [
    ['nucleic acid, 72 hours to the second', [[naat, '2026-05-29T12:00:00Z', negative]], true],
    ['nucleic acid, a second over', [[naat, '2026-05-29T11:59:59Z', negative]], false],
    ['antigen, 24 hours', [[antigen, '2026-05-31T12:00:00Z', negative]], true],
    ['antigen, a second over', [[antigen, '2026-05-31T11:59:59Z', negative]], false],
    ['the offset counts: 11:00+02:00 is 09:00Z', [[antigen, '2026-05-31T11:00:00+02:00', negative]], false],
    ['the offset counts: 11:00-02:00 is 13:00Z', [[antigen, '2026-05-31T11:00:00-02:00', negative]], true],
    ['in the future', [[naat, '2026-06-01T12:00:01Z', negative]], false],
    ['virus detected', [[naat, '2026-06-01T08:00:00Z', positive]], false],
    ['unknown type', [['94763-0', '2026-06-01T08:00:00Z', negative]], null],
    ['unknown type, virus detected', [['94763-0', '2026-06-01T08:00:00Z', positive]], false],
    ['unknown result', [[naat, '2026-06-01T08:00:00Z', 'MG71']], null],
    ['unknown result, too old', [[naat, '2026-05-01T08:00:00Z', 'MG71']], false],
    ['RA01.1, as WHO’s maps write it', [[naat, '2026-06-01T08:00:00Z', 'RA01.1']], true],
    ['day only, within in any case', [[naat, '2026-05-31', negative]], true],
    ['day only, at the limit', [[naat, '2026-05-29', negative]], null],
    ['day only, too old in any case', [[naat, '2026-05-28', negative]], false],
    [
      'an old positive and a new negative one',
      [
        [naat, '2026-04-01T08:00:00Z', positive],
        [naat, '2026-06-01T08:00:00Z', negative],
      ],
      true,
    ],
    [
      'a positive beside a negative one',
      [
        [naat, '2026-06-01T08:00:00Z', positive],
        [naat, '2026-06-01T07:00:00Z', negative],
      ],
      false,
    ],
    ['no test', [], false],
  ]
  for (const [name, samples, expected] of cases)
    it(`${name}: ${expected}`, async () =>
      assert.equal(
        await verdict(
          'valid-test',
          samples.map((each) => observation(...each)),
        ),
        expected,
      ))

  it('takes the hours of the jurisdiction', async () => {
    const sample = [observation(naat, '2026-05-30T12:00:00Z', negative)]
    assert.equal(await verdict('valid-test', sample, { parameters: integers({ 'NAAT Hours': 48 }) }), true)
    assert.equal(await verdict('valid-test', sample, { parameters: integers({ 'NAAT Hours': 47 }) }), false)
  })
})

describe('recovery window', () => {
  const cases: [name: string, dates: string[], expected: boolean | null][] = [
    ['day 10', ['2026-05-22'], false],
    ['day 11', ['2026-05-21'], true],
    ['day 180', ['2025-12-03'], true],
    ['day 181', ['2025-12-02'], false],
    ['month known, all of it in the window', ['2026-03'], true],
    ['month known, across the border', ['2026-05'], null],
    ['year known, long ago', ['2021'], false],
    ['no recovery', [], false],
  ]
  for (const [name, dates, expected] of cases)
    it(`${name}: ${expected}`, async () =>
      assert.equal(await verdict('recovery-window', dates.map(condition)), expected))

  it('counts the day of the clock where the clock is', async () => {
    const found = [condition('2026-05-21')]
    assert.equal(await verdict('recovery-window', found, { clock: '2026-05-31T23:00:00Z' }), false)
    assert.equal(await verdict('recovery-window', found, { clock: '2026-06-01T01:00:00+02:00' }), true)
  })

  it('takes the days of the jurisdiction', async () => {
    const parameters = integers({ 'First Day': 12, 'Last Day': 90 })
    assert.equal(await verdict('recovery-window', [condition('2026-05-21')], { parameters }), false)
    assert.equal(await verdict('recovery-window', [condition('2026-05-20')], { parameters }), true)
  })
})

/** What a genuine but odd certificate may say, or leave out: never a reason to accept. */
describe('missing and odd data', () => {
  const schedule = (change: object, call?: Call) =>
    verdict('complete-primary-series', [{ ...immunization({ dose: 2, total: 2 }), ...change }], call)
  const single = (change: object) =>
    verdict('single-dose-schedule', [{ ...immunization({ code: [icd11, 'XM6QV1'] }), ...change }])
  const series = (dose: number | string, total: number | string, disease?: string) => ({
    ...(typeof dose === 'number' ? { doseNumberPositiveInt: dose } : { doseNumberString: dose }),
    ...(typeof total === 'number' ? { seriesDosesPositiveInt: total } : { seriesDosesString: total }),
    ...(disease ? { targetDisease: [{ coding: [{ system: icd11, code: disease }] }] } : {}),
  })
  const modified = { modifierExtension: [{ url: 'http://example.org/not', valueBoolean: true }] }
  const validFrom = (...values: object[]) => ({
    extension: values.map((value) => ({
      url: 'http://smart.who.int/ddcc/StructureDefinition/DDCCVaccineValidFrom',
      ...value,
    })),
  })
  const validity = (period: object) => ({
    extension: [{ url: `${base}/StructureDefinition/event-validity`, ...period }],
  })

  const vaccinations: [name: string, change: object, expected: boolean | null][] = [
    ['as it should be', {}, true],
    ['no product', { vaccineCode: undefined }, null],
    ['a product in words', { vaccineCode: { text: 'vaccine' } }, null],
    ['a product with a system and no code', { vaccineCode: { coding: [{ system: icd11 }] } }, null],
    ['no numbers', { protocolApplied: undefined }, null],
    ['no doses of no doses', { protocolApplied: [series(0, 0)] }, null],
    ['numbers below nothing', { protocolApplied: [series('-1', '-2')] }, null],
    ['a number with something behind it', { protocolApplied: [series('2x', 2)] }, null],
    ['a number with an exponent', { protocolApplied: [series('1e3', 2)] }, null],
    ['two series, one of them incomplete', { protocolApplied: [series(2, 2), series(1, 2)] }, false],
    ['two series, one of them unknown', { protocolApplied: [series(2, 2), series('x', 2)] }, null],
    ['no date', { occurrenceDateTime: undefined }, null],
    ['a date in words', { occurrenceDateTime: undefined, occurrenceString: 'last year' }, null],
    ['a date that does not exist', { occurrenceDateTime: '2021-13-01' }, null],
    ['later on the same day', { occurrenceDateTime: '2026-06-01T12:00:01Z' }, false],
    ['earlier on the same day', { occurrenceDateTime: '2026-06-01T11:59:59Z' }, true],
    ['tomorrow, but today there', { occurrenceDateTime: '2026-06-02T01:00:00+14:00' }, true],
    ['not given', { status: 'not-done' }, false],
    ['entered in error', { status: 'entered-in-error' }, false],
    ['of no use', { isSubpotent: true }, false],
    ['changed by what is not understood', modified, null],
    ['counts from a day that cannot be read', validFrom({ valueDateTime: '2099-01-01T00:00:00Z' }), null],
    [
      'counts from two days, one of them to come',
      validFrom({ valueDate: '2026-01-01' }, { valueDate: '2099-01-01' }),
      false,
    ],
    ['counts for a time without bounds', validity({ valuePeriod: {} }), null],
    ['counts for something else than a time', validity({ valueString: 'always' }), null],
    ['counts from a moment to come', validity({ valuePeriod: { start: '2026-06-02' } }), false],
    ['counts until a month that is not over', validity({ valuePeriod: { end: '2026-06' } }), null],
  ]
  for (const [name, change, expected] of vaccinations)
    it(`vaccination, ${name}: ${expected}`, async () => assert.equal(await schedule(change), expected))

  it('a dose of another disease does not lend its numbers', async () => {
    const about = (code: string): Call => ({
      parameters: { resourceType: 'Parameters', parameter: [{ name: 'Target Diseases', valueString: code }] },
    })
    const both = { protocolApplied: [series(2, 2, '1D47'), series(1, 2, 'RA01')] }
    assert.equal(await schedule(both, about('RA01')), false)
    assert.equal(await schedule(both, about('1D47')), true)
    // The product says what the certificate does not.
    assert.equal(await schedule({ protocolApplied: [series(2, 2)] }, about('RA01')), true)
    const unnamed = { vaccineCode: { coding: [{ system: icd11, code: 'XM9999' }] } }
    assert.equal(await schedule({ protocolApplied: [series(2, 2)], ...unnamed }, about('RA01')), null)
    assert.equal(await schedule({ protocolApplied: undefined }, about('RA01')), null)
    assert.equal(await schedule({ protocolApplied: [series(2, 2, '1D47')] }, about('RA01')), false)
  })

  it('a single dose needs its product, its day and a number that is one', async () => {
    assert.equal(await single({}), true)
    assert.equal(await single({ vaccineCode: { text: 'vaccine' } }), null)
    assert.equal(await single({ occurrenceDateTime: undefined }), null)
    assert.equal(await single({ protocolApplied: [series(0, 1)] }), null)
    assert.equal(await single({ occurrenceDateTime: '2026-06-02' }), false)
    assert.equal(await single(modified), null)
  })

  const [naat, negative, positive] = ['1334426561', 'QA02', 'RA01.0'] as const
  const coded = (...codes: string[]) => ({ coding: codes.map((code) => ({ system: icd11, code })) })
  const agent = (code: string) => ({ coding: [...coded(naat).coding, { system: 'http://snomed.info/sct', code }] })
  const tests: [name: string, change: object, expected: boolean | null][] = [
    ['as it should be', {}, true],
    ['no result', { valueCodeableConcept: undefined }, null],
    ['a result in words', { valueCodeableConcept: { text: 'negative' } }, null],
    ['a result as text', { valueCodeableConcept: undefined, valueString: 'negative' }, null],
    ['both results', { valueCodeableConcept: coded(negative, positive) }, null],
    ['a result and a reason why there is none', { dataAbsentReason: { text: 'error' } }, null],
    ['no type', { code: { text: 'PCR' } }, null],
    ['a type of another system', { code: { coding: [{ system: 'http://example.org', code: naat }] } }, null],
    ['a type of no system', { code: { coding: [{ code: naat }] } }, null],
    ['no time', { effectiveDateTime: undefined }, null],
    ['a time as a period', { effectiveDateTime: undefined, effectivePeriod: { start: '2026-06-01T08:00:00Z' } }, null],
    ['a time that does not exist', { effectiveDateTime: '2026-06-31T08:00:00Z' }, null],
    ['after the clock', { effectiveDateTime: '2026-06-01T12:00:01Z' }, false],
    ['tomorrow', { effectiveDateTime: '2026-06-02' }, false],
    ['preliminary', { status: 'preliminary' }, false],
    ['cancelled', { status: 'cancelled' }, false],
    ['changed by what is not understood', modified, null],
    ['for SARS-CoV-2', { code: coded(naat, 'XN109') }, true],
    ['for a variant of it, before its type', { code: coded('XN8V6', naat) }, true],
    ['for influenza', { code: coded(naat, '1E32') }, null],
    ['for influenza in SNOMED CT', { code: agent('6142004') }, null],
    ['for an agent of no known code', { code: agent('1') }, null],
    ['for SARS-CoV-2 in SNOMED CT', { code: agent('840539006') }, true],
    ['for influenza, which was found', { code: agent('6142004'), valueCodeableConcept: coded(positive) }, false],
    ['for influenza, too old', { code: agent('6142004'), effectiveDateTime: '2026-01-01T08:00:00Z' }, false],
  ]
  const test = (change: object = {}) => ({ ...observation(naat, '2026-06-01T08:00:00Z', negative), ...change })
  for (const [name, change, expected] of tests)
    it(`test, ${name}: ${expected}`, async () => assert.equal(await verdict('valid-test', [test(change)]), expected))

  it('a test that says both results leaves the answer open beside a negative one', async () => {
    const both = test({ valueCodeableConcept: coded(negative, positive) })
    assert.equal(await verdict('valid-test', [test(), both]), null)
    const old = { ...both, effectiveDateTime: '2026-01-01T08:00:00Z' }
    assert.equal(await verdict('valid-test', [test(), old]), true)
    const doubtful = test({ valueCodeableConcept: coded(positive), ...modified })
    assert.equal(await verdict('valid-test', [test(), doubtful]), null)
  })

  const status = (code: string) => ({ verificationStatus: { coding: [{ code }] } })
  const recoveries: [name: string, change: object, expected: boolean | null][] = [
    ['as it should be', {}, true],
    ['no disease', { code: undefined }, null],
    ['a disease in words', { code: { text: 'COVID-19' } }, null],
    ['another disease', { code: coded('1D47') }, false],
    ['not confirmed', status('provisional'), null],
    ['no word about confirmation', { verificationStatus: undefined }, null],
    ['refuted', status('refuted'), false],
    ['entered in error', status('entered-in-error'), false],
    ['confirmed and refuted', { verificationStatus: { coding: [{ code: 'confirmed' }, { code: 'refuted' }] } }, false],
    ['no day', { onsetDateTime: undefined }, null],
    ['a day to come', { onsetDateTime: '2026-07-01' }, false],
    ['an age for a day', { onsetDateTime: undefined, onsetAge: { value: 30 } }, null],
    ['counts from a day to come', validity({ valuePeriod: { start: '2026-06-02', end: '2026-09-01' } }), false],
    ['counted until yesterday', validity({ valuePeriod: { end: '2026-05-31' } }), false],
    ['counts until today', validity({ valuePeriod: { end: '2026-06-01' } }), true],
    ['counts for something else than a time', validity({ valueString: 'always' }), null],
    ['changed by what is not understood', modified, null],
  ]
  for (const [name, change, expected] of recoveries)
    it(`recovery, ${name}: ${expected}`, async () =>
      assert.equal(await verdict('recovery-window', [{ ...condition('2026-04-01'), ...change }]), expected))
})

describe('bundles that WHO’s maps write', () => {
  const cases: [file: string, expected: boolean | null][] = [
    ['EUQR1FHIRBundle.json', true],
    ['WHOQR1FHIRBundle.json', false],
    ['DVCTest3QRFHIRBundle.json', null],
  ]
  for (const [file, expected] of cases)
    overShared.it(`${file}: ${expected}`, async () => {
      const [plan] = byCanonical('PlanDefinition', `${base}/PlanDefinition/complete-primary-series`)
      assert.ok(plan)
      const data = JSON.parse(readFileSync(new URL(file, validator), 'utf8')) as Bundle
      const [result] = await rules.evaluatePlan(plan, { data, clock: '2026-06-01T12:00:00Z' })
      assert.equal(result?.issue, undefined)
      assert.equal(result?.result, expected)
    })
})
