import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CodeSystem, CodeSystemConcept, Parameters, ValueSet } from '../../src/fhir/types.ts'
import { answer, parameters, terminologyOver } from './support.ts'

const CS = 'http://example.org/CodeSystem/'
const VS = 'http://example.org/ValueSet/'

function codeSystem(name: string, concept: CodeSystemConcept[], more: Partial<CodeSystem> = {}): CodeSystem {
  return { resourceType: 'CodeSystem', url: CS + name, status: 'active', content: 'complete', concept, ...more }
}

function valueSet(name: string, include: NonNullable<ValueSet['compose']>['include'], version?: string): ValueSet {
  return {
    resourceType: 'ValueSet',
    url: VS + name,
    ...(version && { version }),
    status: 'active',
    compose: { include },
  }
}

const issuesOf = (reply: Parameters) =>
  (
    (answer(reply, 'issues') as { issue?: { severity: string; details: { text: string } }[] } | undefined)?.issue ?? []
  ).map((each) => `${each.severity}: ${each.details.text}`)

const valueOfAll = (reply: Parameters, name: string) =>
  (reply.parameter ?? []).filter((each) => each.name === name).map((each) => each.valueCanonical)

describe('fragments and unknown systems in enumerations', () => {
  const known = { code: 'old', display: 'Old', property: [{ code: 'inactive', valueBoolean: true }] }
  const part = codeSystem('part', [known], { content: 'fragment' })
  const terminology = terminologyOver([part])
  const set = valueSet('enumerated', [
    { system: `${CS}part`, concept: [{ code: 'old' }, { code: 'elsewhere' }] },
    { system: `${CS}absent`, concept: [{ code: 'a' }] },
  ])
  const validate = (system: string, code: string) =>
    terminology.validateCode(parameters({ valueSet: set, system: CS + system, code }))

  it('a code that the fragment lacks is a member with a warning', async () => {
    const reply = await validate('part', 'elsewhere')
    assert.equal(answer(reply, 'result'), true)
    assert.match(issuesOf(reply).join(), /^warning: Unknown Code 'elsewhere' .* labeled as a fragment/)
  })

  it('a code that the fragment has keeps its properties', async () => {
    const reply = await validate('part', 'old')
    assert.equal(answer(reply, 'result'), true)
    assert.equal(answer(reply, 'inactive'), true)
    assert.deepEqual(valueOfAll(reply, 'x-unknown-system'), [])
  })

  it('a code that an enumeration of an unknown system lacks is not blamed on a fragment', async () => {
    const reply = await validate('absent', 'b')
    assert.equal(answer(reply, 'result'), false)
    assert.deepEqual(valueOfAll(reply, 'x-unknown-system'), [`${CS}absent`])
    assert.ok(issuesOf(reply).every((each) => !each.includes('fragment')))
  })
})

describe('rules for imports and supplements', () => {
  const base = codeSystem('base', [{ code: 'a', display: 'Apple' }], { language: 'en' })
  const imported = [valueSet('imported', [{ system: `${CS}base` }], '1.0.0')]
  const terminology = terminologyOver([base, ...imported])

  it('check-valueset-version holds for imports, too', async () => {
    const set = valueSet('root', [{ valueSet: [`${VS}imported|1.0.0`] }])
    const check = (version: string) =>
      terminology.expand(parameters({ valueSet: set, 'check-valueset-version': `${VS}imported|${version}` }))
    assert.equal((await check('1.x')).expansion?.total, 1)
    await assert.rejects(check('2.0.0'), /The version '1.0.0' is not allowed for value set/)
  })

  it('a supplement that comes along is applied for the language of its designations', async () => {
    const supplement: CodeSystem = {
      resourceType: 'CodeSystem',
      url: `${CS}spanish`,
      status: 'active',
      content: 'supplement',
      supplements: `${CS}base`,
      concept: [{ code: 'a', designation: [{ language: 'es', value: 'Manzana' }] }],
    }
    const shown = async (displayLanguage: string) => {
      const call = { url: `${VS}imported`, 'tx-resource': supplement, displayLanguage }
      return (await terminology.expand(parameters(call))).expansion?.contains?.[0]?.display
    }
    assert.equal(await shown('es'), 'Manzana')
    assert.equal(await shown('fr'), 'Apple')
  })
})

describe('implicit content', () => {
  const terminology = terminologyOver([codeSystem('refsets', [{ code: '1' }])])
  const validate = async (system: string, code: string, more: Record<string, unknown> = {}) =>
    answer(
      await terminology.validateCode(parameters({ url: system, code, ...more }), { resourceType: 'CodeSystem' }),
      'result',
    )

  it('a reference set of a system that has none is an error, not a set of its id', async () => {
    await assert.rejects(terminology.expand(parameters({ url: `${CS}refsets?fhir_vs=refset/1` })), /refset/)
  })

  it('BCP 47: no empty subtags, and filters on every part of a tag', async () => {
    for (const bad of ['de-', 'de-x', 'de-x-', 'de-u-', '-de']) {
      assert.equal(await validate('urn:ietf:bcp:47', bad), false, bad)
    }
    const parts = {
      'zh-Hant-TW': ['script', 'region'],
      'de-1996': ['variant'],
      'en-u-ca-gregory-x-own': ['extension', 'private-use'],
    }
    for (const [code, present] of Object.entries(parts)) {
      for (const property of ['language', 'ext-lang', 'script', 'region', 'variant', 'extension', 'private-use']) {
        const filter = [{ property, op: 'exists' as const, value: 'true' }]
        const set = valueSet('tags', [{ system: 'urn:ietf:bcp:47', filter }])
        const reply = await terminology.validateCode(parameters({ valueSet: set, system: 'urn:ietf:bcp:47', code }))
        const expected = property === 'language' || present.includes(property)
        assert.equal(answer(reply, 'result'), expected, `${code} ${property}`)
      }
    }
  })

  it('UCUM: expressions in words, and what is wrong with one that is none', async () => {
    const system = 'http://unitsofmeasure.org'
    for (const [code, words] of [
      ['mg', '(milligram)'],
      ['mg/dL', '(milligram) / (deciliter)'],
      ['mg/dL{milligram per deciliter}', '(milligram) / (deciliter) * 1'],
      ['kg.m/s2', '(kilogram) * (meter) / (second ^ 2)'],
      ['m/(s.g)', '(meter) / ((second) * (gram))'],
      ['10*3/uL', undefined],
    ]) {
      const reply = await terminology.lookup(parameters({ system, code }))
      const texts = (reply.parameter ?? [])
        .filter(({ name }) => name === 'designation')
        .map(({ part }) => part?.find(({ name }) => name === 'value')?.valueString)
      if (words) assert.ok(texts.includes(words), `${code}: ${texts.join('; ')}`)
    }
    for (const [code, fault] of [
      ['kgXX', "Error processing unit 'kgXX': The unit 'kgXX' is unknown at character 1"],
      ['mg/XX', "Error processing unit 'mg/XX': The unit 'XX' is unknown at character 4"],
      ['mg//dL', "Error processing unit 'mg//dL': The expression does not follow the grammar of UCUM"],
    ]) {
      const reply = await terminology.validateCode(parameters({ url: system, code }), { resourceType: 'CodeSystem' })
      assert.equal(answer(reply, 'result'), false)
      assert.equal(issuesOf(reply)[1], `information: ${fault}`)
      assert.equal(String(answer(reply, 'message')).includes('Error processing'), false)
    }
  })

  it('ISO 4217: funds, metals and no currency', async () => {
    for (const code of ['EUR', 'CHE', 'XAU', 'XXX'])
      assert.equal(await validate('urn:iso:std:iso:4217', code), true, code)
    assert.equal(await validate('urn:iso:std:iso:4217', 'ABC'), false)
  })

  it('ISO 3166: ISO’s short names are displays, too', async () => {
    const display = 'Tanzania, United Republic of'
    assert.equal(await validate('urn:iso:std:iso:3166', 'TZA', { display }), true)
    assert.equal(await validate('urn:iso:std:iso:3166', 'KEN', { display }), false)
  })

  it('ISO 3166-2: subdivisions, and subdivisions of those', async () => {
    const system = 'urn:iso:std:iso:3166:-2'
    assert.equal(await validate(system, 'CH-ZH', { display: 'Zürich' }), true)
    for (const bad of ['CH', 'CH-XX', 'ch-zh']) assert.equal(await validate(system, bad), false, bad)
    const found = await terminology.subsumes(parameters({ system, codeA: 'FR-ARA', codeB: 'FR-01' }))
    assert.equal(answer(found, 'outcome'), 'subsumes')
  })

  it('an unknown version of a concept map is named', async () => {
    const call = { url: 'http://example.org/map', conceptMapVersion: '2', system: `${CS}refsets`, code: '1' }
    await assert.rejects(terminology.translate(parameters(call)), /'http:\/\/example\.org\/map\|2'/)
  })
})

describe('imports of imports', () => {
  const system = codeSystem('last', [{ code: 'a' }])
  const doubling = (levels: number) =>
    Array.from({ length: levels }, (_, level) => {
      const next = { valueSet: [`${VS}level${level + 1}`] }
      return valueSet(`level${level}`, [next, next])
    })
  const chain = (levels: number) =>
    Array.from({ length: levels }, (_, level) => valueSet(`level${level}`, [{ valueSet: [`${VS}level${level + 1}`] }]))
  const last = (level: number) => valueSet(`level${level}`, [{ system: `${CS}last` }])
  const expand = (resources: ValueSet[]) =>
    terminologyOver([system, ...resources]).expand(parameters({ url: `${VS}level0` }))

  it('each set is read once however often it is imported', async () => {
    assert.equal((await expand([...doubling(10), last(10)])).expansion?.total, 1)
    assert.equal((await expand([...chain(500), last(500)])).expansion?.total, 1)
  })

  it('what would never end is refused', async () => {
    await assert.rejects(expand([...doubling(40), last(40)]), /too costly/)
    await assert.rejects(expand([...chain(2000), last(2000)]), /too costly/)
  })
})

describe('systems without regard to case', () => {
  const folded = codeSystem('folded', [{ code: 'Abc', display: 'A' }, { code: 'Def' }], { caseSensitive: false })
  const terminology = terminologyOver([folded])

  it('a value set may write codes in its own way', async () => {
    const set = valueSet('folded', [{ system: `${CS}folded`, concept: [{ code: 'ABC', display: 'Own' }] }])
    const { expansion } = await terminology.expand(parameters({ valueSet: set }))
    assert.deepEqual(
      expansion?.contains?.map(({ code, display }) => [code, display]),
      [['Abc', 'Own']],
    )
    const call = { valueSet: set, system: `${CS}folded`, code: 'abc', display: 'Own' }
    assert.equal(answer(await terminology.validateCode(parameters(call)), 'result'), true)
  })

  it('so may a filter', async () => {
    for (const [op, codes] of [
      ['in', ['Abc']],
      ['not-in', ['Def']],
    ] as const) {
      const filter = [{ property: 'code', op, value: 'abc, x' }]
      const set = valueSet('filtered', [{ system: `${CS}folded`, filter }])
      const { expansion } = await terminology.expand(parameters({ valueSet: set }))
      assert.deepEqual(
        expansion?.contains?.map(({ code }) => code),
        codes,
      )
    }
  })
})

describe('values and resources that lack something', () => {
  const one = codeSystem('one', [{ code: 'a' }])
  const two = codeSystem('two', [{ code: 'b' }])
  const terminology = terminologyOver([one, two])
  const inSystem = (values: Record<string, unknown>) =>
    terminology.validateCode(parameters(values), { resourceType: 'CodeSystem' })

  it('a coding of another system than the one that is asked for is not valid', async () => {
    const reply = await inSystem({ url: `${CS}one`, coding: { system: `${CS}two`, code: 'b' } })
    assert.equal(answer(reply, 'result'), false)
    assert.match(issuesOf(reply).join(), /^error: The code system '.*two' of the value is not the code system '.*one'/)
    const several = { coding: [{ system: `${CS}two`, code: 'b' }, { code: 'a' }, { system: `${CS}one`, code: 'a' }] }
    assert.equal(answer(await inSystem({ url: `${CS}one`, codeableConcept: several }), 'result'), true)
    assert.equal(answer(await inSystem({ coding: { code: 'a' } }), 'result'), false)
  })

  it('a system that could not be inferred because it is unknown is named as the cause', async () => {
    const set = valueSet('unknown', [{ system: `${CS}one` }, { system: `${CS}absent` }])
    const reply = await terminology.validateCode(parameters({ valueSet: set, code: 'z', inferSystem: true }))
    assert.deepEqual(valueOfAll(reply, 'x-caused-by-unknown-system'), [`${CS}absent`])
    const found = await terminology.validateCode(parameters({ valueSet: set, code: 'a', inferSystem: true }))
    assert.equal(answer(found, 'result'), true)
  })

  it('concepts without code are refused by name, in whatever resource they stand', async () => {
    const broken = codeSystem('broken', [{ display: 'x' } as CodeSystemConcept], { caseSensitive: false })
    const asked = { url: `${CS}broken?fhir_vs`, 'tx-resource': broken }
    await assert.rejects(terminology.expand(parameters(asked)), /broken' cannot be processed: a concept has no code/)
    const nameless = valueSet('nameless', [{ system: `${CS}one`, concept: [{ code: 'a' }, {} as { code: string }] }])
    await assert.rejects(
      terminology.expand(parameters({ valueSet: nameless })),
      /include\[0\]\.concept\[1\] lacks a code/,
    )
  })

  it('a batch answers what it can where a parameter of an entry has no name', async () => {
    const entry = parameters({ system: `${CS}one`, code: 'a' })
    const validation = { ...entry, parameter: [...(entry.parameter ?? []), {} as { name: string }] }
    const reply = await terminology.batchValidateCode(
      parameters({ validation, valueSet: valueSet('one', [{ system: `${CS}one` }]) }),
    )
    assert.equal(answer(answer(reply, 'validation') as Parameters, 'result'), true)
  })
})

describe('a code in several versions of its system', () => {
  it('is valid where only active codes count if it is active in one of them', async () => {
    const gone = { code: 'a', property: [{ code: 'inactive', valueBoolean: true }] }
    const versions = [
      codeSystem('aging', [{ code: 'a' }], { version: '1.0.0' }),
      codeSystem('aging', [gone], { version: '2.0.0' }),
    ]
    const system = `${CS}aging`
    const set = valueSet('both', [
      { system, version: '1.0.0' },
      { system, version: '2.0.0' },
    ])
    const call = { valueSet: set, system, code: 'a', activeOnly: true }
    const reply = await terminologyOver(versions).validateCode(parameters(call))
    assert.equal(answer(reply, 'result'), true)
    assert.equal(answer(reply, 'version'), '1.0.0')
  })
})

describe('expansions of odd hierarchies', () => {
  const parent = (code: string) => ({ code: 'parent', valueCode: code })
  const many = codeSystem('many', [
    { code: 'x' },
    { code: 'y' },
    { code: 'z', property: [parent('x'), parent('y')] },
    { code: 'w', property: [parent('z')] },
  ])
  const circle = codeSystem('circle', [
    { code: 'p', property: [parent('q')] },
    { code: 'q', property: [parent('p')] },
  ])
  const changing = codeSystem('changing', [{ code: 'k' }], { version: '7', versionNeeded: true })
  const terminology = terminologyOver([many, circle, changing])
  type Entries = NonNullable<NonNullable<ValueSet['expansion']>['contains']>
  const outline = (entries: Entries = []): string =>
    entries.map((each) => (each.contains ? `${each.code}(${outline(each.contains)})` : each.code)).join(' ')
  const expand = async (system: string, filter?: { property: string; op: 'is-a'; value: string }) => {
    const set = valueSet('odd', [{ system: CS + system, ...(filter && { filter: [filter] }) }])
    return (await terminology.expand(parameters({ valueSet: set }))).expansion?.contains
  }

  it('a concept is below that one of its parents which is a member', async () => {
    assert.equal(outline(await expand('many')), 'x(z(w)) y')
    assert.equal(outline(await expand('many', { property: 'concept', op: 'is-a', value: 'y' })), 'y(z(w))')
  })

  it('a circle loses no member', async () => {
    assert.equal(outline(await expand('circle')).match(/[pq]/g)?.length, 2)
  })

  it('entries of a system that needs its version have it', async () => {
    assert.equal((await expand('changing'))?.[0]?.version, '7')
  })
})
