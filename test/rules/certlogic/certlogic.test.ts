import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import type { Library, PlanDefinition } from '../../../src/fhir/types.ts'
import { evaluateCertLogic, readCertLogic } from '../../../src/rules/certlogic/certlogic.ts'
import { euRuleToFhir } from '../../../src/rules/certlogic/eu-rule.ts'
import { selectPlans } from '../../../src/rules/select-plans.ts'
import { overShared } from '../../support/shared.ts'
import { readCorpus, testEnvironment, testRules } from '../environment.ts'

interface RuleSet {
  rule: JsonObject
  tests: { file: string; payload?: Json; external: JsonObject; expected: Json }[]
}

const countries = ['AT', 'CY', 'DE', 'EU', 'FR', 'HR', 'NL', 'PL']
const base = 'http://example.org/fhir'
const ruleSets = (country: string) => JSON.parse(readCorpus(`certlogic/${country}.json`)) as RuleSet[]
const binary = (name: string, json: Json) => ({
  name,
  resource: {
    resourceType: 'Binary' as const,
    contentType: 'application/json',
    data: Buffer.from(JSON.stringify(json)).toString('base64'),
  },
})

overShared.describe('CertLogic', () => {
  const valueSets: JsonObject[] = JSON.parse(readCorpus('certlogic/valuesets.json'))
  const complete = (external: JsonObject): JsonObject =>
    typeof external.valueSets === 'number'
      ? { ...external, valueSets: valueSets[external.valueSets] ?? null }
      : external

  it('answers all 687 tests of the EU rules as expected, through Library/$evaluate', async () => {
    let count = 0
    for (const { rule, tests } of countries.flatMap(ruleSets)) {
      const { library } = euRuleToFhir(rule, { base })
      const rules = testRules(testEnvironment([library]))
      assert.deepEqual((await rules.inspector([]).inspect(library)).issues, [])
      for (const { file, payload, external, expected } of tests) {
        const parameter = [binary('payload', payload ?? null), binary('external', complete(external))]
        const { results } = await rules.encodeLibrary({
          library: library.url ?? '',
          parameters: { resourceType: 'Parameters', parameter },
          clock: '2022-01-01T00:00:00Z',
        })
        const [{ parameters }] = results as [(typeof results)[0]]
        assert.deepEqual(parameters, [{ name: 'Logic', valueBoolean: expected }], `${rule.Identifier} ${file}`)
        count++
      }
      await rules.close()
    }
    assert.equal(count, 687)
  })

  it('runs a plan made of an EU rule; over a certificate of another kind it fails', async () => {
    const [set] = ruleSets('DE').filter((each) => each.rule.CertificateType === 'Vaccination') as [RuleSet]
    const { library, planDefinition } = euRuleToFhir(set.rule, { base })
    const environment = testEnvironment([library])
    const lists = valueSets[0] as Record<string, string[]>
    environment.euValueSet = async (id) => ({ canonical: `${base}/ValueSet/${id}|1`, codes: lists[id] ?? [] })
    const rules = testRules(environment)
    for (const { payload, external, expected } of set.tests) {
      const clock = String(external.validationClock ?? '2022-01-01T00:00:00Z')
      const call = {
        data: { resourceType: 'Bundle' as const, type: 'collection' as const },
        clock,
        language: 'de-AT,en;q=0.5',
      }
      const [result] = await rules.evaluatePlan(planDefinition, { ...call, payload: payload ?? {} })
      assert.ok(result)
      if (![(payload as JsonObject | undefined)?.v ?? []].flat().length) {
        assert.match(String(result.issue?.details?.text), /no entry of the kind vaccination/)
        continue
      }
      assert.equal(result.result, expected, JSON.stringify(result))
      assert.equal(result.library, `${base}/Library/${set.rule.Identifier}|${set.rule.Version}`)
      const german = (set.rule.Description as { lang: string; desc: string }[]).find((each) => each.lang === 'de')
      assert.equal(result.message, expected ? undefined : german?.desc)
      for (const other of [{ payload: { t: [{}] } }, {}]) {
        const [failed, ...more] = await rules.evaluatePlan(planDefinition, { ...call, ...other })
        assert.deepEqual([failed?.result, more.length], [null, 0])
        assert.equal(failed?.library, result.library)
        assert.match(
          String(failed?.message),
          /^not determined: the (certificate has no entry|credential is not an EU DCC alone)/,
        )
      }
    }
    await rules.close()
  })
})

const library = (content: Json, type = 'application/certlogic+json'): Library => ({
  resourceType: 'Library',
  url: `${base}/Library/x`,
  status: 'active',
  type: {},
  content: [{ contentType: type, data: Buffer.from(JSON.stringify(content)).toString('base64') }],
})

describe('CertLogic libraries', () => {
  const rules = testRules(testEnvironment())
  const evaluate = async (logic: Json, payload: Json = {}) => {
    const parameters = {
      resourceType: 'Parameters' as const,
      parameter: [{ name: 'payload', valueString: JSON.stringify(payload) }],
    }
    const { results } = await rules.encodeLibrary({
      library: library(logic),
      parameters,
      clock: '2022-01-01T00:00:00Z',
    })
    return results[0]
  }

  it('returns values in their own type and errors for themselves', async () => {
    const shown = async (logic: Json) => {
      const [parameter] = (await evaluate(logic, { n: 3, s: 'x' }))?.parameters ?? []
      return { ...parameter, name: undefined }
    }
    assert.deepEqual(await shown({ var: 'payload.n' }), { name: undefined, valueInteger: 3 })
    assert.deepEqual(await shown({ var: 'payload.s' }), { name: undefined, valueString: 'x' })
    assert.ok('_valueBoolean' in (await shown({ var: 'payload.none' })))
    const failed = await evaluate({ '+': [{ var: 'payload.s' }, 1] }, { s: 'x' })
    assert.equal(failed?.issue?.code, 'exception')
  })

  it('refuses other engines, other logic, other content', async () => {
    const refused = (each: Library) => assert.throws(() => readCertLogic(each), FhirError)
    refused(library({ Engine: 'OTHER', Logic: true }))
    refused(library({ unknown: [1] }))
    refused(library({ '+': ['a'] }))
    refused({ ...library(true), content: [{ contentType: 'application/certlogic+json', data: '????' }] })
    refused({ ...library(true), content: [{ contentType: 'application/certlogic+json' }] })
    const { issues } = await rules.inspector([]).inspect(library({ Engine: 'OTHER', Logic: true }))
    assert.deepEqual(
      issues.map((each) => each.severity),
      ['error'],
    )
    await assert.rejects(
      rules.encodeLibrary({ library: library(true), expressions: ['Other'], clock: '2022' }),
      FhirError,
    )
  })

  it('answers any JSON as logic and payload with a value or a FhirError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.jsonValue(), async (logic, payload) => {
        await evaluate(logic as Json, payload as Json).catch((error: unknown) =>
          assert.ok(error instanceof FhirError, String(error)),
        )
      }),
      { numRuns: 200 },
    )
  })
})

describe('CertLogic over odd data', () => {
  const run = (logic: Json, payload: Json = {}) => evaluateCertLogic(readCertLogic(library(logic)), { payload })
  const after = (left: Json, right: Json) => ({
    after: [{ plusTime: [left, 0, 'day'] }, { plusTime: [right, 0, 'day'] }],
  })
  const date = { var: 'payload.d' }

  it('compares dates that exist, and fails for others, whichever way the rule asks', () => {
    const fine = [
      '2021-09-09',
      '2021',
      '2021-09',
      '2021-09-09T10:00:00Z',
      '2021-09-09T10:00:00+02:00',
      '2021-09-09T10:00:00.5+2',
    ]
    for (const d of fine) assert.deepEqual(run(after(date, '2020-01-01'), { d }), { value: true }, d)
    const wrong = [
      '2021-09-99',
      '2021-02-30',
      '2021-13',
      '2021-00-10',
      '2021-09-09T25:00:00Z',
      '2021-09-09T10:61:00Z',
      '2021-09-09T10:00:00+15:00',
      '09.09.2021',
      '',
      'Ada',
    ]
    for (const d of wrong)
      for (const logic of [
        after(date, '2020-01-01'),
        { '!': [after(date, '2020-01-01')] },
        { dccDateOfBirth: [date] },
      ]) {
        const outcome = run(logic as Json, { d })
        assert.ok('error' in outcome, `${d} ${JSON.stringify(logic)}`)
        assert.ok(d === '' || !JSON.stringify(outcome).includes(d), JSON.stringify(outcome))
      }
    assert.ok('error' in run({ plusTime: ['2021-01-01', 2 ** 40, 'year'] }))
  })

  it('reads own members alone', () => {
    const payload = { v: [{ dn: 1 }], text: 'abc', zero: 0 }
    const read = (path: string) => {
      const outcome = run({ var: `payload.${path}` }, payload)
      return 'value' in outcome ? outcome.value : outcome
    }
    assert.equal(read('v.0.dn'), 1)
    assert.equal(read('zero'), 0)
    for (const path of [
      'constructor',
      '__proto__',
      'toString',
      'hasOwnProperty',
      'v.length',
      'v.map',
      'v.constructor.constructor',
      'v.0x',
      'v.-1',
      'v.1',
      'text.length',
      'text.0',
      'text.constructor',
      'zero.toFixed',
      'none.more',
    ])
      assert.equal(read(path), null, path)
  })

  it('says why it failed without a value of the certificate', () => {
    const payload = { s: 'Ada Specimen', list: ['Ada'], object: { name: 'Ada' } }
    const logics: Json[] = [
      { '+': [{ var: 'payload.s' }, 1] },
      { '<': [{ var: 'payload.s' }, 1] },
      { in: ['x', { var: 'payload.s' }] },
      { plusTime: [{ var: 'payload.s' }, 0, 'day'] },
      { plusTime: [{ var: 'payload.list' }, 0, 'day'] },
      { dccDateOfBirth: [{ var: 'payload.s' }] },
      { extractFromUVCI: [{ var: 'payload.list' }, 0] },
      { reduce: [{ var: 'payload.s' }, true, true] },
      { after: [{ var: 'payload.s' }, { var: 'payload.s' }] },
    ]
    for (const logic of logics) {
      const outcome = run(logic, payload)
      assert.ok('error' in outcome, JSON.stringify(logic))
      assert.doesNotMatch(JSON.stringify(outcome), /Ada/)
    }
  })

  it('answers any payload with a value or an issue', () => {
    const logic = { if: [after(date, '2020-01-01'), { '===': [{ var: 'payload.a.0' }, 1] }, false] }
    fc.assert(
      fc.property(fc.record({ d: fc.jsonValue(), a: fc.jsonValue() }), (payload) => {
        const outcome = run(logic as Json, payload as Json)
        assert.ok('value' in outcome || outcome.error.code === 'exception')
      }),
    )
  })
})

describe('EU rule → FHIR', () => {
  const rule = {
    Identifier: 'VR-DE-0001',
    Type: 'Acceptance',
    Country: 'DE',
    Version: '1.0.0',
    SchemaVersion: '1.0.0',
    Engine: 'CERTLOGIC',
    EngineVersion: '0.7.5',
    CertificateType: 'Vaccination',
    Description: [
      { lang: 'de', desc: 'Nur eine Impfung.' },
      { lang: 'en', desc: 'One vaccination only.' },
    ],
    ValidFrom: '2021-07-03T00:00:00Z',
    ValidTo: '2030-06-01T00:00:00Z',
    AffectedFields: ['v.0'],
    Logic: true,
  }

  it('keeps identity, period, kind, texts and the rule itself', () => {
    const { library: made, planDefinition } = euRuleToFhir(rule, { base })
    assert.equal(made.url, `${base}/Library/VR-DE-0001`)
    assert.equal(made.name, 'VR_DE_0001')
    assert.deepEqual(JSON.parse(Buffer.from(made.content?.[0]?.data ?? '', 'base64').toString()), rule)
    assert.deepEqual(planDefinition.library, [`${base}/Library/VR-DE-0001|1.0.0`])
    assert.deepEqual(planDefinition.effectivePeriod, { start: rule.ValidFrom, end: rule.ValidTo })
    assert.equal(planDefinition.description, 'One vaccination only.')
    assert.equal(planDefinition.action?.[0]?.code?.[0]?.coding?.[0]?.code, 'acceptance')
    assert.throws(() => euRuleToFhir({ ...rule, Version: '' }, { base }), FhirError)
  })

  it('is chosen by country, kind, clock and version; invalidation rules by the issuing country', () => {
    const plan = (change: object) => euRuleToFhir({ ...rule, ...change } as JsonObject, { base }).planDefinition
    const plans: PlanDefinition[] = [
      plan({}),
      plan({ Version: '1.10.0' }),
      plan({ Version: '1.9.0' }),
      plan({ Version: '2.0.0', ValidFrom: '2029-01-01T00:00:00Z' }),
      plan({ Identifier: 'IR-FR-0001', Type: 'Invalidation', Country: 'FR' }),
      plan({ Identifier: 'TR-DE-0001', CertificateType: 'Test' }),
      plan({ Identifier: 'GR-DE-0001', CertificateType: 'General' }),
    ]
    const choice = {
      jurisdiction: 'DEU',
      issuerCountry: 'FR',
      kinds: ['vaccination'],
      clock: new Date('2022-01-01T00:00:00Z'),
    }
    const names = (change: object) =>
      selectPlans(plans, { ...choice, ...change }).map((each) => `${each.identifier?.[0]?.value} ${each.version}`)
    assert.deepEqual(names({}), ['VR-DE-0001 1.10.0', 'IR-FR-0001 1.0.0', 'GR-DE-0001 1.0.0'])
    assert.deepEqual(names({ clock: new Date('2029-06-01T00:00:00Z') })[0], 'VR-DE-0001 2.0.0')
    assert.deepEqual(names({ jurisdiction: 'AT', issuerCountry: 'AT' }), [])
    assert.deepEqual(names({ kinds: ['test'], issuerCountry: undefined }), ['TR-DE-0001 1.0.0', 'GR-DE-0001 1.0.0'])
  })
})
