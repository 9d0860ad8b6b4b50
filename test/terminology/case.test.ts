import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CodeSystem, CodeSystemConcept, ConceptMap, Parameters, ValueSet } from '../../src/fhir/types.ts'
import { answer, parameters, terminologyOver } from './support.ts'

const system = 'http://example.org/CodeSystem/case'
const other = 'http://example.org/CodeSystem/other'

function codeSystem(caseSensitive: boolean | undefined, concept: CodeSystemConcept[], url = system): CodeSystem {
  return {
    resourceType: 'CodeSystem',
    url,
    version: '1',
    status: 'active',
    content: 'complete',
    ...(caseSensitive !== undefined && { caseSensitive }),
    property: [
      { code: 'kin', type: 'code' },
      { code: 'note', type: 'string' },
    ],
    concept,
  }
}

const concepts: CodeSystemConcept[] = [
  {
    code: 'Abc',
    display: 'Apple',
    concept: [
      {
        code: 'Def',
        display: 'Dill',
        property: [
          { code: 'kin', valueCode: 'Ghi' },
          { code: 'note', valueString: 'Red' },
        ],
      },
    ],
  },
  { code: 'Ghi', display: 'Grape' },
]
const map: ConceptMap = {
  resourceType: 'ConceptMap',
  url: 'http://example.org/ConceptMap/case',
  status: 'active',
  group: [
    {
      source: system,
      target: other,
      element: [{ code: 'Abc', target: [{ code: 'Xyz', equivalence: 'equivalent' }] }],
    },
  ],
}
const valueSet = (compose: ValueSet['compose']): ValueSet => ({
  resourceType: 'ValueSet',
  url: 'http://example.org/ValueSet/case',
  status: 'active',
  ...(compose && { compose }),
})
const included = (include: Partial<NonNullable<ValueSet['compose']>['include'][number]>) =>
  valueSet({ include: [{ system, ...include }] })

/** Answers one question about a code that is written in that way; what echoes the spelling is left out. */
type Ask = (terminology: ReturnType<typeof terminologyOver>, written: string) => Promise<unknown>

const isMember =
  (set: (written: string) => ValueSet, code = 'Abc'): Ask =>
  async (terminology, written) =>
    answer(await terminology.validateCode(parameters({ valueSet: set(written), system, code })), 'result')
const expanded =
  (set: (written: string) => ValueSet): Ask =>
  async (terminology, written) =>
    (await terminology.expand(parameters({ valueSet: set(written), excludeNested: true }))).expansion?.contains?.map(
      (each) => each.code,
    )
const filter =
  (property: string, op: string, code = 'Def') =>
  (written: string) =>
    included({ filter: [{ property, op: op as 'is-a', value: code === 'Ghi' ? swapped(written) : written }] })
/** The other code, in the same kind of spelling. */
const swapped = (written: string) => ({ Abc: 'Ghi', ABC: 'GHI', abc: 'ghi', aBc: 'gHi' })[written] ?? written

const questions: Record<string, Ask> = {
  'CodeSystem/$validate-code': async (terminology, code) =>
    answer(await terminology.validateCode(parameters({ url: system, code }), { resourceType: 'CodeSystem' }), 'result'),
  'ValueSet/$validate-code of a whole system': async (terminology, code) =>
    answer(await terminology.validateCode(parameters({ valueSet: included({}), system, code })), 'result'),
  '$validate-code of a Coding with its display': async (terminology, code) =>
    answer(
      await terminology.validateCode(
        parameters({ valueSet: included({}), coding: { system, code, display: 'Apple' } }),
      ),
      'result',
    ),
  $lookup: async (terminology, code) => answer(await terminology.lookup(parameters({ system, code })), 'display'),
  $subsumes: async (terminology, codeA) =>
    answer(await terminology.subsumes(parameters({ system, codeA, codeB: 'Def' })), 'outcome'),
  '$subsumes from below': async (terminology, codeB) =>
    answer(await terminology.subsumes(parameters({ system, codeA: 'Def', codeB })), 'outcome'),
  $translate: async (terminology, code) =>
    answer(await terminology.translate(parameters({ url: map.url, system, code })), 'result'),
  '$translate in reverse': async (terminology, code) =>
    answer(
      await terminology.translate(
        parameters({
          url: map.url,
          system: other,
          code: code.replace(/abc/i, (all) => ({ Abc: 'Xyz' })[all] ?? 'XYZ'),
          reverse: true,
        }),
      ),
      'result',
    ),
  'an enumeration that writes it so': isMember((code) => included({ concept: [{ code }] })),
  'an enumeration that writes it so, expanded': expanded((code) => included({ concept: [{ code }] })),
  'an exclude that writes it so': isMember((code) =>
    valueSet({ include: [{ system }], exclude: [{ system, concept: [{ code }] }] }),
  ),
  'an exclude that writes it so, expanded': expanded((code) =>
    valueSet({ include: [{ system }], exclude: [{ system, concept: [{ code }] }] }),
  ),
  'concept is-a': expanded(filter('concept', 'is-a')),
  'concept descendent-of': expanded(filter('concept', 'descendent-of')),
  'concept is-not-a': expanded(filter('concept', 'is-not-a')),
  'concept generalizes': expanded(filter('concept', 'generalizes')),
  'concept =': expanded(filter('concept', '=')),
  'code =': expanded(filter('code', '=')),
  'concept in': expanded(filter('concept', 'in')),
  'concept child-of': expanded(filter('concept', 'child-of')),
  'parent =': expanded(filter('parent', '=')),
  'a property that holds codes': expanded(filter('kin', '=', 'Ghi')),
  'a property that holds codes, in': expanded(filter('kin', 'in', 'Ghi')),
  'a supplement that writes it so': async (terminology, code) =>
    answer(
      await terminology.lookup(
        parameters({
          system,
          code: 'Abc',
          displayLanguage: 'de',
          useSupplement: 'http://example.org/CodeSystem/more',
          'tx-resource': {
            ...codeSystem(undefined, [{ code, designation: [{ language: 'de', value: 'Apfel' }] }]),
            url: 'http://example.org/CodeSystem/more',
            content: 'supplement',
            supplements: system,
          },
        }),
      ),
      'display',
    ),
  'a value set that displays it in its own way': async (terminology, code) =>
    answer(
      await terminology.validateCode(
        parameters({
          valueSet: included({ concept: [{ code, display: 'Own' }] }),
          system,
          code: 'Abc',
          display: 'Own',
        }),
      ),
      'result',
    ),
  '$compare of enumerations': async (terminology, code) =>
    answer(
      await terminology.compare(
        parameters({
          thisValueSet: included({ concept: [{ code }] }),
          otherValueSet: included({ concept: [{ code: 'Abc' }] }),
        }),
      ),
      'result',
    ),
}

async function asked(ask: Ask, caseSensitive: boolean | undefined, written: string): Promise<unknown> {
  const terminology = terminologyOver([
    codeSystem(caseSensitive, concepts),
    codeSystem(caseSensitive, [{ code: 'Xyz' }], other),
    map,
  ])
  try {
    return await ask(terminology, written)
  } catch (error) {
    return `refused: ${error instanceof Error ? error.name : ''}`
  }
}

describe('a code in another case (LinuxForHealth/FHIR#1454)', () => {
  for (const [name, ask] of Object.entries(questions)) {
    it(`${name}: the same code where the system says so or says nothing`, async () => {
      const right = await asked(ask, undefined, 'Abc')
      assert.ok(!String(right).startsWith('refused'), 'the question itself is answered')
      for (const written of ['ABC', 'abc', 'aBc'])
        for (const caseSensitive of [false, undefined])
          assert.deepEqual(await asked(ask, caseSensitive, written), right, `${caseSensitive} ${written}`)
    })

    it(`${name}: another code where case counts`, async () => {
      const right = await asked(ask, true, 'Abc')
      assert.ok(!String(right).startsWith('refused'))
      assert.notDeepEqual(await asked(ask, true, 'ABC'), right)
    })
  }

  it('is answered in the spelling of the system, with a remark', async () => {
    const terminology = terminologyOver([codeSystem(undefined, concepts)])
    const reply = await terminology.validateCode(parameters({ valueSet: included({}), system, code: 'ABC' }))
    assert.equal(answer(reply, 'normalized-code'), 'Abc')
    assert.match(JSON.stringify(answer(reply, 'issues')), /"severity":"information".*correct case/)
  })

  it('is no code where several codes of a silent system fit and none is the very one', async () => {
    const terminology = terminologyOver([codeSystem(undefined, [{ code: 'mm' }, { code: 'Mm' }, { code: 'kg' }])])
    const isCode = async (code: string) =>
      answer(await terminology.validateCode(parameters({ valueSet: included({}), system, code })), 'result')
    assert.deepEqual(await Promise.all(['mm', 'Mm', 'KG', 'MM'].map(isCode)), [true, true, true, false])
  })

  it('a text that is no code is compared letter by letter, whatever the system says of its codes', async () => {
    for (const caseSensitive of [false, undefined]) {
      const answered = (value: string) =>
        asked(
          expanded(() => filter('note', '=')(value)),
          caseSensitive,
          '',
        )
      assert.deepEqual(await answered('Red'), ['Def'])
      assert.notDeepEqual(await answered('red'), ['Def'])
    }
  })

  it('a translation says only the map’s own spelling', async () => {
    const terminology = terminologyOver([codeSystem(false, concepts), map])
    const reply = await terminology.translate(parameters({ url: map.url, system, code: 'aBC' }))
    const match = reply.parameter?.find((each) => each.name === 'match')
    assert.deepEqual(match?.part?.find((each) => each.name === 'concept')?.valueCoding?.code, 'Xyz')
  })
})

describe('codes of a system without regard to case', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'B', 'ß', 'é', 'Z', '1', '-'), minLength: 1, maxLength: 4 })
  const world = fc.record({
    codes: fc.uniqueArray(letters, { minLength: 2, maxLength: 8, selector: (each) => each.toLowerCase() }),
    parents: fc.array(fc.nat(7), { minLength: 8, maxLength: 8 }),
    caseSensitive: fc.constantFrom(false, undefined),
    included: fc.array(fc.nat(7), { minLength: 1, maxLength: 4 }),
    excluded: fc.array(fc.nat(7), { maxLength: 2 }),
    isA: fc.option(fc.nat(7), { nil: undefined }),
    flips: fc.array(fc.boolean(), { minLength: 64, maxLength: 64 }),
  })

  it('may be written in any way by the value set and by who asks', async () => {
    const property = fc.asyncProperty(world, async ({ codes, parents, caseSensitive, flips, ...wish }) => {
      const made = codes.map((code): CodeSystemConcept => ({ code }))
      const roots = made.filter((concept, i) => {
        const parent = made[(parents[i] ?? 0) % (i + 1)]
        if (!parent || parent === concept) return true
        parent.concept = [...(parent.concept ?? []), concept]
        return false
      })
      const terminology = terminologyOver([codeSystem(caseSensitive, roots)])
      let at = 0
      const recased = (code: string) =>
        [...code]
          .map((each) =>
            flips[at++ % flips.length] && each.toUpperCase().length === 1 ? each.toUpperCase() : each.toLowerCase(),
          )
          .join('')
      const set = (write: (code: string) => string) => {
        const pick = (numbers: number[]) => [...new Set(numbers.map((each) => codes[each % codes.length] ?? ''))]
        const root = wish.isA === undefined ? undefined : pick([wish.isA])[0]
        const excluded = pick(wish.excluded).map((code) => ({ code: write(code) }))
        return valueSet({
          include: [
            { system, concept: pick(wish.included).map((code) => ({ code: write(code) })) },
            ...(root ? [{ system, filter: [{ property: 'concept', op: 'is-a' as const, value: write(root) }] }] : []),
          ],
          ...(excluded.length > 0 && { exclude: [{ system, concept: excluded }] }),
        })
      }
      const members = async (given: ValueSet) =>
        (await terminology.expand(parameters({ valueSet: given, excludeNested: true }))).expansion?.contains
      const right = await members(set((code) => code))
      assert.deepEqual(await members(set(recased)), right)
      for (const code of codes) {
        const reply = await terminology.validateCode(
          parameters({ valueSet: set(recased), system, code: recased(code) }),
        )
        assert.equal(answer(reply, 'result'), right?.some((each) => each.code === code) === true, code)
        const found = await terminology.lookup(parameters({ system, code: recased(code) }))
        assert.equal(codeOf(found), code)
      }
    })
    await fc.assert(property, { numRuns: 150, seed: 1454 })
  })
})

const codeOf = (reply: Parameters) => answer(reply, 'code') ?? answer(reply, 'display')
