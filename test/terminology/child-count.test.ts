/** How many concepts stand right below: what a tree that is opened level by level asks for. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CodeSystem, CodeSystemConcept, ValueSet } from '../../src/fhir/types.ts'
import { parameters, terminologyOver } from './support.ts'

const url = 'http://example.org/CodeSystem/tree'

const { concepts } = fc.letrec<{ concepts: CodeSystemConcept[] }>((tie) => ({
  concepts: fc.array(
    fc.record({
      code: fc.uuid(),
      concept: fc.oneof({ maxDepth: 3 }, fc.constant<CodeSystemConcept[]>([]), tie('concepts')),
    }),
    { maxLength: 4 },
  ),
}))

/** Codes with how many each has right below it. */
const below = (of: CodeSystemConcept[]): [string, number][] =>
  of.flatMap(({ code, concept = [] }) => [[code, concept.length] as [string, number], ...below(concept)])

async function counts(system: CodeSystem): Promise<[string, unknown][]> {
  const valueSet = { resourceType: 'ValueSet', status: 'active', compose: { include: [{ system: url }] } }
  const asked = parameters({ valueSet, property: 'childCount', excludeNested: true })
  const { expansion } = (await terminologyOver([system]).expand(asked)) as ValueSet
  return (expansion?.contains ?? []).map(({ code, extension = [] }) => {
    const [property] = extension.map((each) => each.extension ?? [])
    const value = property?.find((each) => each.url === 'value')
    return [code ?? '', value?.valueInteger ?? value?.valueString]
  })
}

const codeSystem = (concept: CodeSystemConcept[], more: Partial<CodeSystem> = {}): CodeSystem => ({
  resourceType: 'CodeSystem',
  url,
  status: 'active',
  content: 'complete',
  ...(concept.length > 0 && { concept }),
  ...more,
})

describe('the property childCount of an expansion', () => {
  it('is how many concepts stand right below', async () => {
    await fc.assert(
      fc.asyncProperty(concepts, async (tree) => {
        const found = new Map(await counts(codeSystem(tree)))
        assert.deepEqual([...found].sort(), below(tree).sort())
      }),
    )
  })

  it('is that of the system where it has one of that name', async () => {
    const tree = [{ code: 'a', property: [{ code: 'childCount', valueString: 'its own' }], concept: [{ code: 'b' }] }]
    const declared = { property: [{ code: 'childCount', type: 'string' as const }] }
    assert.deepEqual(await counts(codeSystem(tree, declared)), [
      ['a', 'its own'],
      ['b', undefined],
    ])
  })
})
