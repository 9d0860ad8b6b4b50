import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CodeSystem, CodeSystemConcept } from '../../../../src/fhir/types.ts'
import type { CodeSystemProvider, Ref } from '../../../../src/terminology/code-system/code-system.ts'
import { headOf, indexCodeSystem, indexConcepts } from '../../../../src/terminology/code-system/concept-index.ts'
import { largeCodeSystem } from '../../../../src/terminology/code-system/large/large-code-system.ts'
import { intersection, type Selection } from '../../../../src/terminology/code-system/selection.ts'
import { applyFilter } from '../../../../src/terminology/value-set/filters/filters.ts'
import { indexFileOf, largeOf } from './support.ts'

const CODES = ['a', 'A', 'b', 'bb', 'Ü', 'ü', 'c 1', '日本', 'd', 'e|f', '𝒳', 'n0', 'n1', 'n2', 'n3', 'n4']
const TEXTS = [
  'acute virus',
  'Acute  infection',
  'Impfung für Kinder',
  'ВИЧ тест',
  'dose 1 of 2',
  'x',
  '接种 疫苗',
  'İstanbul',
]
const VALUES = ['red', 'blue', 'red,blue', 'retired', 'true', '1.5']
const code = fc.constantFrom(...CODES)
const text = fc.constantFrom(...TEXTS)

const property = fc.oneof(
  fc.record({ code: fc.constant('kind'), valueCode: fc.constantFrom(...VALUES) }),
  fc.record({ code: fc.constantFrom('kind', 'note'), valueString: fc.constantFrom(...VALUES) }),
  fc.record({ code: fc.constant('weight'), valueDecimal: fc.constantFrom(1.5, 2) }),
  fc.record({ code: fc.constant('see'), valueCoding: fc.record({ system: fc.constant('http://x.org'), code }) }),
  fc.record({ code: fc.constantFrom('status', 'state'), valueCode: fc.constantFrom('active', 'retired', 'odd') }),
  fc.record({ code: fc.constantFrom('inactive', 'notSelectable', 'abstract'), valueBoolean: fc.boolean() }),
  fc.record({ code: fc.constantFrom('parent', 'child', 'subsumedBy', 'broader'), valueCode: code }),
  fc.constant({ code: 'empty' }),
)
const designation = fc.record({ language: fc.constantFrom('de', 'fr'), value: text })
const EXTENSION = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status'
const flat = fc.record(
  {
    code,
    display: text,
    definition: text,
    designation: fc.array(designation, { minLength: 1, maxLength: 3 }),
    property: fc.array(property, { minLength: 1, maxLength: 4 }),
    extension: fc.constant([{ url: EXTENSION, valueCode: 'deprecated' }]),
    up: fc.nat(15),
  },
  { requiredKeys: ['code', 'up'] },
)
const system = fc
  .record({
    concepts: fc.array(flat, { maxLength: 16 }),
    caseSensitive: fc.constantFrom(true, false, undefined),
    uris: fc.boolean(),
  })
  .map((given): CodeSystem => {
    const { concepts, caseSensitive, uris }: typeof given = JSON.parse(JSON.stringify(given))
    const made = concepts.map(({ up, ...concept }) => ({ up, concept: concept as object as CodeSystemConcept }))
    const roots: CodeSystemConcept[] = []
    made.forEach(({ up, concept }, i) => {
      const parent = made[up]?.concept
      if (up >= i || !parent) roots.push(concept)
      else parent.concept = [...(parent.concept ?? []), concept]
    })
    const uri = (name: string) => `http://hl7.org/fhir/concept-properties#${name}`
    return {
      resourceType: 'CodeSystem',
      url: 'http://example.org/cs',
      version: '1',
      status: 'active',
      content: 'complete',
      ...(caseSensitive !== undefined && { caseSensitive }),
      property: uris
        ? [
            { code: 'state', uri: uri('status'), type: 'code' },
            { code: 'broader', uri: uri('parent'), type: 'code' },
            { code: 'unused', type: 'string' },
          ]
        : [{ code: 'kind', type: 'code' }],
      concept: roots,
    }
  })

const members = (selection: Selection): Ref[] => Array.from({ length: selection.size() }, (_, i) => selection.at(i))

function assertSame(given: { memory: Selection; large: Selection; count: number }, what: string): void {
  const { memory, large, count } = given
  assert.deepEqual(members(large), members(memory), what)
  for (let ref = 0; ref < count; ref++) assert.equal(large.has(ref), memory.has(ref), `${what}: has ${ref}`)
}

function assertSameConcepts(memory: CodeSystemProvider, large: CodeSystemProvider): void {
  const count = memory.all.size()
  assert.equal(large.all.size(), count)
  assert.deepEqual(large.head, memory.head)
  assert.equal(large.hierarchical, memory.hierarchical)
  assert.equal(large.hasInactive, memory.hasInactive)
  for (const each of [...CODES, 'B', 'N0', 'zz', '', 'e', '日'])
    assert.equal(large.locate(each), memory.locate(each), each)
  for (let ref = 0; ref < count; ref++) {
    const read = (provider: CodeSystemProvider) => ({
      code: provider.code(ref),
      display: provider.display(ref),
      definition: provider.definition(ref),
      designations: provider.designations(ref),
      properties: provider.properties(ref),
      extensions: provider.extensions(ref),
      inactive: provider.isInactive(ref),
      abstract: provider.isAbstract(ref),
      status: provider.status(ref),
      parents: provider.parents(ref),
      children: provider.children(ref),
    })
    assert.deepEqual(read(large), read(memory))
    assertSame({ memory: memory.descendants(ref), large: large.descendants(ref), count }, `below ${ref}`)
    for (let other = 0; other < count; other++) {
      assert.equal(large.subsumes(ref, other), memory.subsumes(ref, other), `${ref} above ${other}`)
    }
  }
}

const FILTERED = [
  'concept',
  'code',
  'display',
  'parent',
  'child',
  'status',
  'inactive',
  'kind',
  'note',
  'weight',
  'see',
]
const MORE_FILTERED = ['notSelectable', 'synonym', 'unused', 'empty', 'state', 'nothing', 'designation', 'broader']
const OPERATORS = [
  '=',
  'is-a',
  'descendent-of',
  'is-not-a',
  'regex',
  'in',
  'not-in',
  'generalizes',
  'exists',
  'child-of',
]
const filter = fc.record({
  property: fc.constantFrom(...FILTERED, ...MORE_FILTERED),
  op: fc.constantFrom(...OPERATORS, 'descendent-leaf', 'odd'),
  value: fc.oneof(code, text, fc.constantFrom(...VALUES, 'false', 'active', '[a-d]+', 'blue, red', 'N0', '1.5')),
})

function outcome(provider: CodeSystemProvider, given: { property: string; op: string; value: string }) {
  try {
    return applyFilter(provider, { ...given, expression: 'x' })
  } catch (error) {
    return String(error)
  }
}

describe('a large code system', () => {
  it('answers about concepts like the index in memory', () => {
    fc.assert(
      fc.property(system, (resource) => assertSameConcepts(indexCodeSystem(resource), largeOf(resource))),
      { numRuns: 200, seed: 20260301 },
    )
  })

  it('filters, searches and pages like the index in memory', () => {
    const words = fc.constantFrom('a', 'acute', 'inf ac', 'ü', 'impf kinder', 'вич', '1 2', 'zz', '疫', 'i̇', '...', 'b')
    fc.assert(
      fc.property(system, fc.array(filter, { minLength: 12, maxLength: 12 }), words, (resource, filters, wanted) => {
        const memory = indexCodeSystem(resource)
        const large = largeOf(resource)
        const count = memory.all.size()
        const found = { memory: memory.search(wanted), large: large.search(wanted) }
        assertSame({ ...found, count }, wanted)
        for (const each of filters) {
          const [expected, actual] = [outcome(memory, each), outcome(large, each)]
          const what = JSON.stringify(each)
          if (typeof expected === 'string' || typeof actual === 'string') assert.equal(actual, expected, what)
          else {
            assertSame({ memory: expected, large: actual, count }, what)
            const both = { memory: intersection([expected, found.memory]), large: intersection([actual, found.large]) }
            assertSame({ ...both, count }, `${what} and ${wanted}`)
          }
        }
      }),
      { numRuns: 200, seed: 20260302 },
    )
  })

  it('has the same hierarchy for rows in any order, with several parents, unknown ones and circles', () => {
    const rows = fc.array(fc.array(fc.nat(14), { maxLength: 3 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(rows, (parents) => {
        const resource: CodeSystem = {
          resourceType: 'CodeSystem',
          url: 'http://x.org/',
          status: 'active',
          content: 'complete',
        }
        const given = parents.map((each, i) => ({ code: `n${i}`, parents: [...new Set(each)].map((up) => `n${up}`) }))
        const { bytes, counts } = indexFileOf(resource, given.values() as Generator<(typeof given)[number]>)
        assertSameConcepts(indexConcepts(headOf(resource), given), largeCodeSystem(resource, bytes))
        const unknown = new Set(parents.flat().filter((each) => each >= parents.length))
        assert.equal(counts.unknownParents, unknown.size)
      }),
      { numRuns: 300, seed: 20260303 },
    )
  })
})
