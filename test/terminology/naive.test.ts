/** Value sets against set algebra that is written down once more, as simply as can be: no index, no order, no steps. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CodeSystem, CodeSystemConcept, ValueSet } from '../../src/fhir/types.ts'
import { answer, parameters, terminologyOver } from './support.ts'

const PLAIN = 'http://example.org/plain'
const FOLDED = 'http://example.org/folded'
const SYSTEMS = [PLAIN, FOLDED]

/** One concept as the model sees it. */
interface Model {
  code: string
  display: string
  synonym?: string | undefined
  /** Positions of its parents: a smaller one each. */
  parents: number[]
  kinds: string[]
  rank?: number | undefined
  flag?: boolean | undefined
  inactive: boolean
  abstract: boolean
}

const WORDS = ['red', 'Blue', 'dark-green', 'été', 'naïve', '𝒳ray', 'b12']
const CODES = ['a', 'B', 'c d', 'e-1', '𝒳', 'é', 'constructor', '0', 'g.h', 'I']
const model = (position: number) =>
  fc.record({
    code: fc.constant(CODES[position] ?? ''),
    display: fc.uniqueArray(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 }).map((each) => each.join(' ')),
    synonym: fc.option(fc.constantFrom(...WORDS), { nil: undefined }),
    parents: position === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat(position - 1), { maxLength: 3 }),
    kinds: fc.uniqueArray(fc.constantFrom('x', 'y', 'Z'), { maxLength: 2 }),
    rank: fc.option(fc.integer({ min: -1, max: 2 }), { nil: undefined }),
    flag: fc.option(fc.boolean(), { nil: undefined }),
    inactive: fc.integer({ min: 0, max: 3 }).map((each) => each === 0),
    abstract: fc.integer({ min: 0, max: 3 }).map((each) => each === 0),
  })
const system = fc.tuple(...CODES.map((_, position) => model(position))) as fc.Arbitrary<Model[]>

/** The first parent by nesting or by property, all others by property; `flip` writes the concepts the other way round. */
function resourceOf(
  url: string,
  models: Model[],
  { isNested, flip }: { isNested: boolean; flip: boolean },
): CodeSystem {
  const concepts = models.map(
    ({ code, display, synonym, parents, kinds, rank, flag, inactive, abstract }): CodeSystemConcept => ({
      code,
      display,
      ...(synonym !== undefined && { designation: [{ language: 'fr', value: synonym }] }),
      property: [
        ...parents.slice(isNested ? 1 : 0).map((each) => ({ code: 'parent', valueCode: models[each]?.code ?? '' })),
        ...kinds.map((valueCode) => ({ code: 'kind', valueCode })),
        ...(rank === undefined ? [] : [{ code: 'rank', valueInteger: rank }]),
        ...(flag === undefined ? [] : [{ code: 'flag', valueBoolean: flag }]),
        ...(inactive ? [{ code: 'inactive', valueBoolean: true }] : []),
        ...(abstract ? [{ code: 'notSelectable', valueBoolean: true }] : []),
      ],
    }),
  )
  const roots: CodeSystemConcept[] = []
  concepts.forEach((concept, position) => {
    const first = models[position]?.parents[0]
    const parent = isNested && first !== undefined ? concepts[first] : undefined
    if (parent) parent.concept = [...(parent.concept ?? []), concept]
    else roots.push(concept)
  })
  return {
    resourceType: 'CodeSystem',
    url,
    version: '1',
    status: 'active',
    content: 'complete',
    caseSensitive: url === PLAIN,
    property: [
      { code: 'parent', type: 'code', uri: 'http://hl7.org/fhir/concept-properties#parent' },
      { code: 'kind', type: 'code' },
      { code: 'rank', type: 'integer' },
      { code: 'flag', type: 'boolean' },
    ],
    concept: flip ? roots.reverse() : roots,
  }
}

type Include = NonNullable<ValueSet['compose']>['include'][number]
type Filter = NonNullable<Include['filter']>[number]

const written = fc
  .constantFrom(...CODES)
  .chain((code) => fc.constantFrom(code, code, code.toUpperCase(), code.toLowerCase()))
const listed = fc.uniqueArray(written, { minLength: 1, maxLength: 4 })
const hierarchy = fc.record({
  property: fc.constantFrom('concept', 'code'),
  op: fc.constantFrom('is-a', 'descendent-of', 'is-not-a', 'generalizes', 'child-of', 'descendent-leaf', '='),
  value: fc.constantFrom(...CODES),
})
const filter: fc.Arbitrary<Filter> = fc.oneof(
  { weight: 8, arbitrary: hierarchy },
  fc.record({
    property: fc.constant('concept'),
    op: fc.constantFrom('in', 'not-in'),
    value: listed.map((each) => each.join(',')),
  }),
  fc.record({
    property: fc.constantFrom('parent', 'child'),
    op: fc.constantFrom('=', 'in', 'not-in'),
    value: fc.constantFrom(...CODES),
  }),
  fc.record({
    property: fc.constant('kind'),
    op: fc.constantFrom('=', 'in', 'not-in'),
    value: fc.constantFrom('x', 'y', 'Z', 'z', 'x,Z', ' x , y '),
  }),
  fc.record({
    property: fc.constant('rank'),
    op: fc.constantFrom('=', 'in', 'not-in'),
    value: fc.constantFrom('0', '-1', '1,2'),
  }),
  fc.record({
    property: fc.constantFrom('flag', 'notSelectable'),
    op: fc.constant('='),
    value: fc.constantFrom('true', 'false'),
  }),
  fc.record({ property: fc.constant('inactive'), op: fc.constant('='), value: fc.constantFrom('true', 'false') }),
  fc.record({
    property: fc.constantFrom('kind', 'rank', 'flag', 'parent', 'child'),
    op: fc.constant('exists'),
    value: fc.constantFrom('true', 'false'),
  }),
  fc.record({
    property: fc.constantFrom('concept', 'display', 'kind'),
    op: fc.constant('regex'),
    value: fc.constantFrom('[a-z]', '.', '.* .*', 'x|y', '(re|Bl).*', 'é.*', 'a|Z', '.{2}', '[^a]+'),
  }),
) as fc.Arbitrary<Filter>

const ofSystem: fc.Arbitrary<Include> = fc
  .record({
    system: fc.constantFrom(...SYSTEMS),
    content: fc.oneof(
      fc.constant({}),
      fc.array(filter, { minLength: 1, maxLength: 3 }).map((each) => ({ filter: each })),
      listed.map((codes) => ({ concept: codes.map((code) => ({ code })) })),
      fc.array(filter, { minLength: 1, maxLength: 3 }).map((each) => ({ filter: each })),
    ),
  })
  .map(({ system, content }) => ({ system, ...content }))
const importing = (below: number) =>
  fc
    .uniqueArray(fc.nat(below - 1), { minLength: 1, maxLength: 2 })
    .map((each) => each.map((n) => `http://example.org/vs/${n}`))
const clause = (below: number): fc.Arbitrary<Include> =>
  below === 0
    ? ofSystem
    : fc.oneof(
        { weight: 3, arbitrary: ofSystem },
        { weight: 2, arbitrary: importing(below).map((valueSet) => ({ valueSet }) as Include) },
        {
          weight: 2,
          arbitrary: fc.tuple(ofSystem, importing(below)).map(([each, valueSet]) => ({ ...each, valueSet })),
        },
      )
const set = (number: number): fc.Arbitrary<ValueSet> =>
  fc
    .record({
      include: fc.array(clause(number), { minLength: 1, maxLength: 3 }),
      exclude: fc.array(clause(number), { maxLength: 2 }),
      inactive: fc.option(fc.boolean(), { nil: undefined }),
    })
    .map(({ include, exclude, inactive }) => ({
      resourceType: 'ValueSet',
      url: `http://example.org/vs/${number}`,
      version: '1',
      status: 'active',
      compose: { include, ...(exclude.length > 0 && { exclude }), ...(inactive !== undefined && { inactive }) },
    }))

const SETS = 4
const world = fc.record({
  systems: fc.tuple(system, system),
  shape: fc.record({ isNested: fc.boolean(), flip: fc.boolean() }),
  sets: fc.tuple(set(0), set(1), set(2), set(3)),
})
type World = typeof world extends fc.Arbitrary<infer T> ? T : never

/** What a value set has, by brute force: `system#code`. */
function naive({ systems, sets }: World) {
  const models = (url: string) => systems[SYSTEMS.indexOf(url)] ?? []
  const same = (url: string, a: string, b: string) => (url === PLAIN ? a === b : a.toLowerCase() === b.toLowerCase())
  const ancestors = (all: Model[], position: number): Set<number> =>
    new Set([position, ...(all[position]?.parents ?? []).flatMap((each) => [...ancestors(all, each)])])
  const passes = (url: string, position: number, { property, op, value = '' }: Filter): boolean => {
    const all = models(url)
    const own = all[position]
    assert.ok(own)
    const start = all.findIndex((each) => same(url, each.code, value))
    const isAbove = (upper: number, lower: number) => ancestors(all, lower).has(upper)
    const hasChild = (each: number) => all.some((other) => other.parents.includes(each))
    const codesAt = (positions: number[]) => positions.map((each) => all[each]?.code ?? '')
    const values = (): string[] => {
      if (property === 'concept' || property === 'code') return [own.code]
      if (property === 'display') return [own.display]
      if (property === 'parent') return codesAt(own.parents)
      if (property === 'child') return codesAt(all.flatMap((each, at) => (each.parents.includes(position) ? at : [])))
      if (property === 'kind') return own.kinds
      if (property === 'rank') return own.rank === undefined ? [] : [String(own.rank)]
      if (property === 'flag') return own.flag === undefined ? [] : [String(own.flag)]
      if (property === 'inactive') return [String(own.inactive)]
      return own.abstract ? ['true'] : []
    }
    const isText = ['rank', 'flag', 'inactive', 'notSelectable', 'display'].includes(property)
    const equal = (a: string, b: string) => (isText ? a === b : same(url, a, b))
    const among = () => value.split(',').some((each) => values().some((one) => equal(one, each.trim())))
    switch (op as string) {
      case 'is-a':
        return isAbove(start, position)
      case 'descendent-of':
        return start !== position && isAbove(start, position)
      case 'is-not-a':
        return !isAbove(start, position)
      case 'generalizes':
        return isAbove(position, start)
      case 'child-of':
        return own.parents.includes(start)
      case 'descendent-leaf':
        return start !== position && isAbove(start, position) && !hasChild(position)
      case '=':
        return values().some((each) => equal(each, value))
      case 'in':
        return among()
      case 'not-in':
        return !among()
      case 'exists':
        return values().length > 0 === (value === 'true')
      default:
        return values().some((each) => new RegExp(`^(?:${value})$`, 'u').test(each))
    }
  }
  const everything = SYSTEMS.flatMap((url) => models(url).map((_, position) => ({ url, position })))
  const key = (url: string, position: number) => `${url}#${models(url)[position]?.code}`
  const covered = ({ system: url, concept, filter: filters, valueSet = [] }: Include): Set<string> =>
    new Set(
      everything
        .filter((each) => url === undefined || each.url === url)
        .filter(
          ({ position }) =>
            !concept || concept.some(({ code }) => same(url ?? '', code, models(url ?? '')[position]?.code ?? '')),
        )
        .filter(({ position }) => (filters ?? []).every((each) => passes(url ?? '', position, each)))
        .map((each) => key(each.url, each.position))
        .filter((each) => valueSet.every((canonical) => members(Number(canonical.split('/').at(-1))).has(each))),
    )
  const done = new Map<number, Set<string>>()
  const members = (number: number): Set<string> => {
    const known = done.get(number)
    if (known) return known
    const compose = sets[number]?.compose
    const drops = compose?.inactive === false
    const isActive = (each: string) => {
      const found = everything.find(({ url, position }) => key(url, position) === each)
      return found && !models(found.url)[found.position]?.inactive
    }
    const result = new Set(
      (compose?.include ?? []).flatMap((each) => [...covered(each)]).filter((each) => !drops || isActive(each)),
    )
    for (const each of compose?.exclude ?? []) for (const gone of covered(each)) result.delete(gone)
    done.set(number, result)
    return result
  }
  const modelOf = (each: string) => {
    const at = each.lastIndexOf('#')
    return models(each.slice(0, at)).find(({ code }) => code === each.slice(at + 1))
  }
  return { members, modelOf, all: everything.map(({ url, position }) => key(url, position)) }
}

const engineOf = ({ systems, shape, sets }: World) =>
  terminologyOver([...SYSTEMS.map((url, i) => resourceOf(url, systems[i] ?? [], shape)), ...sets])

const codesOf = (contains: NonNullable<ValueSet['expansion']>['contains'] = []): string[] =>
  contains.flatMap((each) => [`${each.system}#${each.code}`, ...codesOf(each.contains)])
const sorted = (keys: Iterable<string>) => [...keys].sort()

describe('value sets and naïve set algebra', () => {
  it('agree in expansions, pages, texts and validations', async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.nat(SETS - 1), fc.integer({ min: 1, max: 4 }), async (given, number, count) => {
        const expected = naive(given)
        const terminology = engineOf(given)
        const url = `http://example.org/vs/${number}`
        const expand = async (more: Record<string, unknown>) =>
          (await terminology.expand(parameters({ url, ...more }))).expansion
        const members = sorted(expected.members(number))
        const flat = await expand({ excludeNested: true })
        assert.deepEqual(sorted(codesOf(flat?.contains)), members)
        assert.equal(flat?.total, members.length)
        for (const each of flat?.contains ?? []) {
          const one = expected.modelOf(`${each.system}#${each.code}`)
          assert.equal(each.inactive === true, one?.inactive)
          assert.equal(each.abstract === true, one?.abstract)
          assert.equal(each.display, one?.display)
        }
        const nested = await expand({})
        assert.deepEqual(sorted(codesOf(nested?.contains)), members)
        assert.equal(nested?.total, members.length)
        const active = await expand({ activeOnly: true, excludeNested: true })
        assert.deepEqual(
          sorted(codesOf(active?.contains)),
          members.filter((each) => !expected.modelOf(each)?.inactive),
        )
        const pages: string[] = []
        for (let offset = 0; offset <= members.length; offset += count)
          pages.push(...codesOf((await expand({ offset, count }))?.contains))
        assert.deepEqual(pages, codesOf(flat?.contains))
        for (const each of expected.all) {
          const at = each.lastIndexOf('#')
          const [from, code] = [each.slice(0, at), each.slice(at + 1)]
          const reply = await terminology.validateCode(parameters({ url, system: from, code }))
          assert.equal(answer(reply, 'result'), members.includes(each), each)
          const only = await terminology.validateCode(
            parameters({ url, coding: { system: from, code }, activeOnly: true }),
          )
          assert.equal(
            answer(only, 'result'),
            members.includes(each) && !expected.modelOf(each)?.inactive,
            `${each} active`,
          )
        }
      }),
      { numRuns: 400 },
    )
  })
})
