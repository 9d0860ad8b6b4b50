import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { ConceptMap, Parameters } from '../../../src/fhir/types.ts'
import { answer, parameters, terminologyOver } from '../support.ts'

const source = 'http://example.org/CodeSystem/from'
const target = 'http://example.org/CodeSystem/to'
/** From the closest to the loosest (https://hl7.org/fhir/R4/valueset-concept-map-equivalence.html). */
const EQUIVALENCES = [
  'equal',
  'equivalent',
  'subsumes',
  'wider',
  'specializes',
  'narrower',
  'inexact',
  'relatedto',
] as const
type Equivalence = (typeof EQUIVALENCES)[number]

function conceptMap(name: string, equivalences: Equivalence[]): ConceptMap {
  return {
    resourceType: 'ConceptMap',
    url: `http://example.org/ConceptMap/${name}`,
    version: '1.0.0',
    status: 'active',
    group: [
      {
        source,
        target,
        element: [
          {
            code: 'a',
            target: equivalences.map((equivalence, i) => ({ code: `${name}${i}-${equivalence}`, equivalence })),
          },
        ],
      },
    ],
  }
}

const partsOf = (reply: Parameters) =>
  (reply.parameter ?? [])
    .filter((each) => each.name === 'match')
    .map((each) => {
      const part = (name: string) => each.part?.filter((one) => one.name === name) ?? []
      return {
        code: part('concept')[0]?.valueCoding?.code,
        equivalence: part('equivalence')[0]?.valueCode,
        sourceUri: part('source').flatMap((one) => one.valueUri ?? []),
        sourceCoding: part('source').flatMap((one) => one.valueCoding ?? []),
        originMap: part('originMap').map((one) => one.valueCanonical),
      }
    })

describe('several translations of one code', () => {
  it('the closest comes first, whatever the order of the map', async () => {
    const map = conceptMap('one', ['wider', 'relatedto', 'equivalent', 'narrower', 'equal'])
    const reply = await terminologyOver([map]).translate(parameters({ url: map.url, system: source, code: 'a' }))
    const order = partsOf(reply).map((each) => each.equivalence)
    assert.deepEqual(order.slice(0, 2), ['equal', 'equivalent'])
    assert.equal(order.at(-1), 'relatedto')
    assert.equal(answer(reply, 'result'), true)
  })

  it('across all maps that fit', async () => {
    const terminology = terminologyOver([conceptMap('one', ['wider', 'inexact']), conceptMap('two', ['equivalent'])])
    const reply = await terminology.translate(parameters({ system: source, code: 'a' }))
    assert.deepEqual(partsOf(reply)[0]?.code, 'two0-equivalent')
  })

  it('exact ones stand before all others, equals stay in the order of the map, none is lost', async () => {
    const equivalences = fc.array(fc.constantFrom(...EQUIVALENCES), { minLength: 1, maxLength: 8 })
    const rank = (equivalence: string | undefined) =>
      equivalence === 'equal' ? 0 : equivalence === 'equivalent' ? 1 : 2
    const property = fc.asyncProperty(equivalences, async (given) => {
      const map = conceptMap('m', given)
      const terminology = terminologyOver([map])
      const found = partsOf(await terminology.translate(parameters({ url: map.url, system: source, code: 'a' })))
      assert.deepEqual(
        found.map((each) => each.code).toSorted(),
        given.map((equivalence, i) => `m${i}-${equivalence}`).toSorted(),
      )
      for (const [i, each] of found.entries()) {
        const next = found[i + 1]
        if (!next) continue
        assert.ok(rank(each.equivalence) <= rank(next.equivalence), `${each.equivalence} before ${next.equivalence}`)
        if (each.equivalence === next.equivalence)
          assert.ok(Number(each.code?.slice(1).split('-')[0]) < Number(next.code?.slice(1).split('-')[0]))
      }
      const direct = (await terminology.translator(map))('a', source)
      assert.deepEqual(
        direct.map((each) => each.code),
        found.map((each) => each.code),
        'maps and rules get the same order',
      )
    })
    await fc.assert(property, { numRuns: 200, seed: 12 })
  })
})

describe('what maps and rules ask code by code', () => {
  const ask = async (map: ConceptMap, code: string, others: ConceptMap[] = []) =>
    (await terminologyOver([map, ...others]).translator(map))(code, source).map((each) => each.code)
  const one = conceptMap('one', ['equivalent'])
  const group = one.group?.[0]
  const withUnmapped = (unmapped: object): ConceptMap => ({ ...one, group: [{ ...group, unmapped }] }) as ConceptMap

  it('has nothing of a code that no group has, and all of one that any has', async () => {
    assert.deepEqual(await ask(one, 'a'), ['one0-equivalent'])
    assert.deepEqual(await ask(one, 'unknown'), [])
    const second = { ...group, element: [{ code: 'b', target: [{ code: 'c', equivalence: 'equivalent' }] }] }
    const two = { ...one, group: [group, second] } as ConceptMap
    assert.deepEqual([await ask(two, 'a'), await ask(two, 'b')], [['one0-equivalent'], ['c']])
  })

  it('keeps what it has for its own codes, and nothing that was asked beside them', async () => {
    const map = withUnmapped({ mode: 'fixed', code: 'f' })
    const translate = await terminologyOver([map]).translator(map)
    // What is kept is everybody's, and nobody can change it.
    assert.equal(Object.isFrozen(translate('a', source)), true)
    assert.equal(Object.isFrozen(translate('Ada of Elsewhere', source)), false)
    assert.equal(translate('Ada of Elsewhere', source)[0]?.code, 'f')
  })

  it('says of a code that no group has what the map says of all others', async () => {
    assert.deepEqual(await ask(withUnmapped({ mode: 'provided' }), 'unknown'), ['unknown'])
    assert.deepEqual(await ask(withUnmapped({ mode: 'fixed', code: 'f' }), 'unknown'), ['f'])
    const other: ConceptMap = {
      ...conceptMap('other', ['equivalent']),
      group: [{ ...group, element: [{ code: 'unknown', target: [{ code: 'o', equivalence: 'equivalent' }] }] }],
    } as ConceptMap
    assert.deepEqual(await ask(withUnmapped({ mode: 'other-map', url: other.url }), 'unknown', [other]), ['o'])
  })

  it('is what `$translate` answers, of several groups with whatever rules, asked in whichever order', async () => {
    const unmapped = fc.constantFrom(
      undefined,
      { mode: 'provided' },
      { mode: 'fixed', code: 'f' },
      { mode: 'fixed', code: 'F', display: 'words' },
      { mode: 'other-map', url: 'http://example.org/ConceptMap/other' },
    )
    const systems = [source, 'http://example.org/CodeSystem/else', undefined] as const
    const ofGroup = fc.record({
      source: fc.constantFrom(...systems),
      target: fc.constantFrom(target, undefined),
      element: fc.constantFrom([], group?.element ?? []),
      unmapped,
    })
    const questions = fc.array(
      fc.record({ code: fc.constantFrom('a', 'A', 'unknown', 'f'), system: fc.constantFrom(...systems.slice(0, 2)) }),
      { minLength: 1, maxLength: 4 },
    )
    const property = fc.asyncProperty(
      fc.array(ofGroup, { minLength: 1, maxLength: 3 }),
      questions,
      async (groups, asked) => {
        const map = JSON.parse(JSON.stringify({ ...one, group: groups })) as ConceptMap
        const terminology = terminologyOver([map, conceptMap('other', ['wider'])])
        const translate = await terminology.translator(map)
        for (const { code, system } of asked) {
          const reply = await terminology.translate(parameters({ url: map.url, system: system ?? source, code }))
          const wanted = (reply.parameter ?? []).flatMap(({ name, part = [] }) => {
            const { valueCoding } = part.find((each) => each.name === 'concept') ?? {}
            const { valueCode } = part.find((each) => each.name === 'equivalence') ?? {}
            return name === 'match' && valueCoding ? [JSON.stringify([valueCoding, valueCode])] : []
          })
          const told = translate(code, system ?? source).map(({ equivalence, ...coding }) =>
            JSON.stringify([coding, equivalence]),
          )
          // `$translate` tells a match once.
          assert.deepEqual([...new Set(told)], [...new Set(wanted)])
        }
      },
    )
    await fc.assert(property, { numRuns: 300 })
  })
})

describe('where a translation comes from', () => {
  const map = conceptMap('one', ['equivalent'])
  const terminology = terminologyOver([map])
  const matchOf = async (question: Record<string, unknown>) =>
    partsOf(await terminology.translate(parameters(question)))[0]

  it('is said as R4 has it, and as R5 has it', async () => {
    for (const question of [
      { url: map.url, system: source, code: 'a' },
      { coding: { system: source, code: 'a' } },
      { url: map.url, system: target, code: 'one0-equivalent', reverse: true },
    ]) {
      const found = await matchOf(question)
      assert.deepEqual(found?.sourceUri, [map.url])
      assert.deepEqual(found?.originMap, [`${map.url}|1.0.0`])
      assert.deepEqual(found?.sourceCoding, [])
    }
  })

  it('is said as R5 has it to who asks with R5’s names', async () => {
    const found = await matchOf({ url: map.url, sourceSystem: source, sourceCode: 'a' })
    assert.deepEqual(found?.sourceUri, [])
    assert.deepEqual(found?.originMap, [`${map.url}|1.0.0`])
  })

  it('is not said of a map without url', async () => {
    const { url: _, ...nameless } = map
    const found = await matchOf({ conceptMap: nameless, system: source, code: 'a' })
    assert.equal(found?.code, 'one0-equivalent')
    assert.deepEqual([found?.sourceUri, found?.originMap], [[], []])
  })
})
