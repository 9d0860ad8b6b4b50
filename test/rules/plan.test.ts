import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../src/fhir/error.ts'
import type { PlanDefinition } from '../../src/fhir/types.ts'
import { inForce, selectPlans } from '../../src/rules/select-plans.ts'
import { and, countTrue, or } from '../../src/rules/three-valued.ts'
import { translated } from '../../src/rules/translation.ts'
import { cqlLibrary, testEnvironment, testRules } from './environment.ts'

type Action = NonNullable<PlanDefinition['action']>[number]

const clock = '2026-01-01T00:00:00Z'
const data = { resourceType: 'Bundle' as const, type: 'collection' as const }
const library = cqlLibrary(`library Checks version '2'
using FHIR version '4.0.1'
parameter Needed Integer default 2
context Patient
define Doses: Count([Immunization])
define Yes: true
define No: Doses >= Needed
define Unknown: null as Boolean
define Number: 5
define "No Reasons": { Tuple { wanted: Needed, found: Doses } }
define Breaks: Message(true, true, 'E', 'Error', 'broken')`)

const condition = (expression: string, language = 'text/cql-identifier') => ({
  kind: 'applicability' as const,
  expression: { language: language as never, expression },
})
const check = (expression: string, more: Partial<Action> = {}): Action => ({
  title: expression,
  condition: [condition(expression)],
  ...more,
})
const planOf = (action: Action[], more: Partial<PlanDefinition> = {}): PlanDefinition => ({
  resourceType: 'PlanDefinition',
  url: 'http://example.org/PlanDefinition/plan',
  version: '1',
  status: 'active',
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/plan-definition-type', code: 'eca-rule' }] },
  library: ['http://example.org/Library/Checks|2'],
  action,
  ...more,
})

describe('plans', () => {
  const rules = testRules(testEnvironment([library]))
  after(() => rules.close())
  const run = async (action: Action[], more: Partial<PlanDefinition> = {}, language?: string) =>
    rules.evaluatePlan(planOf(action, more), { data, clock, ...(language ? { language } : {}) })
  const shown = async (action: Action[]) => (await run(action)).map((each) => [each.action, each.result])

  it('answers each action, three-valued, with library and expression', async () => {
    const [yes, no, unknown] = await run([check('Yes'), check('"No"'), check('Unknown')])
    assert.deepEqual([yes?.result, no?.result, unknown?.result], [true, false, null])
    assert.equal(yes?.planDefinition, 'http://example.org/PlanDefinition/plan|1')
    assert.equal(yes?.library, 'http://example.org/Library/Checks|2')
  })

  it('gives reasons and what the define used as evidence', async () => {
    const [no] = await run([check('No')])
    assert.deepEqual(no?.evidence, [
      { name: 'No Reasons', value: { wanted: 2, found: 0 } },
      { name: 'Needed', value: 2 },
      { name: 'Doses', value: 0 },
    ])
  })

  it('runs nested actions only when the parent holds', async () => {
    const nested = { action: [check('Yes'), check('No')] }
    assert.deepEqual(await shown([{ title: 'group', ...nested }]), [
      ['Yes', true],
      ['No', false],
    ])
    assert.deepEqual(await shown([check('No', nested)]), [['No', false]])
    assert.deepEqual(await shown([check('Unknown', nested)]), [['Unknown', null]])
  })

  it('makes one result of alternatives', async () => {
    const group = (selectionBehavior: NonNullable<Action['selectionBehavior']>, ...names: string[]): Action => ({
      title: 'group',
      selectionBehavior,
      action: names.map((each) => check(each)),
    })
    assert.deepEqual(await shown([group('any', 'No', 'Yes')]), [['group', true]])
    assert.deepEqual(await shown([group('any', 'No', 'Unknown')]), [['group', null]])
    assert.deepEqual(await shown([group('one-or-more', 'No', 'No')]), [['group', false]])
    assert.deepEqual(await shown([group('exactly-one', 'Yes', 'Yes')]), [['group', false]])
    assert.deepEqual(await shown([group('all-or-none', 'No', 'No')]), [['group', true]])
    assert.deepEqual(await shown([group('at-most-one', 'Yes', 'No')]), [['group', true]])
    const [result] = await run([group('any', 'No', 'Yes')])
    assert.deepEqual(
      result?.evidence.map((each) => each.name),
      ['No', 'No Reasons', 'Needed', 'Doses', 'Yes'],
    )
  })

  it('runs inline CQL that refers to the library', async () => {
    const inline = (expression: string) => ({ title: 'inline', condition: [condition(expression, 'text/cql')] })
    const results = await run([inline('Checks.Doses = 0 and Checks.Yes'), inline('1 + true'), inline('Checks.Nothing')])
    assert.deepEqual(
      results.map((each) => [each.result, each.issue !== undefined, each.library]),
      [
        [true, false, 'http://example.org/Library/Checks|2'],
        [null, true, 'http://example.org/Library/Checks|2'],
        [null, true, 'http://example.org/Library/Checks|2'],
      ],
    )
  })

  it('is undetermined where a rule cannot be run, and says why', async () => {
    const results = await run([
      check('Breaks'),
      check('Number'),
      check('Nothing'),
      { condition: [condition('x', 'text/x')] },
    ])
    assert.ok(results.every((each) => each.result === null && each.issue))
    assert.match(results[0]?.issue?.details?.text ?? '', /E: broken/)
    assert.match(results[1]?.issue?.details?.text ?? '', /not Boolean/)
    assert.match(results[2]?.issue?.details?.text ?? '', /has no define "Nothing"/)
    assert.match(results[3]?.issue?.details?.text ?? '', /text\/x are not supported/)
    const [missing] = await run([check('Yes')], { library: ['http://example.org/Library/Gone|1'] })
    assert.match(missing?.issue?.details?.text ?? '', /Gone\|1 is not known/)
    assert.equal(missing?.result, null)
  })

  const translation = (lang: string, content: string) => ({
    url: 'http://hl7.org/fhir/StructureDefinition/translation',
    extension: [
      { url: 'lang', valueCode: lang },
      { url: 'content', valueString: content },
    ],
  })

  it('tells its title as it is written, and beside it in the language asked for, whatever became of it', async () => {
    const titled = {
      title: 'Two doses',
      _title: { extension: [translation('de', 'Zwei Dosen'), translation('fr', ' ')] },
    }
    const german = { language: 'de', text: 'Zwei Dosen' }
    for (const define of ['Yes', 'No', 'Nothing', 'Breaks']) {
      const titles = async (language?: string) => {
        const [rule] = await run([check(define, titled)], {}, language)
        return [rule?.action, rule?.actionTranslation]
      }
      assert.deepEqual(await titles('de-AT, en;q=0.5'), ['Two doses', german], define)
      for (const language of [undefined, 'en, de;q=0.5', 'fr', 'x'])
        assert.deepEqual(await titles(language), ['Two doses', undefined], `${define} ${language}`)
    }
    const group = { ...titled, selectionBehavior: 'any' as const, action: [check('No'), check('Yes')] }
    assert.deepEqual((await run([group], {}, 'de'))[0]?.actionTranslation, german)
    const described = { description: 'Doses', _description: { extension: [translation('de', 'Dosen')] } }
    const [plain] = await run([{ ...described, condition: [condition('Yes')] }], {}, 'de')
    assert.deepEqual([plain?.action, plain?.actionTranslation?.text], ['Doses', 'Dosen'])
    const why = { severity: 'warning' as const, code: 'incomplete' as const, details: { text: 'why' } }
    const [listed] = await rules.listRules({ plan: planOf([check('Yes', titled)]) }, why, 'de')
    assert.deepEqual(listed?.actionTranslation, german)
  })

  it('tells a person why in his language, when the rule did not pass', async () => {
    const texts = {
      textEquivalent: 'Two doses are needed.',
      _textEquivalent: {
        extension: [translation('de', 'Zwei Dosen sind nötig.'), translation('pt-BR', 'Duas doses.')],
      },
    }
    const message = async (language?: string) => (await run([check('No', texts)], {}, language))[0]?.message
    assert.equal(await message(), 'Two doses are needed.')
    assert.equal(await message('de-AT, fr;q=0.9'), 'Zwei Dosen sind nötig.')
    assert.equal(await message('fr, pt-BR;q=0.5, de;q=0.4'), 'Duas doses.')
    assert.equal(await message('en, de;q=0.5'), 'Two doses are needed.')
    assert.equal((await run([check('Yes', texts)]))[0]?.message, undefined)
    assert.equal(translated(undefined, texts._textEquivalent, 'ja'), 'Zwei Dosen sind nötig.')
  })
})

describe('plans of any shape', () => {
  const rules = testRules(testEnvironment([library]))
  after(() => rules.close())
  const members = [
    'type',
    'status',
    'useContext',
    'jurisdiction',
    'effectivePeriod',
    'library',
    'action',
    'url',
    'version',
    'title',
    '_title',
  ]

  it('have titles that are none, beside which a rule is run', async () => {
    const url = 'http://hl7.org/fhir/StructureDefinition/translation'
    const odd = [5, null, 'x', { extension: 5 }, { extension: [null, 5, { url }, { url, extension: [null, 7] }] }]
    for (const beside of [
      ...odd,
      { extension: [{ url, extension: [{ url: 'lang' }, { url: 'content', valueString: 5 }] }] },
    ])
      for (const title of ['Doses', 5, null]) {
        const action = { ...check('Yes'), title, _title: beside } as Action
        const [rule] = await rules.evaluatePlan(planOf([action]), { data, clock, language: 'de' })
        assert.equal(rule?.actionTranslation, undefined, JSON.stringify(beside))
      }
  })

  it('are selected or not, and run to at least one rule, without an exception', async () => {
    const change = fc.dictionary(fc.constantFrom(...members), fc.jsonValue(), { minKeys: 1, maxKeys: 3 })
    await fc.assert(
      fc.asyncProperty(change, async (more) => {
        const plan = { ...planOf([check('Yes')]), ...more } as PlanDefinition
        const choice = { kinds: ['vaccination'], clock: new Date(clock) }
        assert.ok(selectPlans([plan], choice).length <= 1)
        const results = await rules.evaluatePlan(plan, { data, clock, language: 'de' })
        assert.ok(results.length > 0)
        const listed = await rules.listRules(
          { plan },
          { severity: 'warning', code: 'incomplete', details: { text: 'why' } },
          'de',
        )
        assert.ok(listed.length > 0 && listed.every((each) => each.result === null && each.issue))
      }),
      { numRuns: 300 },
    )
  })

  it('a rule never throws, whatever its executor does; a server that cannot answer now does', async () => {
    const throwing = (error: unknown) => {
      const environment = testEnvironment([
        cqlLibrary(`library Asks version '1' using FHIR version '4.0.1'
valueset "V": 'http://example.org/v'
context Patient
define Any: 'a' in "V"`),
      ])
      environment.membership = async () => {
        throw error
      }
      return testRules(environment)
    }
    const source = { library: 'http://example.org/Library/Asks', expressions: [] }
    const bug = throwing(new TypeError('secret of a person'))
    const [failed] = await bug.evaluateRules(source, { data, clock })
    assert.equal(failed?.result, null)
    assert.ok(failed?.issue)
    assert.doesNotMatch(JSON.stringify(failed), /secret/)
    const busy = throwing(new FhirError(503, { severity: 'error', code: 'transient' }))
    await assert.rejects(
      busy.evaluateRules(source, { data, clock }),
      (error) => error instanceof FhirError && error.status === 503,
    )
    await Promise.all([bug.close(), busy.close()])
  })
})

describe('choice of plans', () => {
  const choice = { jurisdiction: 'CH', kinds: ['vaccination'], clock: new Date('2026-01-01T12:00:00Z') }
  const chosen = (more: Partial<PlanDefinition>, change: object = {}) =>
    selectPlans([planOf([], more)], { ...choice, ...change }).length === 1
  const jurisdiction = (code: string) => [{ coding: [{ system: 'urn:iso:std:iso:3166', code }] }]
  const focus = (code: string) => [
    {
      code: { system: 'http://terminology.hl7.org/CodeSystem/usage-context-type', code: 'focus' },
      valueCodeableConcept: { coding: [{ code }] },
    },
  ]

  it('goes by status, type, jurisdiction, kind and period', () => {
    assert.ok(chosen({}))
    assert.ok(!chosen({ status: 'draft' }))
    assert.ok(!chosen({ type: { coding: [{ code: 'order-set' }] } }))
    assert.ok(chosen({ jurisdiction: jurisdiction('CHE') }))
    assert.ok(chosen({ jurisdiction: jurisdiction('CH') }, { jurisdiction: 'CHE' }))
    assert.ok(!chosen({ jurisdiction: jurisdiction('DE') }))
    assert.ok(chosen({ jurisdiction: jurisdiction('001') }))
    assert.ok(!chosen({ jurisdiction: jurisdiction('CH') }, { jurisdiction: undefined }))
    assert.ok(chosen({ useContext: focus('vaccination') }))
    assert.ok(chosen({ useContext: focus('general') }))
    assert.ok(!chosen({ useContext: focus('test') }))
    assert.ok(chosen({ effectivePeriod: { start: '2026-01-01', end: '2026-01-01' } }))
    assert.ok(!chosen({ effectivePeriod: { end: '2025' } }))
  })

  it('counts periods to the end of what they name', () => {
    const at = (clock: string, period: { start?: string; end?: string }) =>
      inForce({ effectivePeriod: period }, new Date(clock))
    assert.ok(at('2026-12-31T23:59:59Z', { end: '2026' }))
    assert.ok(!at('2027-01-01T00:00:00Z', { end: '2026' }))
    assert.ok(at('2026-02-28T23:59:59Z', { end: '2026-02' }))
    assert.ok(at('2026-02-28T10:00:00Z', { end: '2026-02-28T10:00:00Z' }))
    assert.ok(!at('2026-02-28T10:00:01Z', { end: '2026-02-28T10:00:00Z' }))
    assert.ok(!at('2025-12-31T23:59:59Z', { start: '2026-01-01' }))
    assert.ok(at('2026-01-01T00:00:00Z', {}))
  })
})

describe('three-valued logic', () => {
  it('knows what the unknown cannot change', () => {
    assert.equal(and([true, null]), null)
    assert.equal(and([false, null]), false)
    assert.equal(and([]), true)
    assert.equal(or([true, null]), true)
    assert.equal(or([false, null]), null)
    assert.equal(or([]), false)
    assert.equal(countTrue([true, null], 1, 1), null)
    assert.equal(countTrue([true, true, null], 1, 1), false)
    assert.equal(countTrue([null, false], 0, 1), true)
  })
})
