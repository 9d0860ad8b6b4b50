/** Judging an artefact that anybody may send (`$validate`): others have their turns meanwhile, and it ends when its time is spent. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
import type { Issue, StructureMap, ValueSet } from '../../../src/fhir/types.ts'
import { checkWithStore, createMaps } from '../../../src/structure-map/maps.ts'
import type { Budget } from '../../../src/workers/budget.ts'
import { countedBudget } from '../../support/counted-budget.ts'
import { memoryEnvironment } from '../../support/map-cases.ts'
import { terminologyOver } from '../../terminology/support.ts'

const many = <T>(make: (index: number) => T): T[] => Array.from({ length: 300 }, (_, index) => make(index))
const system = 'http://example.org/cs'
const terminology = terminologyOver([
  { resourceType: 'CodeSystem', url: system, status: 'active', content: 'complete', concept: [{ code: 'a' }] },
])

const valueSet: ValueSet = {
  resourceType: 'ValueSet',
  url: 'http://example.org/vs',
  status: 'active',
  compose: {
    include: many((index) => ({ system, filter: [{ property: 'display', op: 'regex', value: `(a|${index})*.*` }] })),
  },
}

const conceptMap = {
  resourceType: 'ConceptMap' as const,
  url: 'http://example.org/cm',
  status: 'active' as const,
  group: many((index) => ({
    source: `http://example.org/${index}`,
    element: [{ code: 'a', target: [{ code: 'b', equivalence: 'equal' as const }] }],
  })),
}

const map: StructureMap = {
  resourceType: 'StructureMap',
  url: 'http://example.org/m',
  name: 'm',
  status: 'active',
  group: [
    {
      name: 'g',
      typeMode: 'none',
      input: [
        { name: 's', mode: 'source' },
        { name: 't', mode: 'target' },
      ],
      rule: many((index) => ({
        name: `r${index}`,
        source: [{ context: 's', element: 'a', condition: `b = ${index}` }],
      })),
    },
  ],
}

const judged: [name: string, judge: (budget?: Budget) => Promise<Issue[]>][] = [
  ['a value set of many filters', (budget) => terminology.check(valueSet, [], budget)],
  ['a concept map of many groups', (budget) => terminology.check(conceptMap, [], budget)],
  ['a map of many rules', (budget) => checkWithStore(map, [], { maps: createMaps(memoryEnvironment([])), budget })],
]

describe('judged in slices', () => {
  for (const [name, judge] of judged) {
    it(`${name}: the same is found, and others have turns`, async () => {
      const { budget, turns } = countedBudget()
      assert.deepEqual(await judge(budget), await judge())
      assert.ok(turns() >= 10, `${turns()} turns`)
    })

    it(`${name}: no judgement is made of what there was no time for`, async () => {
      const { budget } = countedBudget(30)
      const found = await judge(budget).catch((error: unknown) => {
        if (error instanceof FhirError) return error.issues
        throw error
      })
      assert.ok(
        found.some(({ code, severity }) => code === 'too-costly' && severity === 'error'),
        JSON.stringify(found),
      )
    })
  }
})
