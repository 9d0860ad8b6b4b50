import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../src/fhir/error.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { parameters, terminologyOver } from './support.ts'

/** Answers or refuses; anything else is a crash. */
async function calm(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    assert.ok(error instanceof FhirError, String(error instanceof Error ? error.stack : error))
    assert.ok(error.status < 500, `${error.status}: ${error.message}`)
  }
}

const SYSTEMS = ['http://example.org/a', 'http://example.org/b', 'urn:ietf:bcp:47', 'http://unitsofmeasure.org']
const url = fc.constantFrom(
  ...SYSTEMS,
  'http://example.org/a|1',
  'http://example.org/a|',
  'http://example.org/none',
  'http://example.org/ValueSet/x',
  'a#b',
  '|',
  '',
)
const code = fc.constantFrom('x', 'y', 'X', 'de', 'mg', '', 'constructor', '__proto__')
const concepts = { resourceType: 'CodeSystem', status: 'active', content: 'complete' } as const
const stored: Resource[] = [
  { ...concepts, url: SYSTEMS[0] ?? '', version: '1', concept: [{ code: 'x', concept: [{ code: 'y' }] }] },
  { ...concepts, url: SYSTEMS[1] ?? '', caseSensitive: false, concept: [{ code: 'x' }] },
]
/** Members of a record may be absent. */
const some = <T extends object>(members: { [Name in keyof T]: fc.Arbitrary<T[Name]> }) =>
  fc.record(members, { requiredKeys: [] })

const dependsOn = some({ property: fc.constant('http://example.org/p'), system: url, value: code })
const target = some({
  code,
  equivalence: fc.constantFrom('equivalent', 'wider', 'unmatched', 'no-such-thing'),
  dependsOn: fc.array(dependsOn, { maxLength: 2 }),
  product: fc.array(dependsOn, { maxLength: 1 }),
})
const element = some({ code, target: fc.array(target, { maxLength: 2 }) })
const MAPS = ['http://example.org/ConceptMap/0', 'http://example.org/ConceptMap/1']
const group = some({
  source: url,
  target: url,
  element: fc.array(element, { maxLength: 3 }),
  unmapped: some({
    mode: fc.constantFrom('fixed', 'provided', 'other-map', 'odd'),
    code,
    url: fc.constantFrom(...MAPS, '', 'http://example.org/none'),
  }),
})
const conceptMap = (index: number) =>
  fc
    .array(group, { maxLength: 3 })
    .map((groups) => ({ resourceType: 'ConceptMap', url: MAPS[index], status: 'active', group: groups }))

describe('odd artefacts are answered or refused, never a crash', () => {
  it('concept maps', async () => {
    const question = fc.record({ code, system: url, reverse: fc.boolean(), named: fc.boolean() })
    const property = fc.asyncProperty(conceptMap(0), conceptMap(1), question, async (one, other, asked) => {
      const terminology = terminologyOver([...stored, one, other] as Resource[])
      const given = { code: asked.code, system: asked.system, reverse: asked.reverse }
      await calm(() => terminology.translate(parameters({ ...given, ...(asked.named && { url: MAPS[0] }) })))
      await calm(() => terminology.translate(parameters({ ...given, conceptMap: one })))
      await calm(async () => (await terminology.translator(MAPS[0] ?? ''))(asked.code, asked.system))
      await calm(() => terminology.check(one as Resource, [other as Resource]))
    })
    await fc.assert(property, { numRuns: 500, seed: 11 })
  })

  it('value sets', async () => {
    const filter = some({
      property: fc.constantFrom('concept', 'code', 'parent', 'x', ''),
      op: fc.constantFrom('is-a', '=', 'regex', 'exists', 'toString', ''),
      value: fc.constantFrom('x', 'true', '(', ''),
    })
    const SETS = [
      'http://example.org/ValueSet/0',
      'http://example.org/ValueSet/1|1',
      '#own',
      '#nobody',
      'http://example.org/a?fhir_vs',
      '',
    ]
    const include = some({
      system: url,
      version: fc.constantFrom('1', '1.x', '*', ''),
      concept: fc.array(some({ code, display: fc.constantFrom('x', '') }), { maxLength: 3 }),
      filter: fc.array(filter, { maxLength: 2 }),
      valueSet: fc.array(fc.constantFrom(...SETS), { maxLength: 2 }),
    })
    const set = some({
      url: fc.constantFrom('http://example.org/ValueSet/0', 'http://example.org/ValueSet/1'),
      version: fc.constantFrom('1', ''),
      compose: some({
        include: fc.array(include, { maxLength: 3 }),
        exclude: fc.array(include, { maxLength: 2 }),
        inactive: fc.boolean(),
      }),
      expansion: some({ total: fc.nat(2), contains: fc.array(some({ system: url, code }), { maxLength: 2 }) }),
    }).map((each) => ({ resourceType: 'ValueSet', status: 'active', ...each }))
    const property = fc.asyncProperty(set, set, code, url, async (one, other, asked, system) => {
      const contained = { ...one, contained: [{ ...other, id: 'own' }] }
      const terminology = terminologyOver([...stored, one, other] as Resource[])
      const question = { valueSet: contained, 'tx-resource': other }
      await calm(() => terminology.expand(parameters(question)))
      await calm(() => terminology.expand(parameters({ ...question, filter: 'x', count: 2, 'exclude-system': system })))
      await calm(() => terminology.validateCode(parameters({ ...question, code: asked, system })))
      await calm(() => terminology.validateCode(parameters({ ...question, code: asked, inferSystem: true })))
      await calm(() =>
        terminology.validateCode(
          parameters({ ...question, codeableConcept: { coding: [{ code: asked, system }, { system }] } }),
        ),
      )
      await calm(() => terminology.compare(parameters({ thisValueSet: one, otherValueSet: other })))
      await calm(async () => (await terminology.membership('http://example.org/ValueSet/0'))(asked, system))
      await calm(() => terminology.check(contained as Resource, [other as Resource]))
    })
    await fc.assert(property, { numRuns: 500, seed: 12 })
  })

  it('code systems', async () => {
    const property = some({
      code: fc.constantFrom('parent', 'status', 'inactive', 'x', ''),
      valueCode: code,
      valueBoolean: fc.boolean(),
    })
    const designation = some({ language: fc.constantFrom('de', '', '-'), value: code, use: some({ code }) })
    const concept = some({
      code,
      display: code,
      property: fc.array(property, { maxLength: 2 }),
      designation: fc.array(designation, { maxLength: 2 }),
    })
    const system = some({
      url,
      version: fc.constantFrom('1', 'x', ''),
      content: fc.constantFrom('complete', 'fragment', 'supplement', 'not-present', 'odd'),
      supplements: url,
      caseSensitive: fc.boolean(),
      valueSet: fc.constantFrom('http://example.org/ValueSet/all', ''),
      count: fc.nat(3),
      property: fc.array(
        some({ code: fc.constantFrom('x', 'parent'), type: fc.constantFrom('code', 'odd'), uri: code }),
        { maxLength: 2 },
      ),
      concept: fc.array(
        fc.tuple(concept, fc.array(concept, { maxLength: 2 })).map(([top, below]) => ({ ...top, concept: below })),
        { maxLength: 3 },
      ),
    }).map((each) => ({ resourceType: 'CodeSystem', status: 'active', ...each }))
    const run = fc.asyncProperty(system, system, code, url, async (one, other, asked, name) => {
      const terminology = terminologyOver([one] as Resource[])
      const beside = { 'tx-resource': other, displayLanguage: 'de', useSupplement: name || [] }
      await calm(() => terminology.lookup(parameters({ system: name, code: asked, property: '*', ...beside })))
      await calm(() => terminology.subsumes(parameters({ system: name, codeA: asked, codeB: 'x' })))
      await calm(() =>
        terminology.validateCode(parameters({ url: name, code: asked, display: 'x', ...beside }), {
          resourceType: 'CodeSystem',
        }),
      )
      await calm(() =>
        terminology.validateCode(parameters({ codeSystem: one, code: asked }), { resourceType: 'CodeSystem' }),
      )
      await calm(() =>
        terminology.expand(parameters({ url: 'http://example.org/ValueSet/all', ...beside, property: '*' })),
      )
      await calm(() => terminology.expand(parameters({ url: `${name}?fhir_vs`, ...beside, includeDesignations: true })))
      await calm(() => terminology.check(one as Resource, [other as Resource]))
      await calm(() => terminology.capabilities({ url: 'http://x', software: { name: 'v', version: '1' } }))
    })
    await fc.assert(run, { numRuns: 500, seed: 13 })
  })
})
