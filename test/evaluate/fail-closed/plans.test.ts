/** A rule set that cannot be understood is a failed rule, never one that does not exist. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { PlanDefinition } from '../../../src/fhir/types.ts'
import { openVerdicts, question, ruleLibrary, rulePlan, specimen } from '../../support/verdicts.ts'

const { ask, store } = await openVerdicts()
const vaccination = specimen('dcc-v')
const recovery = specimen('dcc-r')
const own = 'http://vidimus.org/fhir/CodeSystem'
const named = (name: string, version = '') => ({
  name: 'planDefinition',
  valueCanonical: `http://example.org/PlanDefinition/${name}${version}`,
})

type Action = NonNullable<PlanDefinition['action']>[number]
const condition = (expression: string, change: object = {}) => ({
  kind: 'applicability' as const,
  expression: { language: 'text/cql-identifier' as never, expression },
  ...change,
})
const useContext = (code: string, value: object, system?: string) => [
  { code: { system: system ?? 'http://terminology.hl7.org/CodeSystem/usage-context-type', code }, ...value },
]
const focus = (code: string, system = `${own}/certificate-kind`) =>
  useContext('focus', { valueCodeableConcept: { coding: [{ system, code }] } }) as never
const typed = (code: string, system = 'http://terminology.hl7.org/CodeSystem/plan-definition-type') => ({
  type: { coding: [{ system, code }] },
})
const ruleType = (code: string, system = `${own}/rule-type`): Partial<Action> => ({
  code: [{ coding: [{ system, code }] }],
})
const action = (change: object): Action[] => [{ title: 'A', condition: [condition('Good')], ...change }]
const country = (code: string) => [{ coding: [{ system: 'urn:iso:std:iso:3166', code }] }]

before(() =>
  store(
    ruleLibrary(
      'Rules',
      `context Patient
      define Good: true
      define Bad: false
      define Unknown: null as Boolean
      define Number: 5
      define Fails: singleton from { true, true }`,
    ),
  ),
)

/** Asks with one plan stored, for CH alone, by default and by name; then takes the plan away. */
async function withPlan(change: Partial<PlanDefinition>, credential = vaccination) {
  const plan = rulePlan('Tried', ['Good'], { jurisdiction: country('CH'), ...change })
  await store(plan)
  const inSwitzerland = { name: 'jurisdiction', valueCode: 'CH' }
  const byDefault = await ask(question(credential, inSwitzerland))
  const elsewhere = await ask(question(credential, { name: 'jurisdiction', valueCode: 'FR' }))
  const byName = await ask(question(credential, named('Tried', `|${plan.version}`)))
  await store({ ...plan, status: 'retired', type: typed('order-set').type })
  const tried = (rules: typeof byName.rules) => rules.filter((each) => each.planDefinition.includes('/Tried'))
  return { byDefault, elsewhere, byName, tried }
}

describe('a rule set that is understood', () => {
  it('is selected where and for what it says', async () => {
    const { byDefault, elsewhere, byName, tried } = await withPlan({})
    assert.equal(byDefault.decision, 'accepted')
    assert.deepEqual(
      [tried(byDefault.rules).length, tried(elsewhere.rules).length, tried(byName.rules).length],
      [1, 0, 1],
    )
    const kinds = await withPlan({ useContext: focus('recovery') })
    assert.equal(kinds.tried(kinds.byDefault.rules).length, 0)
    assert.equal(kinds.byName.decision, 'accepted', 'who names a rule decides about what')
    const later = await withPlan({ effectivePeriod: { start: '2027-01-01' } })
    assert.equal(later.tried(later.byDefault.rules).length, 0)
    assert.ok(later.byName.issues.some((each) => /not in force/.test(each)))
    const request = await withPlan({ useContext: focus('on-request') })
    assert.equal(request.tried(request.byDefault.rules).length, 0)
  })
})

describe('a rule set that is not understood is selected, and fails', () => {
  const cases: [name: string, change: Partial<PlanDefinition>, why: RegExp][] = [
    ['kind misspelt', { useContext: focus('vacination') }, /certificate kind/],
    ['kind in capitals', { useContext: focus('Recovery') }, /certificate kind/],
    ['kind of another system', { useContext: focus('recovery', 'http://example.org/kinds') }, /certificate kind/],
    [
      'kind without coding',
      { useContext: useContext('focus', { valueCodeableConcept: { text: 'recovery' } }) as never },
      /certificate kind/,
    ],
    [
      'kind as quantity',
      { useContext: useContext('focus', { valueQuantity: { value: 1 } }) as never },
      /certificate kind/,
    ],
    [
      'context misspelt',
      { useContext: useContext('fokus', { valueCodeableConcept: { coding: [{ code: 'recovery' }] } }) as never },
      /other than focus/,
    ],
    [
      'context of another kind',
      { useContext: useContext('venue', { valueCodeableConcept: { coding: [{ code: 'border' }] } }) as never },
      /other than focus/,
    ],
    [
      'context of another system',
      {
        useContext: useContext(
          'focus',
          { valueCodeableConcept: { coding: [{ code: 'recovery' }] } },
          'http://example.org/x',
        ) as never,
      },
      /other than focus/,
    ],
    ['type misspelt', typed('eca-rul'), /type is not eca-rule/],
    ['type in capitals', typed('ECA-RULE'), /type is not eca-rule/],
    ['no type, with own codes', { type: undefined as never, useContext: focus('vaccination') }, /type is not eca-rule/],
    [
      'type of another system, with own codes',
      { ...typed('rule', 'http://example.org/types'), action: action(ruleType('acceptance')) },
      /type is not eca-rule/,
    ],
    ['period that does not exist', { effectivePeriod: { start: '2021-13-01' } }, /effectivePeriod cannot be read/],
    ['period without zone', { effectivePeriod: { end: '2021-01-01T00:00:00' } }, /effectivePeriod cannot be read/],
    ['period backwards', { effectivePeriod: { start: '2027', end: '2026' } }, /ends before it starts/],
    ['period without bounds', { effectivePeriod: {} }, /effectivePeriod cannot be read/],
    ['rule type misspelt', { action: action(ruleType('invalidaton')) }, /acceptance or invalidation/],
    [
      'rule type of another system',
      { action: action(ruleType('invalidation', 'http://example.org/x')) },
      /acceptance or invalidation/,
    ],
    [
      'both rule types',
      { action: [...action(ruleType('acceptance')), ...action(ruleType('invalidation'))] },
      /different countries/,
    ],
    ['status that FHIR does not have', { status: 'aktive' as never, version: '2' }, /status is none/],
    ['no action', { action: [] as never }, /no action|shaped/],
    [
      'modifier extension',
      { modifierExtension: [{ url: 'http://example.org/not', valueBoolean: true }] } as never,
      /modifierExtension/,
    ],
    [
      'modifier extension below',
      { action: action({ modifierExtension: [{ url: 'http://example.org/not', valueBoolean: true }] }) },
      /modifierExtension/,
    ],
    ['rules that it was made under', { implicitRules: 'http://example.org/rules' }, /implicitRules/],
    ['about something else', { subjectCodeableConcept: { coding: [{ code: 'Device' }] } }, /than a patient/],
    ['a shape that FHIR does not have', { useContext: { code: 'focus' } as never }, /not shaped/],
    ['another shape', { action: { title: 'x' } as never }, /not shaped/],
    ['library that is missing', { library: ['http://example.org/Library/Gone|1'] }, /Gone\|1 is not known/],
    ['library in another version', { library: ['http://example.org/Library/Rules|2'] }, /Rules\|2 is not known/],
    ['no library', { library: [] as never }, /names no library/],
    [
      'two libraries',
      { library: ['http://example.org/Library/Rules|1', 'http://example.org/Library/Gone|1'] },
      /names 2 libraries/,
    ],
    ['define that is missing', { action: action({ condition: [condition('Godo')] }) }, /no define "Godo"/],
    ['define that is not Boolean', { action: action({ condition: [condition('Number')] }) }, /not Boolean/],
    ['define that fails', { action: action({ condition: [condition('Fails')] }) }, /singleton/i],
    ['no condition', { action: [{ title: 'A' }] }, /states nothing/],
    ['no condition below', { action: [{ title: 'G', action: [{ title: 'A' }] }] }, /states nothing/],
    [
      'condition of another kind',
      { action: action({ condition: [condition('Good', { kind: 'start' })] }) },
      /kind applicability/,
    ],
    [
      'condition of an unknown kind',
      { action: action({ condition: [condition('Good', { kind: 'aplicability' })] }) },
      /kind applicability/,
    ],
    ['condition without expression', { action: action({ condition: [{ kind: 'applicability' }] }) }, /no language/],
    [
      'condition in another language',
      {
        action: action({
          condition: [condition('', { expression: { language: 'text/fhirpath', expression: 'true' } })],
        }),
      },
      /text\/fhirpath are not supported/,
    ],
    ['empty expression', { action: action({ condition: [condition(' ')] }) }, /no expression/],
    [
      'inline CQL with an error',
      {
        action: action({
          condition: [condition('', { expression: { language: 'text/cql', expression: '1 + true' } })],
        }),
      },
      /Could not resolve/,
    ],
    [
      'CertLogic of a CQL library',
      {
        action: action({
          condition: [condition('', { expression: { language: 'application/certlogic+json', expression: 'Logic' } })],
        }),
      },
      /not written in CertLogic/,
    ],
    [
      'selection misspelt',
      { action: [{ title: 'G', selectionBehavior: 'anny' as never, action: action({}) }] },
      /selectionBehavior/,
    ],
    ['grouping misspelt', { action: action({ groupingBehavior: 'logical' }) }, /groupingBehavior/],
    ['a rule that may be left out', { action: action({ requiredBehavior: 'could' }) }, /requiredBehavior/],
    [
      'another rule set in its place',
      { action: action({ definitionCanonical: 'http://example.org/PlanDefinition/other' }) },
      /another PlanDefinition/,
    ],
  ]
  for (const [name, change, why] of cases)
    it(name, async () => {
      const { byDefault, elsewhere, byName, tried } = await withPlan(change)
      for (const verdict of [byDefault, byName]) {
        assert.equal(verdict.http, 200)
        assert.equal(verdict.decision, 'undetermined', JSON.stringify(verdict.rules))
        const failed = tried(verdict.rules).filter((each) => each.result === null)
        assert.ok(failed.length > 0)
        assert.match(failed.map((each) => each.message).join(), why)
        assert.match(failed[0]?.planDefinition ?? '', /^http:\/\/example\.org\/PlanDefinition\/Tried\|/)
        assert.ok(verdict.issues.some((each) => why.test(each)))
      }
      // Of a plan that is not shaped as FHIR wants it nobody can say where it applies.
      assert.equal(tried(elsewhere.rules).length > 0, why.test('not shaped') && !why.test('no action'))
    })

  for (const code of ['CHX', 'C', '756', 'Switzerland'])
    it(`a jurisdiction that cannot be read (${code}) is everywhere`, async () => {
      const { elsewhere, tried } = await withPlan({ jurisdiction: country(code) })
      assert.equal(elsewhere.decision, 'undetermined')
      assert.match(tried(elsewhere.rules)[0]?.message ?? '', /ISO 3166/)
    })

  it('a code of another system is none of a country', async () => {
    const jurisdiction = [{ coding: [{ system: 'http://example.org/states', code: 'CH' }] }]
    const { elsewhere, tried } = await withPlan({ jurisdiction })
    assert.match(tried(elsewhere.rules)[0]?.message ?? '', /ISO 3166/)
  })

  it('a subdivision stands for its country, M49 001 for the world', async () => {
    const canton = await withPlan({ jurisdiction: country('CH-ZH') })
    assert.deepEqual([canton.tried(canton.byDefault.rules).length, canton.tried(canton.elsewhere.rules).length], [1, 0])
    const world = await withPlan({ jurisdiction: country('001') })
    assert.equal(world.tried(world.elsewhere.rules).length, 1)
  })

  it('another plan is none of ours, unless it is named', async () => {
    for (const change of [
      typed('order-set'),
      { type: undefined as never },
      typed('other', 'http://example.org/types'),
    ]) {
      const { byDefault, byName, tried } = await withPlan(change)
      assert.equal(tried(byDefault.rules).length, 0)
      assert.equal(byDefault.decision, 'accepted')
      assert.equal(byName.decision, 'undetermined')
    }
  })
})

describe('alternatives', () => {
  const group = (...names: string[]) => [
    {
      title: 'G',
      selectionBehavior: 'any' as const,
      action: names.map((each) => ({ title: each, condition: [condition(each)] })),
    },
  ]
  const cases: [names: string[], decision: string][] = [
    [['Bad', 'Good'], 'accepted'],
    [['Unknown', 'Good'], 'accepted'],
    [['Bad', 'Unknown'], 'undetermined'],
    [['Bad', 'Bad'], 'rejected'],
    [['Fails', 'Good'], 'undetermined'],
    [['Gone', 'Good'], 'undetermined'],
    [['Number', 'Good'], 'undetermined'],
  ]
  for (const [names, decision] of cases)
    it(`${names.join(' or ')}: ${decision}`, async () => {
      const { byName } = await withPlan({ action: group(...names) })
      assert.equal(byName.decision, decision)
      assert.equal(byName.rules.length, 1)
    })
})

describe('versions', () => {
  const version = (version: string, expression: string, change: Partial<PlanDefinition> = {}) =>
    rulePlan('Many', [expression], { id: `many-${version}`, version, jurisdiction: country('CH'), ...change })
  const decision = async (...more: object[]) => (await ask(question(vaccination, ...(more as [])))).decision

  it('without one the highest that is active and in force; with one that', async () => {
    await store(
      version('1.9.0', 'Bad'),
      version('1.10.0', 'Good'),
      version('2.0.0', 'Bad', { status: 'draft' }),
      version('3.0.0', 'Bad', { effectivePeriod: { start: '2030' } }),
    )
    const { rules, decision: found } = await ask(question(vaccination, named('Many')))
    assert.equal(found, 'accepted')
    assert.equal(rules[0]?.planDefinition, 'http://example.org/PlanDefinition/Many|1.10.0')
    assert.equal(await decision(named('Many', '|1.9.0')), 'rejected')
    const draft = await ask(question(vaccination, named('Many', '|2.0.0')))
    assert.equal(draft.decision, 'rejected')
    assert.ok(draft.issues.some((each) => /Many\|2\.0\.0 is not active: its status is draft/.test(each)))
  })

  it('a version that took the place of another is chosen, also when it says something else', async () => {
    await store(version('1.11.0', 'Good', { useContext: focus('recovery') }))
    const { rules } = await ask(question(vaccination, { name: 'jurisdiction', valueCode: 'CH' }))
    assert.ok(rules.every((each) => !each.planDefinition.includes('/Many')))
    const recovered = await ask(question(recovery, { name: 'jurisdiction', valueCode: 'CH' }))
    assert.ok(recovered.rules.some((each) => each.planDefinition.endsWith('/Many|1.11.0')))
  })

  it('two of one version both', async () => {
    await store(rulePlan('Twice', ['Good'], { id: 'twice-a' }), rulePlan('Twice', ['Bad'], { id: 'twice-b' }))
    const { decision: found, rules } = await ask(question(vaccination, named('Twice')))
    assert.equal(found, 'rejected')
    assert.equal(rules.length, 2)
    await store(
      rulePlan('Twice', ['Good'], { id: 'twice-a', status: 'retired' }),
      rulePlan('Twice', ['Bad'], { id: 'twice-b', status: 'retired' }),
    )
  })

  it('a draft library never takes the place of the active one; two that differ are none', async () => {
    await store(
      ruleLibrary('Lib', 'context Patient define Good: true', { id: 'lib-1', version: '1' }),
      ruleLibrary('Lib', 'context Patient define Good: false', { id: 'lib-2', version: '2', status: 'draft' }),
    )
    const library = { name: 'library', valueCanonical: 'http://example.org/Library/Lib' }
    const { decision: found, rules } = await ask(question(vaccination, library))
    assert.equal(found, 'accepted')
    assert.equal(rules[0]?.library, 'http://example.org/Library/Lib|1')
    await store(ruleLibrary('Lib', 'context Patient define Good: false', { id: 'lib-3', version: '1' }))
    const twice = await ask(question(vaccination, library))
    assert.equal(twice.decision, 'undetermined')
    assert.match(twice.rules[0]?.message ?? '', /stored more than once/)
  })
})

describe('invalidation rules', () => {
  it('are chosen by the country that issued', async () => {
    const plan = (code: string) =>
      rulePlan('Void', ['Bad'], {
        jurisdiction: country(code),
        action: action({ ...ruleType('invalidation'), condition: [condition('Bad')] }),
      })
    await store(plan('XA'))
    assert.equal((await ask(question(vaccination))).decision, 'rejected')
    await store(plan('XB'))
    assert.equal((await ask(question(vaccination, { name: 'jurisdiction', valueCode: 'XB' }))).decision, 'accepted')
    await store({ ...plan('XA'), status: 'retired' })
  })
})
