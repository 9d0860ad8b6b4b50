/** Whatever rule sets a store holds and whatever is asked: those found by question are those that looking at every one finds. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { PlanDefinition } from '../../../src/fhir/types.ts'
import { createPlans } from '../../../src/rules/plans.ts'
import { type PlanChoice, selectPlans } from '../../../src/rules/select-plans.ts'
import { candidatesIn, selectionIn } from '../../../src/rules/selection/candidates.ts'

const country = fc.constantFrom('CH', 'CHE', 'DE', 'FR', '001', 'nowhere')
const context = (code: string, system: string, values: string[]) =>
  fc.constantFrom(...values).map((each) => ({
    code: { system: 'http://terminology.hl7.org/CodeSystem/usage-context-type', code },
    valueCodeableConcept: { coding: [{ system: `http://vidimus.org/fhir/CodeSystem/${system}`, code: each }] },
  }))
const focus = context('focus', 'certificate-kind', ['vaccination', 'test', 'general', 'on-request', 'unheard-of'])
const task = context('task', 'verdict-use', ['entry', 'transit', 'care', 'unheard-of'])
const day = fc.constantFrom('2025-06-01', '2026-01-01', '2026-06-01', 'soon')
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })

const plan = fc
  .record({
    url: fc.constantFrom('http://example.org/a', 'http://example.org/b', 'http://example.org/c'),
    version: fc.constantFrom('1', '2', '10'),
    status: fc.constantFrom('active', 'active', 'draft', 'retired', 'new'),
    type: fc.constantFrom('eca-rule', 'eca-rule', 'order-set'),
    jurisdiction: maybe(fc.array(country, { maxLength: 2 })),
    useContext: maybe(fc.array(fc.oneof(focus, task), { maxLength: 2 })),
    period: maybe(fc.record({ start: maybe(day), end: maybe(day) })),
    rule: maybe(fc.constantFrom('acceptance', 'invalidation', 'both')),
  })
  .map(({ type, jurisdiction, useContext, period, rule, ...own }) => {
    const made = {
      resourceType: 'PlanDefinition',
      ...own,
      type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/plan-definition-type', code: type }] },
      jurisdiction: jurisdiction?.map((code) => ({ coding: [{ system: 'urn:iso:std:iso:3166', code }] })),
      useContext,
      effectivePeriod: period,
      action: [
        { code: rule && [{ coding: [{ system: 'http://vidimus.org/fhir/CodeSystem/rule-type', code: rule }] }] },
      ],
    }
    const plain: PlanDefinition = JSON.parse(JSON.stringify(made))
    return plain
  })

const choice: fc.Arbitrary<PlanChoice> = fc.record({
  jurisdiction: maybe(fc.constantFrom('CH', 'che', 'DEU', 'US')),
  issuerCountry: fc.constantFrom(undefined, 'CH', 'FRA', ['DE', 'DEU'], []),
  isIssuerUnknown: fc.boolean(),
  kinds: fc.constantFrom(undefined, [], ['vaccination'], ['test', 'vaccination']),
  uses: fc.constantFrom(new Set<string>(), new Set(['entry']), new Set(['care', 'transit'])),
  // On, before and after the moments at which periods begin and are over.
  clock: fc
    .constantFrom(
      ...['2025-05-31T23:59:59.999Z', '2025-06-01T00:00:00Z', '2025-06-01T23:59:59.999Z', '2025-06-02T00:00:00Z'],
      ...['2025-12-31T00:00:00Z', '2026-01-01T00:00:00Z', '2026-03-01T12:00:00Z', '2026-06-02T00:00:00Z', 'never'],
    )
    .map((each) => new Date(each)),
})

describe('rule sets that apply', () => {
  it('are the same, and in the same order, as of all', async () => {
    let found = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(plan, { maxLength: 12 }),
        fc.array(choice, { minLength: 1, maxLength: 6 }),
        async (all, choices) => {
          const plans = createPlans({ all: async () => all, find: async () => all })
          // Asked one after the other, for what one question found is kept for the next one like it.
          for (const each of choices) {
            const selected = await plans.select(each)
            found += selected.length
            assert.deepEqual(selected, selectPlans(all, each))
          }
        },
      ),
      { numRuns: 300 },
    )
    assert.ok(found > 100, `${found} were selected`)
  })

  it('are looked for among a few, however many there are', () => {
    const jurisdiction = (code: string) => [{ coding: [{ system: 'urn:iso:std:iso:3166', code }] }]
    const all = Array.from(
      { length: 1_000 },
      (_, index): PlanDefinition => ({
        resourceType: 'PlanDefinition',
        url: `http://example.org/PlanDefinition/${index}`,
        version: '1',
        status: 'active',
        type: { coding: [{ code: 'eca-rule' }] },
        jurisdiction: jurisdiction(['CH', 'DE', 'FR', 'IT', 'AT'][index % 5] ?? ''),
      }),
    )
    const question: PlanChoice = { jurisdiction: 'CH', kinds: ['vaccination'], clock: new Date() }
    const candidates = candidatesIn(all)
    const found = candidates(question)
    assert.equal(found.length, 200)
    assert.equal(candidates({ ...question, jurisdiction: 'CHE', clock: new Date(0) }), found)
    assert.equal(candidates({ ...question, jurisdiction: 'US' }).length, 0)
  })

  it('are judged once for all countries that no rule set names', () => {
    let looks = 0
    const all = Array.from({ length: 50 }, (_, index): PlanDefinition => {
      const made: PlanDefinition = {
        resourceType: 'PlanDefinition',
        url: `http://example.org/PlanDefinition/${index}`,
        version: '1',
        status: 'active',
        type: { coding: [{ code: 'eca-rule' }] },
      }
      return Object.defineProperty(made, 'status', {
        get() {
          looks++
          return 'active'
        },
      })
    })
    const select = selectionIn(all)
    const question: PlanChoice = { jurisdiction: 'US', kinds: ['vaccination'], clock: new Date() }
    assert.equal(select(question).length, 50)
    const before = looks
    for (const jurisdiction of ['UY', 'BR', 'AR', 'USA']) assert.equal(select({ ...question, jurisdiction }).length, 50)
    assert.equal(looks, before)
    assert.equal(select({ ...question, kinds: ['test'] }).length, 50)
    assert.ok(looks > before, 'another kind is another question')
  })
})
