import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../src/fhir/error.ts'
import type { CodeSystem, ConceptMap, Parameters, ValueSet } from '../../src/fhir/types.ts'
import { createTerminology } from '../../src/terminology/terminology.ts'
import { answer, memorySource, parameters, terminologyOver } from './support.ts'

const SYSTEM = 'http://example.org/colours'
const SET = 'http://example.org/vs'

const colours: CodeSystem = {
  resourceType: 'CodeSystem',
  url: SYSTEM,
  version: '1.0.0',
  language: 'en',
  status: 'active',
  content: 'complete',
  caseSensitive: true,
  property: [{ code: 'warm', type: 'boolean' }],
  concept: [
    {
      code: 'red',
      display: 'Red',
      definition: 'Like blood',
      property: [{ code: 'warm', valueBoolean: true }],
      designation: [{ language: 'de', value: 'Rot' }],
      concept: [
        { code: 'crimson', display: 'Deep red' },
        { code: 'pink', display: 'Pink', property: [{ code: 'inactive', valueBoolean: true }] },
      ],
    },
    { code: 'blue', display: 'Blue', property: [{ code: 'warm', valueBoolean: false }] },
  ],
}

function valueSet(url: string, compose: ValueSet['compose'], version?: string): ValueSet {
  return { resourceType: 'ValueSet', url, status: 'active', ...(version && { version }), ...(compose && { compose }) }
}

const withFilter = (property: string, op: string, value: string) =>
  valueSet(SET, { include: [{ system: SYSTEM, filter: [{ property, op: op as '=', value }] }] })

async function codesOf(set: ValueSet, more: Record<string, unknown> = {}): Promise<(string | undefined)[]> {
  const reply = await terminologyOver([colours]).expand(parameters({ valueSet: set, excludeNested: true, ...more }))
  return (reply.expansion?.contains ?? []).map((each) => each.code)
}

/** The error of a call that must fail. */
async function failure(call: Promise<unknown>): Promise<FhirError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof FhirError, `expected a FhirError, not ${String(error)}`)
  assert.ok(error.status >= 400 && error.status < 500)
  return error
}

describe('filters', () => {
  for (const [property, op, value, expected] of [
    ['concept', '=', 'red', ['red']],
    ['warm', '=', 'true', ['red']],
    ['warm', '=', 'false', ['blue']],
    ['concept', 'is-a', 'red', ['red', 'crimson', 'pink']],
    ['concept', 'descendent-of', 'red', ['crimson', 'pink']],
    ['concept', 'is-not-a', 'red', ['blue']],
    ['concept', 'generalizes', 'pink', ['red', 'pink']],
    ['concept', 'child-of', 'red', ['crimson', 'pink']],
    ['concept', 'descendent-leaf', 'red', ['crimson', 'pink']],
    ['code', 'regex', 'r.*', ['red']],
    ['code', 'regex', '(red|blue)', ['red', 'blue']],
    ['display', 'regex', '.*red', ['crimson']],
    ['display', '=', 'Blue', ['blue']],
    ['concept', 'in', 'red, blue', ['red', 'blue']],
    ['concept', 'not-in', 'red,blue', ['crimson', 'pink']],
    ['warm', 'exists', 'true', ['red', 'blue']],
    ['warm', 'exists', 'false', ['crimson', 'pink']],
    ['parent', '=', 'red', ['crimson', 'pink']],
    ['child', 'exists', 'true', ['red']],
    ['inactive', '=', 'true', ['pink']],
  ] as const) {
    it(`${property} ${op} ${value}`, async () => {
      assert.deepEqual(await codesOf(withFilter(property, op, value)), expected)
    })
  }

  for (const [property, op, value, text] of [
    ['concept', 'like', 'red', /unknown operator 'like'/],
    ['taste', '=', 'sweet', /no property 'taste'/],
    ['concept', 'is-a', 'green', /the code 'green' is not known/],
    ['warm', 'is-a', 'red', /works on the property concept alone/],
    ['warm', 'exists', 'maybe', /'true' or 'false'/],
    ['code', 'regex', '(?=x)', /regular expression is not supported/],
    ['code', 'regex', '', /has no value/],
  ] as const) {
    it(`refuses ${property} ${op} ${value}`, async () => {
      const error = await failure(codesOf(withFilter(property, op, value)))
      assert.match(error.message, text)
      assert.deepEqual(error.issues[0]?.expression, ['ValueSet.compose.include[0].filter[0]'])
    })
  }

  it('regular expressions end in time that grows with the text alone', async () => {
    const code = `${'a'.repeat(5_000)}!`
    const system: CodeSystem = { ...colours, concept: [{ code }] }
    const terminology = terminologyOver([system])
    for (const expression of [
      '(a+)+',
      '((a+)+)+',
      '(a|a)*',
      '(a|aa)+$',
      '(.*)*x',
      'a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?b',
    ]) {
      const reply = await terminology.expand(parameters({ valueSet: withFilter('code', 'regex', expression) }))
      assert.equal(reply.expansion?.total, 0)
    }
  })
})

describe('$expand', () => {
  it('pages at any offset and tells the total', async () => {
    const set = valueSet(SET, { include: [{ system: SYSTEM }] })
    assert.deepEqual(await codesOf(set, { offset: 1, count: 2 }), ['crimson', 'pink'])
    assert.deepEqual(await codesOf(set, { offset: 9, count: 2 }), [])
    assert.deepEqual(await codesOf(set, { count: 0 }), [])
  })

  it('keeps the hierarchy of a whole system; parents that are left out hand on their children', async () => {
    const terminology = terminologyOver([colours])
    const nested = await terminology.expand(parameters({ url: `${SYSTEM}?fhir_vs`, activeOnly: true }))
    assert.deepEqual(
      nested.expansion?.contains?.[0]?.contains?.map((each) => each.code),
      ['crimson'],
    )
  })

  it('finds text in codes, displays and designations by the beginnings of words', async () => {
    const set = valueSet(SET, { include: [{ system: SYSTEM }] })
    assert.deepEqual(await codesOf(set, { filter: 'RE' }), ['red', 'crimson'])
    assert.deepEqual(await codesOf(set, { filter: 'rot' }), ['red'])
    assert.deepEqual(await codesOf(set, { filter: 'deep red' }), ['crimson'])
    assert.deepEqual(await codesOf(set, { filter: 'nothing' }), [])
    const enumerated = valueSet(SET, {
      include: [{ system: SYSTEM, concept: [{ code: 'blue', display: 'Azure' }, { code: 'red' }] }],
    })
    assert.deepEqual(await codesOf(enumerated, { filter: 'azu' }), ['blue'])
  })

  it('is an error beyond the limit, never cut short; any page up to the limit is served', async () => {
    const concept = Array.from({ length: 50 }, (_, i) => ({ code: `c${i}` }))
    const terminology = terminologyOver([{ ...colours, concept }], { expansionCodes: 20 })
    const url = `${SYSTEM}?fhir_vs`
    const error = await failure(terminology.expand(parameters({ url })))
    assert.equal(error.issues[0]?.code, 'too-costly')
    assert.match(error.message, /too many codes/)
    await failure(terminology.expand(parameters({ url, count: 30 })))
    const page = await terminology.expand(parameters({ url, count: 20, offset: 25 }))
    assert.equal(page.expansion?.contains?.length, 20)
    assert.equal(page.expansion?.total, 50)
  })

  it('gives up when the time allowed is over', async () => {
    let clock = 0
    const sets = [0, 1].map((i) => valueSet(`${SET}/${i}`, { include: [{ system: SYSTEM }] }))
    const both = valueSet(SET, { include: [{ valueSet: [`${SET}/0`] }, { valueSet: [`${SET}/1`] }] })
    const concept = Array.from({ length: 2000 }, (_, i) => ({ code: `c${i}` }))
    const terminology = createTerminology(memorySource([{ ...colours, concept }, ...sets, both]), {
      now: () => new Date(0),
      uuid: () => '00000000-0000-4000-8000-000000000000',
      limits: { evaluationMilliseconds: 10 },
      milliseconds: () => (clock += 20),
    })
    const error = await failure(terminology.expand(parameters({ url: SET })))
    assert.match(error.message, /took too long to evaluate \(10 ms allowed\)/)
  })

  it('takes a set that is stored as an expansion alone', async () => {
    const set: ValueSet = {
      ...valueSet(SET, undefined),
      expansion: {
        timestamp: '2020-01-01',
        contains: [{ system: SYSTEM, code: 'red', contains: [{ system: SYSTEM, code: 'pink' }] }],
      },
    }
    assert.deepEqual(await codesOf(set), ['red', 'pink'])
    assert.deepEqual(await codesOf(valueSet(SET, undefined)), [])
  })

  it('answers with what a write has changed', async () => {
    const source = memorySource([colours, valueSet(SET, { include: [{ system: SYSTEM }] })])
    const terminology = createTerminology(source, { now: () => new Date(0), uuid: () => 'x' })
    assert.equal((await terminology.expand(parameters({ url: SET }))).expansion?.total, 4)
    source.add({ ...colours, version: '2.0.0', concept: [{ code: 'green' }] })
    const expanded = await terminology.expand(parameters({ url: SET }))
    assert.deepEqual(
      expanded.expansion?.contains?.map((each) => each.code),
      ['green'],
    )
    const reply = await terminology.validateCode(parameters({ url: SET, system: SYSTEM, code: 'red' }))
    assert.equal(answer(reply, 'result'), false)
  })

  it('refuses to go round in circles', async () => {
    const sets = [0, 1].map((i) => valueSet(`${SET}/${i}`, { include: [{ valueSet: [`${SET}/${1 - i}`] }] }))
    const error = await failure(terminologyOver(sets).expand(parameters({ url: `${SET}/0` })))
    assert.match(error.message, /circularity/)
  })

  it('names what is missing', async () => {
    const terminology = terminologyOver([
      colours,
      valueSet(SET, { include: [{ valueSet: ['http://example.org/none'] }] }),
    ])
    assert.match((await failure(terminology.expand(parameters({ url: SET })))).message, /'http:\/\/example.org\/none'/)
    assert.match((await failure(terminology.expand(parameters({})))).message, /send url/)
    assert.match((await failure(terminology.expand(parameters({ url: SET, count: -1 })))).message, /count must be/)
    assert.match(
      (await failure(terminology.expand(parameters({ url: SET, displayLanguage: '-' })))).message,
      /displayLanguage/,
    )
    const empty = valueSet(SET, { include: [{} as { system: string }] })
    assert.match((await failure(codesOf(empty))).message, /neither system nor valueSet/)
  })
})

describe('$validate-code', () => {
  it('asks stored artefacts that must be loaded first more than once without forgetting any', async () => {
    const sets = [valueSet(SET, { include: [{ system: SYSTEM }] })]
    const terminology = terminologyOver([colours, ...sets])
    for (let i = 0; i < 3; i++) {
      const reply = await terminology.validateCode(parameters({ url: SET, system: SYSTEM, code: 'red' }))
      assert.equal(answer(reply, 'result'), true)
    }
  })

  it('takes many concurrent first questions', async () => {
    const terminology = terminologyOver([colours, valueSet(SET, { include: [{ system: SYSTEM }] })])
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        terminology.validateCode(parameters({ url: SET, system: SYSTEM, code: i % 2 ? 'red' : 'green' })),
      ),
    )
    assert.deepEqual(
      replies.map((each) => answer(each, 'result')),
      replies.map((_, i) => i % 2 === 1),
    )
  })

  it('lets the first matching coding of a concept win', async () => {
    const terminology = terminologyOver([colours, valueSet(SET, { include: [{ system: SYSTEM }] })])
    const concept = {
      coding: [
        { system: 'http://loinc.org', code: '1' },
        { system: SYSTEM, code: 'red' },
      ],
    }
    const reply = await terminology.validateCode(parameters({ url: SET, codeableConcept: concept }))
    assert.equal(answer(reply, 'code'), 'red')
  })
})

describe('$translate', () => {
  const map: ConceptMap = {
    resourceType: 'ConceptMap',
    url: 'http://example.org/map',
    version: '1.0.0',
    status: 'active',
    group: [
      {
        source: SYSTEM,
        target: 'http://example.org/farben',
        element: [
          { code: 'red', target: [{ code: 'rot', equivalence: 'equivalent' }] },
          { code: 'crimson', target: [{ code: 'rot', equivalence: 'wider' }] },
          { code: 'pink', target: [{ equivalence: 'unmatched' }] },
        ],
      },
    ],
  }
  const terminology = terminologyOver([colours, map])
  const found = (reply: Parameters) =>
    (reply.parameter ?? [])
      .filter((each) => each.name === 'match')
      .map((each) => each.part?.find((part) => part.name === 'concept')?.valueCoding?.code)

  for (const [name, question, expected] of [
    ['by url', { url: map.url, system: SYSTEM, code: 'red' }, ['rot']],
    ['by url and version', { url: `${map.url}|1.0.0`, system: SYSTEM, code: 'red' }, ['rot']],
    ['by system alone', { system: SYSTEM, code: 'crimson' }, ['rot']],
    ['by target system', { system: SYSTEM, code: 'red', targetsystem: 'http://example.org/farben' }, ['rot']],
    ['to another target system', { system: SYSTEM, code: 'red', targetsystem: 'http://example.org/x' }, []],
    ['a coding', { coding: { system: SYSTEM, code: 'red' } }, ['rot']],
    [
      'in reverse',
      { url: map.url, system: 'http://example.org/farben', code: 'rot', reverse: true },
      ['red', 'crimson'],
    ],
    ['with R5 names', { sourceSystem: SYSTEM, sourceCode: 'red', targetSystem: 'http://example.org/farben' }, ['rot']],
    ['with an R5 source coding', { sourceCoding: { system: SYSTEM, code: 'red' } }, ['rot']],
    ['an unmatched code', { system: SYSTEM, code: 'pink' }, [undefined]],
    ['an unknown code', { system: SYSTEM, code: 'green' }, []],
  ] as const) {
    it(name, async () => {
      const reply = await terminology.translate(parameters(question))
      assert.deepEqual(found(reply), expected)
      assert.equal(answer(reply, 'result'), expected.length > 0 && expected[0] !== undefined)
      assert.equal(typeof answer(reply, 'message'), answer(reply, 'result') ? 'undefined' : 'string')
    })
  }

  it('reads equivalence in the direction of the question', async () => {
    const reply = await terminology.translate(
      parameters({ url: map.url, system: 'http://example.org/farben', code: 'rot', reverse: true }),
    )
    const equivalences = (reply.parameter ?? []).flatMap(
      (each) => each.part?.find((part) => part.name === 'equivalence')?.valueCode ?? [],
    )
    assert.deepEqual(equivalences, ['equivalent', 'narrower'])
  })

  it('names an unknown map, and a missing code', async () => {
    await assert.rejects(
      terminology.translate(parameters({ url: 'http://example.org/no', code: 'x', system: SYSTEM })),
      /no' could not be found/,
    )
    await assert.rejects(terminology.translate(parameters({ url: map.url, system: SYSTEM })), /No code to translate/)
  })
})

describe('$lookup and $subsumes', () => {
  const terminology = terminologyOver([colours])
  it('answers, or names what is unknown', async () => {
    const reply = await terminology.lookup(parameters({ system: SYSTEM, code: 'red', displayLanguage: 'de' }))
    assert.equal(answer(reply, 'display'), 'Rot')
    assert.equal(answer(reply, 'definition'), 'Like blood')
    assert.match(
      (await failure(terminology.lookup(parameters({ system: SYSTEM, code: 'green' })))).message,
      /Unknown code 'green'/,
    )
    assert.match(
      (await failure(terminology.lookup(parameters({ system: 'http://x.example', code: 'a' })))).message,
      /'http:\/\/x.example'/,
    )
    assert.match(
      (await failure(terminology.lookup(parameters({ system: SYSTEM, code: 'red', version: '9' })))).message,
      /Valid versions: 1.0.0/,
    )
    assert.match((await failure(terminology.lookup(parameters({ code: 'red' })))).message, /code and system/)
  })

  for (const [codeA, codeB, outcome] of [
    ['red', 'red', 'equivalent'],
    ['red', 'pink', 'subsumes'],
    ['pink', 'red', 'subsumed-by'],
    ['pink', 'blue', 'not-subsumed'],
  ] as const) {
    it(`${codeA} and ${codeB}: ${outcome}`, async () => {
      const reply = await terminology.subsumes(parameters({ system: SYSTEM, codeA, codeB }))
      assert.equal(answer(reply, 'outcome'), outcome)
    })
  }
})

describe('odd input', () => {
  const text = fc.oneof(
    fc.constantFrom(SET, SYSTEM, 'red', '1.0.0', `${SYSTEM}|1.x`, 'de', '*', ''),
    fc.string({ maxLength: 12 }),
  )
  const names = [
    'url',
    'code',
    'system',
    'display',
    'systemVersion',
    'valueSetVersion',
    'displayLanguage',
    'filter',
    'count',
    'offset',
    'property',
    'designation',
    'system-version',
    'force-system-version',
    'check-system-version',
    'useSupplement',
    'inferSystem',
    'abstract',
    'codeA',
    'codeB',
    'targetsystem',
    'reverse',
    'targetCode',
    'exclude-system',
    'version',
  ]
  const odd = fc.array(
    fc.oneof(
      fc.record({ name: fc.constantFrom(...names), valueString: text }),
      fc.record({ name: fc.constantFrom(...names), valueBoolean: fc.boolean() }),
      fc.record({
        name: fc.constant('coding'),
        valueCoding: fc.record({ system: text, code: text, display: text, version: text }, { requiredKeys: [] }),
      }),
      fc.record({
        name: fc.constant('codeableConcept'),
        valueCodeableConcept: fc.record(
          { coding: fc.array(fc.record({ system: text, code: text }, { requiredKeys: [] })) },
          { requiredKeys: [] },
        ),
      }),
      fc.record({
        name: fc.constant('valueSet'),
        resource: fc.constantFrom<ValueSet>(valueSet(SET, { include: [] }), valueSet(SET, undefined)),
      }),
      fc.record({ name: fc.constant('validation'), resource: fc.constant({ resourceType: 'Parameters' as const }) }),
    ),
    { maxLength: 6 },
  )

  it('is answered or refused, never a crash', async () => {
    const terminology = terminologyOver([colours, valueSet(SET, { include: [{ system: SYSTEM }] })])
    const calls = [
      terminology.expand,
      terminology.validateCode,
      terminology.lookup,
      terminology.subsumes,
      terminology.translate,
      terminology.batchValidateCode,
    ]
    await fc.assert(
      fc.asyncProperty(odd, fc.constantFrom(...calls), async (parameter, call) => {
        try {
          await call({ resourceType: 'Parameters', parameter } as Parameters)
        } catch (error) {
          assert.ok(error instanceof FhirError, String(error instanceof Error ? error.stack : error))
        }
      }),
      { numRuns: 2000, seed: 5 },
    )
  })
})

describe('$compare', () => {
  const enumerated = (...codes: string[]) =>
    valueSet(SET, { include: [{ system: SYSTEM, concept: codes.map((code) => ({ code })) }] })
  for (const [name, thisValueSet, otherValueSet, result, expanded] of [
    ['equal enumerations', enumerated('red', 'blue'), enumerated('blue', 'red'), 'same', false],
    ['a smaller enumeration', enumerated('red'), enumerated('blue', 'red'), 'subset', false],
    ['a larger enumeration', enumerated('red', 'blue'), enumerated('red'), 'superset', false],
    ['enumerations that overlap', enumerated('red', 'blue'), enumerated('red', 'pink'), 'overlapping', false],
    ['enumerations apart', enumerated('red'), enumerated('pink'), 'disjoint', false],
    [
      'a filter and its enumeration',
      withFilter('concept', 'is-a', 'red'),
      enumerated('red', 'crimson', 'pink'),
      'same',
      true,
    ],
    ['two filters', withFilter('concept', 'is-a', 'red'), withFilter('concept', 'child-of', 'red'), 'superset', true],
    ['two empty sets', withFilter('code', 'regex', 'x'), withFilter('code', 'regex', 'y'), 'empty', true],
  ] as const) {
    it(name, async () => {
      const reply = await terminologyOver([colours]).compare(parameters({ thisValueSet, otherValueSet }))
      assert.equal(answer(reply, 'result'), result)
      assert.equal(answer(reply, 'performed-expansion'), expanded)
    })
  }
})
