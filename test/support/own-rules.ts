import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { JsonObject } from '../../src/base/json-value.ts'
import type { Bundle, Parameters } from '../../src/fhir/types.ts'
import { createRules, type RuleResult, type Rules } from '../../src/rules/rules.ts'
import { createTerminology } from '../../src/terminology/terminology.ts'
import { byCanonical, ofType } from '../content/own-content.ts'

/** What the rules of own content are asked with. */
export interface OwnCall {
  data: Bundle
  coreDataSets?: JsonObject[]
  clock: string
  parameters?: Parameters
  language?: string
}

/** Terminology of own content and nothing else. */
export const ownTerminology = () =>
  createTerminology(
    {
      find: async (type, url) => ofType(type).filter((each) => 'url' in each && each.url === url),
      list: async (type) => ofType(type),
      revision: () => 1,
    },
    { now: () => new Date('2026-06-01T12:00:00Z'), uuid: () => crypto.randomUUID() },
  )

/** Rules of own content, with the real rooms and nothing but own content in them; closed with the tests of the file. */
export function ownRuleDoor(): Rules {
  const terminology = ownTerminology()
  const memberships = new Map<string, ReturnType<typeof terminology.membership>>()
  const kept = new Map<string, string>()
  const rules = createRules(
    {
      findLibraries: async (url) => byCanonical('Library', url),
      listLibraries: async () => ofType('Library'),
      // As the server keeps them.
      membership: (valueSet) => {
        const known = memberships.get(valueSet) ?? terminology.membership(valueSet)
        memberships.set(valueSet, known)
        return known
      },
      expand: async () => [],
      derived: {
        get: async (kind, key) => kept.get(`${kind} ${key}`),
        set: async (kind, key, value) => void kept.set(`${kind} ${key}`, value),
      },
      revision: () => 1,
    },
    { jobSeconds: 60, elmFolder: fileURLToPath(new URL('../../rules/cql', import.meta.url)) },
  )
  after(() => rules.close())
  return rules
}

/** Runs rule sets of own content ({@link ownRuleDoor}). */
export function ownRules(): { run(plan: string, call: OwnCall): Promise<RuleResult[]> } {
  const rules = ownRuleDoor()
  return {
    async run(plan, call) {
      const [definition] = byCanonical('PlanDefinition', `http://vidimus.org/fhir/PlanDefinition/${plan}`)
      if (!definition) throw new TypeError(`own content has no rule set ${plan}`)
      return rules.evaluatePlan(definition, call)
    },
  }
}

/** CQL parameters as `$evaluate` takes them; a list is a repeated parameter. */
export const cqlParameters = (values: Record<string, string | number | boolean | string[]>): Parameters => ({
  resourceType: 'Parameters',
  parameter: Object.entries(values).flatMap(([name, value]) =>
    [value].flat().map((each) => {
      if (typeof each === 'number') return { name, valueInteger: each }
      return typeof each === 'boolean' ? { name, valueBoolean: each } : { name, valueString: each }
    }),
  ),
})
