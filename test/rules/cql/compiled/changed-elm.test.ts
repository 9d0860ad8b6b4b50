/**
 * ELM that no translator wrote: own libraries in which steps were changed at random. Whatever becomes of them, the compiled form says what
 * the executor says, or leaves the library to it.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Json, JsonObject } from '../../../../src/base/json-value.ts'
import type { Bundle } from '../../../../src/fhir/types.ts'
import { programOf } from '../../../../src/rules/cql/compiled/program.ts'
import { visit } from '../../../../src/rules/cql/translate/elm.ts'
import { type CompiledLibrary, link } from '../../../../src/rules/cql/translate/libraries.ts'
import { ofType } from '../../../content/own-content.ts'
import { ownRuleDoor } from '../../../support/own-rules.ts'
import { type Counted, onlyDefine, runOneWay } from './both-ways.ts'

const types = [
  'And',
  'Or',
  'Not',
  'IsNull',
  'IsTrue',
  'Exists',
  'First',
  'Last',
  'Count',
  'Equal',
  'Equivalent',
  'Less',
  'GreaterOrEqual',
  'SameOrBefore',
  'After',
  'In',
  'Union',
  'Flatten',
  'SingletonFrom',
  'Coalesce',
  'Add',
  'ToString',
  'Max',
  'DateFrom',
  'Now',
  'Null',
  'Descendents',
]

const change = fc.record({
  at: fc.nat(10_000),
  how: fc.constantFrom('type', 'drop', 'null', 'swap', 'double', 'text', 'member'),
  type: fc.constantFrom(...types),
  member: fc.nat(20),
})

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

function apply(nodes: JsonObject[], { at, how, type, member }: Change): void {
  const node = nodes[at % nodes.length]
  if (!node) return
  const names = Object.keys(node)
  const name = names[member % names.length] ?? 'operand'
  const value = node[name]
  if (how === 'type') node.type = type
  else if (how === 'drop') delete node[name]
  else if (how === 'null') node[name] = null
  else if (how === 'swap' && Array.isArray(value)) value.reverse()
  else if (how === 'double' && Array.isArray(value)) value.push(...structuredClone(value))
  else if (how === 'text' && typeof value === 'string') node[name] = `${value}x`
  else if (how === 'member') node[type.toLowerCase()] = { type }
}

/** A library with changed steps, over the same includes; undefined where the executor cannot even be made. */
function changed(library: CompiledLibrary, changes: Change[]): CompiledLibrary | undefined {
  const elm = structuredClone(library.elm)
  const nodes: JsonObject[] = []
  visit(elm.library.statements, (node) => {
    if (typeof node.type === 'string' && !node.type.endsWith('TypeSpecifier')) nodes.push(node)
  })
  for (const each of changes) apply(nodes, each)
  const { canonical, identifier, includes, models } = library
  const linked = link({ text: { canonical, identifier }, elm, issues: [], includes, models })
  try {
    return { ...linked, issues: [], defines: library.defines }
  } catch {
    return undefined
  }
}

const data: Bundle = JSON.parse(
  JSON.stringify({
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      { resource: { resourceType: 'Patient', id: 'p', birthDate: '1985-03-14' } },
      {
        resource: {
          resourceType: 'Immunization',
          status: 'completed',
          vaccineCode: { coding: [{ system: 'http://id.who.int/icd11/mms', code: 'XM0GQ8' }] },
          occurrenceDateTime: '2026-01-30',
          protocolApplied: [{ doseNumberPositiveInt: 2, seriesDosesPositiveInt: 2 }],
        },
      },
      {
        resource: {
          resourceType: 'Observation',
          status: 'final',
          code: { coding: [{ system: 'http://loinc.org', code: '94500-6' }] },
          valueCodeableConcept: { coding: [{ system: 'http://snomed.info/sct', code: '260415000' }] },
          effectiveDateTime: '2026-05-31T20:00:00Z',
        },
      },
      {
        resource: {
          resourceType: 'Condition',
          code: { coding: [{ system: 'http://snomed.info/sct', code: '840539006' }] },
          onsetDateTime: '2026-03-01',
          verificationStatus: { coding: [{ code: 'confirmed' }] },
        },
      },
    ],
  }),
)

/** What one way says; the failure itself where nothing can be run. Of a failure the text is the executor's, whose steps have no names. */
const answers = async (
  library: CompiledLibrary,
  define: string,
  way: Parameters<typeof runOneWay>[2],
): Promise<Json> => {
  const call = { data, expressions: [define], clock: '2026-06-01T12:00:00Z' }
  const told: unknown = await runOneWay(library, call, way).catch((error: unknown) => String(error))
  const json: Json = JSON.parse(JSON.stringify(told))
  return json
}

describe('changed ELM', () => {
  const { expressions } = ownRuleDoor().workshop
  it('is said the same of, or left to the executor', async () => {
    const libraries = await Promise.all(
      ofType('Library').map(({ url = '', version = '' }) => expressions.libraries.compile(`${url}|${version}`)),
    )
    const counted: Counted = { asked: 0, answered: 0 }
    let left = 0
    await fc.assert(
      fc.asyncProperty(
        fc.nat(100),
        fc.nat(100),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        async (which, defined, changes) => {
          const library = libraries[which % libraries.length]
          const define = library?.defines[defined % library.defines.length]
          assert.ok(library && define)
          const made = changed(library, changes)
          fc.pre(made !== undefined)
          const one = onlyDefine(made, define.name)
          if (typeof programOf(one) === 'string') left++
          const environment = expressions.run
          const [compiled, generated, executed] = [
            await answers(one, define.name, { environment, counted }),
            await answers(one, define.name, { environment, counted: { asked: 0, answered: 0 }, isGenerated: true }),
            await answers(one, define.name, { environment }),
          ]
          assert.deepEqual(compiled, executed)
          assert.deepEqual(generated, executed)
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 150) },
    )
    assert.ok(counted.answered > 30 && left > 10, JSON.stringify({ counted, left }))
  })
})
