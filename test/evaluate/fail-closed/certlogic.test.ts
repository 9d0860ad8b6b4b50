/** CertLogic rules see the certificate on every way in, and fail where there is nothing to see. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { Json } from '../../../src/base/json-value.ts'
import type { Library } from '../../../src/fhir/types.ts'
import { euRuleToFhir } from '../../../src/rules/certlogic/eu-rule.ts'
import { dccOf, dose, genuineDcc, openVerdicts, question, specimen, specimenOfTwo } from '../../support/verdicts.ts'

const { ask, store } = await openVerdicts()
const base = 'http://example.org/fhir'
const vaccination = specimen('dcc-v')
const country = (valueCode: string) => ({ name: 'jurisdiction', valueCode })

const rule = (identifier: string, logic: Json, change: object = {}) =>
  euRuleToFhir(
    {
      Identifier: identifier,
      Type: 'Acceptance',
      Country: 'DE',
      Version: '1.0.0',
      SchemaVersion: '1.0.0',
      Engine: 'CERTLOGIC',
      EngineVersion: '0.7.5',
      CertificateType: 'Vaccination',
      Description: [{ lang: 'en', desc: 'Not fulfilled' }],
      ValidFrom: '2021-01-01T00:00:00Z',
      ValidTo: '2030-01-01T00:00:00Z',
      AffectedFields: [],
      Logic: logic,
      ...change,
    } as never,
    { base },
  )

const variable = (path: string) => ({ var: path })
const rules: Record<string, [logic: Json, change?: object]> = {
  'VR-DE-0001': [{ '===': [variable('payload.v.0.dn'), variable('payload.v.0.sd')] }],
  'VR-DE-0002': [{ '!': [variable('payload')] }],
  'VR-DE-0003': [{ '===': [variable('external.countryCode'), 'DE'] }],
  'VR-DE-0004': [{ '===': [variable('external.issuerCountryCode'), 'XA'] }],
  'VR-DE-0005': [{ in: [variable('payload.v.0.mp'), variable('external.valueSets.vaccines-covid-19-names')] }],
  'VR-DE-0006': [{ '!': [{ in: [variable('payload.v.0.mp'), variable('external.valueSets.nobody-knows')] }] }],
  'VR-DE-0007': [variable('payload.v.0.mp')],
  'VR-DE-0008': [variable('payload.v.0.none')],
  'VR-DE-0009': [
    { after: [{ plusTime: [variable('payload.v.0.dt'), 0, 'day'] }, { plusTime: ['2020-01-01', 0, 'day'] }] },
  ],
  'VR-DE-0010': [
    {
      '!': [{ after: [{ plusTime: [variable('payload.v.0.dt'), 0, 'day'] }, { plusTime: ['2020-01-01', 0, 'day'] }] }],
    },
  ],
  'VR-DE-0011': [{ if: [variable('payload.constructor'), true, false] }],
  'VR-DE-0012': [{ if: [variable('payload.__proto__'), true, false] }],
  'TR-DE-0001': [true, { CertificateType: 'Test' }],
  'GR-DE-0001': [true, { CertificateType: 'General' }],
}

before(async () => {
  for (const [identifier, [logic, change]] of Object.entries(rules)) {
    const { library, planDefinition } = rule(identifier, logic, change)
    // On request alone, so that the tests do not meet each other's rules.
    await store(library, { ...planDefinition, status: 'draft' })
  }
})

const named = (identifier: string) => ({
  library: { name: 'library', valueCanonical: `${base}/Library/${identifier}|1.0.0` },
  plan: { name: 'planDefinition', valueCanonical: `${base}/PlanDefinition/${identifier}|1.0.0` },
})

/** Result of one rule by library and by plan, which must agree. */
async function results(identifier: string, credential = vaccination) {
  const { library, plan } = named(identifier)
  const [byLibrary, byPlan] = await Promise.all(
    [library, plan].map((each) => ask(question(credential, each, country('DE')))),
  )
  assert.equal(byLibrary?.decision, byPlan?.decision, identifier)
  assert.equal(byLibrary?.rules.length, 1)
  assert.equal(byPlan?.rules.length, 1)
  assert.equal(byLibrary?.rules[0]?.result, byPlan?.rules[0]?.result, identifier)
  assert.equal(byLibrary?.rules[0]?.library, `${base}/Library/${identifier}|1.0.0`)
  return {
    decision: byLibrary?.decision,
    result: byLibrary?.rules[0]?.result,
    message: byLibrary?.rules[0]?.message ?? '',
  }
}

describe('by library as by plan', () => {
  const cases: [identifier: string, decision: string, result: boolean | null, message?: RegExp][] = [
    ['VR-DE-0001', 'accepted', true],
    ['VR-DE-0002', 'rejected', false],
    ['VR-DE-0003', 'accepted', true],
    ['VR-DE-0004', 'accepted', true],
    ['VR-DE-0005', 'accepted', true],
    ['VR-DE-0006', 'undetermined', null, /value set nobody-knows is not known/],
    ['VR-DE-0007', 'undetermined', null, /not Boolean/],
    ['VR-DE-0008', 'undetermined', null, /payload\.v\.0\.none is missing/],
    ['VR-DE-0009', 'accepted', true],
    ['VR-DE-0010', 'rejected', false],
    ['VR-DE-0011', 'rejected', false],
    ['VR-DE-0012', 'rejected', false],
    ['TR-DE-0001', 'undetermined', null, /no entry of the kind test/],
    ['GR-DE-0001', 'accepted', true],
  ]
  for (const [identifier, decision, result, message = /^/] of cases)
    it(`${identifier}: ${result}`, async () => {
      const found = await results(identifier)
      assert.deepEqual([found.decision, found.result], [decision, result], found.message)
      assert.match(found.message, message)
    })

  for (const dt of ['2021-09-99', '2021-02-30', '2021-13-01', '2021-06-01T25:00:00Z', 'yesterday'])
    it(`a date that does not exist (${dt}) fails the rule and its opposite`, async () => {
      const credential = genuineDcc(dccOf({ v: [dose({ dt })] }))
      for (const identifier of ['VR-DE-0009', 'VR-DE-0010']) {
        const { decision, result, message } = await results(identifier, credential)
        assert.notEqual(decision, 'accepted')
        assert.equal(result, null)
        assert.ok(!message.includes(dt), message)
      }
    })

  it('alpha-3 and no jurisdiction at all', async () => {
    const { library } = named('VR-DE-0003')
    assert.equal((await ask(question(vaccination, library, country('DEU')))).decision, 'accepted')
    // Nobody knows the verifying country, so nobody knows whether it is this one.
    const without = await ask(question(vaccination, library))
    assert.equal(without.decision, 'undetermined')
    assert.match(without.rules[0]?.message ?? '', /external\.countryCode is not known/)
  })

  it('what the request sends as payload is refused: a CertLogic library declares no parameters', async () => {
    const payload = { name: 'payload', valueString: JSON.stringify({ v: [{ dn: 1, sd: 1 }] }) }
    const parameters = { name: 'parameters', resource: { resourceType: 'Parameters', parameter: [payload] } }
    const { http, issues } = await ask(question(vaccination, named('VR-DE-0001').library, parameters as never))
    assert.equal(http, 422)
    assert.match(issues[0] ?? '', /none of the rules has parameters/)
  })

  it('the one define is Logic', async () => {
    const { library } = named('VR-DE-0001')
    const asked = (valueString: string) => ask(question(vaccination, library, { name: 'expression', valueString }))
    assert.equal((await asked('Logic')).decision, 'accepted')
    assert.match((await asked('Logik')).issues[0] ?? '', /nearest one is "Logic"/)
  })
})

describe('a credential that is no EU DCC', () => {
  it('fails the rules that were named and those that were selected', async () => {
    const flat = specimen('ddcc-vs')
    const { library, plan } = named('VR-DE-0001')
    for (const more of [library, plan]) {
      const { decision, rules } = await ask(question(flat, more))
      assert.equal(decision, 'undetermined')
      assert.match(rules[0]?.message ?? '', /is not an EU DCC alone/)
    }
    const { planDefinition } = rule('VR-DE-0001', true)
    await store({ ...planDefinition, id: 'selected', url: `${base}/PlanDefinition/selected`, status: 'active' })
    const { decision, rules } = await ask(question(flat, country('DE')))
    assert.equal(decision, 'undetermined')
    const selected = rules.find((each) => each.planDefinition.startsWith(`${base}/PlanDefinition/selected`))
    assert.equal(selected?.result, null)
    const elsewhere = await ask(question(flat, country('FR')))
    assert.ok(elsewhere.rules.every((each) => !each.planDefinition.startsWith(base)))
  })
})

describe('a library that cannot be read', () => {
  it('is a failed rule', async () => {
    const broken: Library = {
      ...rule('VR-DE-0099', true).library,
      content: [{ contentType: 'application/certlogic+json', data: Buffer.from('{"+":["a"]}').toString('base64') }],
    }
    await store(broken)
    const { decision, rules } = await ask(question(vaccination, named('VR-DE-0099').library))
    assert.equal(decision, 'undetermined')
    assert.equal(rules[0]?.result, null)
  })
})

describe('a credential that certifies more than its EU DCC', () => {
  it('is not judged by the DCC alone: a rule that no vaccination is there does not see that of the other subclaim', async () => {
    const { library, planDefinition } = rule(
      'GR-DE-0003',
      { '!': [variable('payload.v.0')] },
      { CertificateType: 'General' },
    )
    await store(library)
    await store(planDefinition)
    const asked = { name: 'planDefinition', valueCanonical: `${planDefinition.url}|${planDefinition.version}` }
    assert.equal((await ask(question(specimen('dcc-t'), asked))).decision, 'accepted')
    const both = await ask(question(specimenOfTwo('dcc-t', 'ddcc-vs'), asked))
    assert.equal(both.decision, 'undetermined')
    assert.match(both.rules[0]?.message ?? '', /is not an EU DCC alone/)
  })
})
