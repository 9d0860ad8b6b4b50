import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CodeSystem, CodeSystemConcept, ValueSet } from '../../src/fhir/types.ts'
import { headOf, indexConcepts } from '../../src/terminology/code-system/concept-index.ts'
import { answer, parameters, terminologyOver } from './support.ts'

const SYSTEMS = ['http://example.org/a', 'http://example.org/b', 'http://example.org/c']
const VERSIONS: Record<string, string[]> = { 'http://example.org/b': ['1.0.0', '2.0.0'] }
const CODES = Array.from({ length: 12 }, (_, i) => `c${i}`)

/** A forest over the first `size` codes: every concept but the first may hang under an earlier one. */
function codeSystem(url: string, version: string, seed: { parents: number[]; marks: number[] }): CodeSystem {
  const concepts = seed.parents.map((_, i): CodeSystemConcept => {
    const mark = seed.marks[i] ?? 0
    const property: CodeSystemConcept['property'] = []
    if (mark & 1) property.push({ code: 'inactive', valueBoolean: true })
    if (mark & 2) property.push({ code: 'notSelectable', valueBoolean: true })
    if (mark & 4) property.push({ code: 'kind', valueCode: mark & 8 ? 'red' : 'blue' })
    return { code: CODES[i] ?? '', display: `Text ${i} ${mark}`, ...(property.length > 0 && { property }) }
  })
  const roots: CodeSystemConcept[] = []
  concepts.forEach((concept, i) => {
    const parent = i > 0 ? concepts[(seed.parents[i] ?? 0) % (i + 1)] : undefined
    if (!parent || parent === concept) roots.push(concept)
    else parent.concept = [...(parent.concept ?? []), concept]
  })
  const property: CodeSystem['property'] = [{ code: 'kind', type: 'code' }]
  return { resourceType: 'CodeSystem', url, version, status: 'active', content: 'complete', property, concept: roots }
}

const code = fc.constantFrom(...CODES.slice(0, 8))
const seed = fc.record({
  parents: fc.array(fc.nat(11), { minLength: 8, maxLength: 12 }),
  marks: fc.array(fc.nat(15), { minLength: 12, maxLength: 12 }),
})
const filter = fc.oneof(
  fc.record({
    property: fc.constant('concept'),
    op: fc.constantFrom('is-a', 'descendent-of', 'is-not-a', 'generalizes', 'child-of', 'descendent-leaf'),
    value: code,
  }),
  fc.record({
    property: fc.constant('kind'),
    op: fc.constantFrom('=', 'in', 'not-in'),
    value: fc.constantFrom('red', 'blue', 'red,blue'),
  }),
  fc.record({ property: fc.constant('kind'), op: fc.constant('exists'), value: fc.constantFrom('true', 'false') }),
  fc.record({
    property: fc.constantFrom('code', 'display'),
    op: fc.constant('regex'),
    value: fc.constantFrom('c[0-4]', '(c|d)[0-9]+', 'Text [0-9]+ 1?', '.*'),
  }),
)
type Include = NonNullable<ValueSet['compose']>['include'][number]
const ofSystem = fc
  .record({
    system: fc.constantFrom(...SYSTEMS),
    version: fc.option(fc.constantFrom('1.0.0', '2.0.0', '2.x'), { nil: undefined }),
    content: fc.oneof(
      fc.constant({}),
      fc.record({
        concept: fc.uniqueArray(fc.record({ code: fc.constantFrom(...CODES) }), {
          minLength: 1,
          maxLength: 5,
          selector: (each) => each.code,
        }),
      }),
      fc.record({ filter: fc.array(filter, { minLength: 1, maxLength: 2 }) }),
    ),
  })
  .map(
    ({ system, version, content }) =>
      ({ system, ...(VERSIONS[system] && version && { version }), ...content }) as Include,
  )
const imports = fc.uniqueArray(fc.constantFrom('http://example.org/vs/0', 'http://example.org/vs/1'), {
  minLength: 1,
  maxLength: 2,
})
const include = fc.oneof(
  { weight: 4, arbitrary: ofSystem },
  { weight: 1, arbitrary: imports.map((valueSet) => ({ valueSet }) as Include) },
  { weight: 1, arbitrary: fc.tuple(ofSystem, imports).map(([each, valueSet]) => ({ ...each, valueSet })) },
)
const wish = (valueBoolean: boolean) => ({
  url: 'http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter',
  extension: [
    { url: 'name', valueCode: 'versionsMatch' },
    { url: 'value', valueBoolean },
  ],
})
const base = (name: string, clause: fc.Arbitrary<Include>) =>
  fc
    .record({
      include: fc.array(clause, { minLength: 1, maxLength: 3 }),
      exclude: fc.array(clause, { maxLength: 2 }),
      inactive: fc.option(fc.boolean(), { nil: undefined }),
      versionsMatch: fc.option(fc.boolean(), { nil: undefined }),
    })
    .map(
      ({ include, exclude, inactive, versionsMatch }): ValueSet => ({
        resourceType: 'ValueSet',
        url: `http://example.org/vs/${name}`,
        status: 'active',
        compose: {
          include,
          ...(exclude.length > 0 && { exclude }),
          ...(versionsMatch !== undefined && { extension: [wish(versionsMatch)] }),
          ...(inactive !== undefined && { inactive }),
        },
      }),
    )
const world = fc.record({
  seeds: fc.array(seed, { minLength: 4, maxLength: 4 }),
  sets: fc.tuple(base('0', ofSystem), base('1', ofSystem), base('2', include)),
})

function worldOf({ seeds, sets }: { seeds: { parents: number[]; marks: number[] }[]; sets: ValueSet[] }) {
  const made = SYSTEMS.flatMap((url, i) =>
    (VERSIONS[url] ?? ['1.0.0']).map((version, j) =>
      codeSystem(url, version, seeds[(i + j * 3) % 4] ?? { parents: [], marks: [] }),
    ),
  )
  return terminologyOver([...made, ...sets])
}

describe('expansion and validation', () => {
  it('agree on 1,000 random value sets', async () => {
    await fc.assert(
      fc.asyncProperty(world, async (given) => {
        const terminology = worldOf(given)
        const url = 'http://example.org/vs/2'
        const { expansion } = await terminology.expand(parameters({ url, excludeNested: true }))
        const members = new Set((expansion?.contains ?? []).map((each) => `${each.system}#${each.code}`))
        const entries = (expansion?.contains ?? []).map((each) => `${each.system}|${each.version}#${each.code}`)
        assert.equal(new Set(entries).size, entries.length, 'an entry stands twice')
        assert.equal(expansion?.total, entries.length)
        const isMember = await terminology.membership(url)
        for (const system of SYSTEMS) {
          for (const each of CODES) {
            const reply = await terminology.validateCode(parameters({ url, system, code: each }))
            const expected = members.has(`${system}#${each}`)
            assert.equal(answer(reply, 'result'), expected, `${system}#${each}`)
            assert.equal(isMember(each, system), expected, `membership of ${system}#${each}`)
          }
        }
      }),
      { numRuns: 1000, seed: 20260101 },
    )
  })

  it('page by page is the whole', async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.integer({ min: 1, max: 5 }), fc.boolean(), async (given, count, activeOnly) => {
        const terminology = worldOf(given)
        const url = 'http://example.org/vs/2'
        const whole = await terminology.expand(parameters({ url, activeOnly, excludeNested: true }))
        const total = whole.expansion?.total ?? 0
        const pages: unknown[] = []
        for (let offset = 0; offset <= total; offset += count) {
          const page = await terminology.expand(parameters({ url, activeOnly, offset, count }))
          assert.equal(page.expansion?.total, total)
          assert.equal(page.expansion?.contains?.length ?? 0, Math.max(0, Math.min(count, total - offset)))
          pages.push(...(page.expansion?.contains ?? []))
        }
        assert.deepEqual(pages, whole.expansion?.contains ?? [])
      }),
      { numRuns: 200, seed: 20260102 },
    )
  })

  it('nested has the same members as flat', async () => {
    await fc.assert(
      fc.asyncProperty(world, async (given) => {
        const terminology = worldOf(given)
        const codes = (entries: { code?: string | undefined; contains?: unknown }[] = []): string[] =>
          entries.flatMap((each) => [each.code ?? '', ...codes(each.contains as typeof entries)])
        for (const url of ['http://example.org/a?fhir_vs', 'http://example.org/a?fhir_vs=isa/c0']) {
          const flat = await terminology.expand(parameters({ url, excludeNested: true }))
          const nested = await terminology.expand(parameters({ url }))
          assert.deepEqual(codes(nested.expansion?.contains), codes(flat.expansion?.contains))
          assert.equal(nested.expansion?.total, flat.expansion?.total)
        }
      }),
      { numRuns: 50, seed: 20260103 },
    )
  })
})

describe('subsumption', () => {
  it('equals the naïve closure, with several parents and circles in the data', () => {
    const rows = fc.array(fc.array(fc.nat(29), { maxLength: 3 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(rows, (parents) => {
        // A parent with a smaller number: no circles.
        const up = parents.map((each, i) => [...new Set(each.filter((parent) => parent < i))])
        const system = indexConcepts(
          headOf({ resourceType: 'CodeSystem', url: 'http://example.org/dag', status: 'active', content: 'complete' }),
          up.map((each, i) => ({ code: `n${i}`, parents: each.map((parent) => `n${parent}`) })),
        )
        const ancestors = (i: number): Set<number> =>
          new Set([i, ...(up[i] ?? []).flatMap((each) => [...ancestors(each)])])
        for (let i = 0; i < up.length; i++) {
          const above = ancestors(i)
          const ref = system.locate(`n${i}`) ?? -1
          for (let j = 0; j < up.length; j++) {
            const other = system.locate(`n${j}`) ?? -1
            assert.equal(system.subsumes(other, ref), above.has(j), `n${j} above n${i}`)
            assert.equal(system.descendants(other).has(ref), above.has(j))
          }
        }
      }),
      { numRuns: 300, seed: 20260104 },
    )
  })

  it('comes to an end when parents go in a circle', () => {
    const system = indexConcepts(
      headOf({ resourceType: 'CodeSystem', url: 'http://example.org/circle', status: 'active', content: 'complete' }),
      [
        { code: 'a', parents: ['c'] },
        { code: 'b', parents: ['a'] },
        { code: 'c', parents: ['b'] },
        { code: 'd', parents: ['d'] },
      ],
    )
    assert.equal(system.all.size(), 4)
    assert.equal(system.subsumes(system.locate('a') ?? -1, system.locate('d') ?? -1), false)
    for (const code of ['a', 'b', 'c', 'd']) assert.notEqual(system.locate(code), undefined)
  })
})
