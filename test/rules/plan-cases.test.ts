import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import type { PlanDefinition } from '../../src/fhir/types.ts'
import { planFaults } from '../../src/rules/plan-faults.ts'
import { createPlans, type Plans } from '../../src/rules/plans.ts'
import { cqlLibrary, testEnvironment, testRules } from './environment.ts'

/**
 * What becomes of a PlanDefinition: `cases/plan-actions.json` has plans and the rules that they give, each with its title and true, false
 * or null, or with words of the reason why it failed; `cases/plan-selection.json` has versions of one plan and those that apply;
 * `cases/plan-readings.json` has plans, whether they apply, and the fault that each has.
 */
const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(`cases/${name}.json`, import.meta.url), 'utf8'))

const clock = '2026-01-01T00:00:00Z'
const library = cqlLibrary(`library Checks version '2'
using FHIR version '4.0.1'
context Patient
define Doses: Count([Immunization])
define Yes: true
define No: false
define Unknown: null as Boolean
define Number: 5
define Breaks: Message(true, true, 'E', 'Error', 'broken')`)

/** A plan with these members; null is that of a member that is not there. */
const planOf = (more: object): PlanDefinition => {
  const made = Object.entries({ ...plain, ...more }).filter(([, value]) => value !== null)
  return JSON.parse(JSON.stringify(Object.fromEntries(made)))
}

const plain: PlanDefinition = {
  resourceType: 'PlanDefinition',
  url: 'http://example.org/PlanDefinition/plan',
  version: '1',
  status: 'active',
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/plan-definition-type', code: 'eca-rule' }] },
  library: ['http://example.org/Library/Checks|2'],
}

describe('the actions of a PlanDefinition', () => {
  const rules = testRules(testEnvironment([library]))
  after(() => rules.close())

  type Case = { sentence: string; plan: Partial<PlanDefinition>; rules: [title: string, expected: unknown][] }
  for (const { sentence, plan, rules: expected } of read<Case[]>('plan-actions'))
    it(sentence, async () => {
      const data = { resourceType: 'Bundle' as const, type: 'collection' as const }
      const results = await rules.evaluatePlan(planOf(plan), { data, clock })
      assert.deepEqual(
        results.map(({ action }) => action),
        expected.map(([title]) => title),
      )
      for (const [index, [, answer]] of expected.entries()) {
        const { result, issue } = results[index] ?? {}
        if (typeof answer !== 'string') assert.deepEqual([result, issue], [answer, undefined])
        else {
          assert.equal(result, null)
          assert.match(`${issue?.details?.text} ${issue?.diagnostics}`, new RegExp(answer))
        }
      }
    })
})

describe('the versions of a PlanDefinition that apply', () => {
  type Choice = Partial<Parameters<Plans['select']>[0]>
  type Case = { sentence: string; plans: Partial<PlanDefinition>[]; choice: Choice; versions: string[] }
  for (const { sentence, plans, choice, versions } of read<Case[]>('plan-selection'))
    it(sentence, async () => {
      const all = plans.map(planOf)
      const { select } = createPlans({ all: async () => all, find: async () => all })
      const kinds = choice.kinds === null ? undefined : (choice.kinds ?? ['vaccination'])
      const selected = await select({ ...choice, kinds, clock: new Date(clock) })
      assert.deepEqual(
        selected.map(({ version }) => version),
        versions,
      )
    })
})

describe('a PlanDefinition that is misspelt or contradicts itself applies and fails', () => {
  type Choice = Partial<Omit<Parameters<Plans['select']>[0], 'clock'>> & { clock?: string }
  type Case = { sentence: string; plan: object; choice: Choice; applies: boolean; fault: string | null }
  const condition = [
    { kind: 'applicability', expression: { language: 'text/cql-identifier', expression: 'Yes' } },
  ] as const
  for (const { sentence, plan, choice, applies, fault } of read<Case[]>('plan-readings'))
    it(sentence, async () => {
      const all = [planOf({ action: [{ title: 'Yes', condition }], ...plan })]
      const { select } = createPlans({ all: async () => all, find: async () => all })
      const selected = await select({ kinds: ['vaccination'], ...choice, clock: new Date(choice.clock ?? clock) })
      assert.equal(selected.length, applies ? 1 : 0)
      const faults = all.flatMap((each) => planFaults(each).map(({ details }) => details?.text))
      if (fault === null) assert.deepEqual(faults, [])
      else assert.match(faults.join('; '), new RegExp(fault))
    })
})
