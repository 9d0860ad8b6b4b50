import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../src/fhir/error.ts'
import type { CodeSystem, CodeSystemConcept, ValueSet } from '../../src/fhir/types.ts'
import { answer, parameters, terminologyOver } from './support.ts'

const CS = 'http://example.org/CodeSystem/'

function codeSystem(name: string, concept: CodeSystemConcept[], more: Partial<CodeSystem> = {}): CodeSystem {
  const url = name.includes('/') ? name : CS + name
  return {
    resourceType: 'CodeSystem',
    url,
    status: 'active',
    content: 'complete',
    caseSensitive: true,
    concept,
    ...more,
  }
}

type Include = NonNullable<ValueSet['compose']>['include']
const valueSet = (include: Include, more: Partial<ValueSet> = {}): ValueSet => ({
  resourceType: 'ValueSet',
  url: 'http://example.org/ValueSet/x',
  status: 'active',
  compose: { include },
  ...more,
})

type Contains = NonNullable<NonNullable<ValueSet['expansion']>['contains']>
/** `a(b c(d)) e`: codes with what is below them in brackets. */
const shape = (contains: Contains | undefined): string =>
  (contains ?? []).map((each) => `${each.code}${each.contains ? `(${shape(each.contains)})` : ''}`).join(' ')

const parametersOf = (set: ValueSet) =>
  (set.expansion?.parameter ?? []).map(
    ({ name, valueUri, valueString, valueBoolean }) => `${name}=${valueUri ?? valueString ?? valueBoolean}`,
  )

async function status(answered: Promise<unknown>): Promise<number> {
  try {
    await answered
    return 200
  } catch (error) {
    if (error instanceof FhirError) return error.status
    throw error
  }
}

describe('what an expansion says of its set', () => {
  it('is the same whatever was asked of the set before', async () => {
    const resources = [
      codeSystem('a', [{ code: 'a' }], { version: '1', status: 'draft' }),
      codeSystem('a', [{ code: 'a' }, { code: 'a2' }], { version: '2', content: 'fragment' }),
      codeSystem('b', [{ code: 'b', display: 'B' }], { version: '1', experimental: true }),
      valueSet([{ system: `${CS}a` }, { system: `${CS}b` }]),
    ]
    const questions: Record<string, string | boolean>[] = [
      {},
      { 'exclude-system': `${CS}b` },
      { 'system-version': `${CS}a|1` },
      { excludePostCoordinated: true },
      { includeDefinition: true },
      { displayLanguage: 'de', filter: 'b' },
    ]
    const ask = (terminology: ReturnType<typeof terminologyOver>, question: Record<string, string | boolean>) =>
      terminology.expand(parameters({ url: 'http://example.org/ValueSet/x', ...question }))
    const said = (set: ValueSet) => ({ ...set, expansion: { ...set.expansion, identifier: '' } })
    const alone = await Promise.all(questions.map((each) => ask(terminologyOver(resources), each)))
    const terminology = terminologyOver(resources)
    for (let round = 0; round < 2; round++)
      for (const [at, question] of questions.entries()) {
        const found = await ask(terminology, question)
        assert.deepEqual(said(found), said(alone[at] ?? found), JSON.stringify(question))
      }
    assert.equal(new Set(alone.map((each) => JSON.stringify(said(each)))).size, questions.length)
  })

  it('is not to be changed by who asked for it', async () => {
    const terminology = terminologyOver([
      codeSystem('a', [{ code: 'a' }], { version: '1' }),
      valueSet([{ system: `${CS}a` }]),
    ])
    const found = await terminology.expand(parameters({ url: 'http://example.org/ValueSet/x' }))
    const used = found.expansion?.parameter?.find(({ name }) => name === 'used-codesystem')
    assert.throws(() => Object.assign(used ?? {}, { valueUri: 'http://example.org/another' }), TypeError)
  })
})

describe('a system that is left out (HealthIntersections/FHIRsmith#89)', () => {
  const terminology = terminologyOver([
    codeSystem('known', [{ code: 'a' }, { code: 'b' }], { version: '1' }),
    codeSystem('known', [{ code: 'a' }, { code: 'c' }], { version: '2' }),
  ])
  const known = `${CS}known`
  const unknown = 'http://example.org/nobody/has/this'
  const expand = (include: Include, without: string | string[], more: Partial<ValueSet['compose']> = {}) =>
    terminology.expand(
      parameters({
        valueSet: { ...valueSet(include), compose: { include, ...more } },
        'exclude-system': without,
      }),
    )

  it('may be unknown: the rest expands, and the reply says what was left out', async () => {
    const set = await expand([{ system: known }, { system: unknown }], unknown)
    assert.equal(shape(set.expansion?.contains), 'a c')
    assert.ok(parametersOf(set).includes(`exclude-system=${unknown}`), String(parametersOf(set)))
    assert.equal(await status(expand([{ system: known }, { system: unknown }], known)), 404, 'the other one is missed')
  })

  it('so may a version of it', async () => {
    const include = [{ system: known }, { system: unknown, version: '7' }]
    assert.equal(shape((await expand(include, `${unknown}|7`)).expansion?.contains), 'a c')
    assert.equal(await status(expand(include, `${unknown}|8`)), 404)
  })

  it('in filters, enumerations, excludes and imports alike', async () => {
    const inner = valueSet([{ system: unknown }], { id: 'inner', url: 'http://example.org/ValueSet/inner' })
    for (const include of [
      [{ system: known }, { system: unknown, filter: [{ property: 'concept', op: 'is-a', value: 'x' }] }],
      [{ system: known }, { system: unknown, concept: [{ code: 'x' }] }],
    ] as Include[])
      assert.equal(shape((await expand(include, unknown)).expansion?.contains), 'a c')
    const excluding = await expand([{ system: known }], unknown, { exclude: [{ system: unknown }] })
    assert.equal(shape(excluding.expansion?.contains), 'a c')
    const importing = await terminology.expand(
      parameters({
        valueSet: valueSet([{ system: known }, { valueSet: [inner.url ?? ''] }]),
        'tx-resource': inner,
        'exclude-system': unknown,
      }),
    )
    assert.equal(shape(importing.expansion?.contains), 'a c')
  })

  it('one version of several', async () => {
    const both = [
      { system: known, version: '1' },
      { system: known, version: '2' },
    ]
    assert.equal(shape((await expand(both, `${known}|2`)).expansion?.contains), 'a b')
    assert.equal(shape((await expand(both, `${known}|1`)).expansion?.contains), 'a c')
    assert.equal(shape((await expand(both, [`${known}|1`, `${known}|2`])).expansion?.contains), '')
    assert.equal(shape((await expand(both, known)).expansion?.contains), '')
  })
})

const family = codeSystem(
  'family',
  [
    {
      code: 'virus',
      display: 'Virus infection',
      concept: [
        { code: 'flu', display: 'Influenza virus', concept: [{ code: 'h1', display: 'H1 virus' }] },
        { code: 'covid', display: 'Coronavirus', concept: [{ code: 'omicron', display: 'Virus, omicron' }] },
      ],
    },
    { code: 'cold', display: 'Cold, often a virus' },
  ],
  { version: '1' },
)

describe('two filters over one hierarchy', () => {
  const terminology = terminologyOver([family])
  const system = `${CS}family`
  const expand = (include: Include, more: Record<string, unknown>) =>
    terminology.expand(parameters({ valueSet: valueSet(include), ...more }))

  for (const [name, include, more, expected] of [
    ['a text that a parent matches, too', [{ system }], { filter: 'virus' }, 'virus(flu(h1) omicron) cold'],
    ['a text that only leaves match', [{ system }], { filter: 'omicron' }, 'omicron'],
    [
      'a branch and a text',
      [{ system, filter: [{ property: 'concept', op: 'is-a', value: 'virus' }] }],
      { filter: 'virus' },
      'virus(flu(h1) omicron)',
    ],
    [
      'a branch and another filter',
      [
        {
          system,
          filter: [
            { property: 'concept', op: 'is-a', value: 'virus' },
            { property: 'code', op: 'regex', value: 'virus|h1|covid|omicron' },
          ],
        },
      ],
      {},
      'virus(h1 covid(omicron))',
    ],
    ['what should be flat', [{ system }], { filter: 'virus', excludeNested: true }, 'virus flu h1 omicron cold'],
    ['a page', [{ system }], { filter: 'virus', count: 3, offset: 1 }, 'flu h1 omicron'],
  ] as [string, Include, Record<string, unknown>, string][])
    it(`${name}: ${expected}`, async () => {
      assert.equal(shape((await expand(include, more)).expansion?.contains), expected)
    })

  it('the metadata of the set stay in the reply', async () => {
    const metadata: Partial<ValueSet> = {
      language: 'en',
      identifier: [{ value: 'x' }],
      version: '3',
      name: 'Infections',
      title: 'Infections',
      status: 'draft',
      experimental: true,
      date: '2026-01-01',
      publisher: 'A publisher',
      contact: [{ name: 'Somebody' }],
      useContext: [{ code: { code: 'venue' }, valueCodeableConcept: { text: 'border' } }],
      jurisdiction: [{ text: 'here' }],
      immutable: false,
      copyright: 'Nobody',
    }
    const given = valueSet([{ system }], { ...metadata, description: 'long', purpose: 'long' })
    for (const more of [{}, { filter: 'virus' }]) {
      const { expansion, ...root } = await terminology.expand(parameters({ valueSet: given, ...more }))
      assert.ok(expansion)
      assert.deepEqual(root, { resourceType: 'ValueSet', url: given.url, ...metadata })
    }
  })

  it('any text: the same members as flat, each below its nearest ancestor among them, page by page the whole', async () => {
    const words = ['virus', 'acute', 'fever', 'b']
    const concepts = fc.array(fc.record({ up: fc.nat(11), words: fc.subarray(words) }), { minLength: 1, maxLength: 12 })
    const property = fc.asyncProperty(concepts, fc.constantFrom(...words, ''), async (given, filter) => {
      const made = given.map(
        ({ words: own }, i): CodeSystemConcept => ({ code: `c${i}`, display: own.join(' ') || 'x' }),
      )
      const parent = given.map(({ up }, i) => (i > 0 && up < i ? up : undefined))
      made.forEach((concept, i) => {
        const above = made[parent[i] ?? -1]
        if (above) above.concept = [...(above.concept ?? []), concept]
      })
      const roots = made.filter((_, i) => parent[i] === undefined)
      const over = terminologyOver([codeSystem('any', roots)])
      const ask = async (more: Record<string, unknown>) =>
        (
          await over.expand(
            parameters({ valueSet: valueSet([{ system: `${CS}any` }]), ...(filter && { filter }), ...more }),
          )
        ).expansion
      const flat = (await ask({ excludeNested: true }))?.contains?.map((each) => each.code) ?? []
      const isIn = (i: number) => flat.includes(`c${i}`)
      const nearest = (i: number): number | undefined => {
        const above = parent[i]
        return above === undefined || isIn(above) ? above : nearest(above)
      }
      const below = new Map<string, string | undefined>()
      const visit = (contains: Contains | undefined, above: string | undefined) => {
        for (const each of contains ?? []) {
          assert.ok(each.code && !below.has(each.code), 'once')
          below.set(each.code, above)
          visit(each.contains, each.code)
        }
      }
      const nested = await ask({})
      visit(nested?.contains, undefined)
      assert.deepEqual([...below.keys()].toSorted(), flat.toSorted())
      assert.equal(nested?.total, flat.length)
      for (const [code, above] of below) {
        const expected = nearest(Number(code.slice(1)))
        assert.equal(above, expected === undefined ? undefined : `c${expected}`, code)
      }
      const paged: (string | undefined)[] = []
      for (let offset = 0; offset < flat.length; offset += 2) {
        const page = await ask({ offset, count: 2 })
        assert.equal(page?.total, flat.length)
        paged.push(...(page?.contains ?? []).map((each) => each.code))
      }
      assert.deepEqual(paged, flat)
    })
    await fc.assert(property, { numRuns: 200, seed: 2 })
  })
})

describe('a value set that comes without status', () => {
  const terminology = terminologyOver([family])
  const { status: _, ...without } = valueSet([{ system: `${CS}family` }])

  it('has an unknown one in the reply, never an active one', async () => {
    for (const more of [{}, { includeDefinition: true }, { filter: 'virus' }]) {
      const reply = await terminology.expand(parameters({ valueSet: without, ...more }))
      assert.equal(reply.status, 'unknown')
    }
  })

  it('keeps the one it has', async () => {
    for (const status of ['draft', 'retired', 'unknown', 'active'] as const) {
      const reply = await terminology.expand(parameters({ valueSet: { ...without, status } }))
      assert.equal(reply.status, status)
    }
  })
})

describe('a part of a system of others', () => {
  const sct = 'http://snomed.info/sct'
  const part = (version: string, content: 'complete' | 'fragment'): CodeSystem =>
    codeSystem(
      sct,
      [
        { code: '840539006', display: 'COVID-19' },
        { code: '1', display: 'One' },
      ],
      { version, content },
    )
  const set = valueSet([{ system: sct, filter: [{ property: 'code', op: 'regex', value: '[0-9]+' }] }])

  for (const content of ['complete', 'fragment'] as const)
    it(`has no version that the system cannot have, and is said to be a part (called ${content})`, async () => {
      const terminology = terminologyOver([part('1.0.0', content)])
      const reply = await terminology.expand(parameters({ valueSet: set }))
      assert.deepEqual(
        parametersOf(reply).filter((each) => each.startsWith('used-')),
        [`used-codesystem=${sct}`, `used-fragment=${sct}`],
      )
      assert.ok(reply.expansion?.extension?.some((each) => each.url.endsWith('valueset-unclosed')))
      assert.doesNotMatch(JSON.stringify(reply), /1\.0\.0/)
      const valid = await terminology.validateCode(parameters({ valueSet: set, system: sct, code: '1' }))
      assert.equal(answer(valid, 'result'), true)
      assert.equal(answer(valid, 'version'), undefined)
      const look = await terminology.lookup(parameters({ system: sct, code: '1' }))
      assert.equal(answer(look, 'version'), undefined)
    })

  it('keeps a version that is one of the system', async () => {
    const edition = 'http://snomed.info/sct/900000000000207008/version/20240101'
    const reply = await terminologyOver([part(edition, 'fragment')]).expand(parameters({ valueSet: set }))
    assert.ok(parametersOf(reply).includes(`used-codesystem=${sct}|${edition}`))
    assert.ok(parametersOf(reply).includes(`used-fragment=${sct}|${edition}`))
  })

  it('is found by value sets of its publisher that name its version', async () => {
    const terminology = terminologyOver([part('1.0.0', 'fragment')])
    const named = valueSet([{ system: sct, version: '1.0.0', concept: [{ code: '1' }] }])
    assert.equal((await terminology.expand(parameters({ valueSet: named }))).expansion?.total, 1)
    const valid = await terminology.validateCode(parameters({ valueSet: named, system: sct, code: '1' }))
    assert.equal(answer(valid, 'result'), true)
  })

  it('does not stand in for a system that is computed', async () => {
    const ucum = 'http://unitsofmeasure.org'
    for (const content of ['complete', 'fragment'] as const) {
      const terminology = terminologyOver([codeSystem(ucum, [{ code: 'mg' }], { version: '1.0.0', content })])
      const reply = await terminology.validateCode(
        parameters({ valueSet: valueSet([{ system: ucum }]), system: ucum, code: 'g/L' }),
      )
      assert.equal(answer(reply, 'result'), true)
      assert.equal(answer(reply, 'version'), '2.2')
      assert.equal(JSON.stringify(answer(reply, 'issues')), undefined)
    }
  })

  it('any other system keeps the version it says', async () => {
    const own = codeSystem('own', [{ code: 'a' }], { version: '1.0.0', content: 'fragment' })
    const reply = await terminologyOver([own]).expand(parameters({ valueSet: valueSet([{ system: `${CS}own` }]) }))
    assert.ok(parametersOf(reply).includes(`used-fragment=${CS}own|1.0.0`))
  })
})
