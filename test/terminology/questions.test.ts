import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../src/fhir/error.ts'
import type { CodeSystem, OperationOutcome, Parameters, ValueSet } from '../../src/fhir/types.ts'
import { answer, parameters, terminologyOver } from './support.ts'

const system = 'http://example.org/CodeSystem/gender'
const gender: CodeSystem = {
  resourceType: 'CodeSystem',
  id: 'gender',
  url: system,
  version: '2',
  status: 'active',
  content: 'complete',
  caseSensitive: true,
  property: [{ code: 'status', type: 'code' }],
  concept: [
    { code: 'person', concept: [{ code: 'male', display: 'Male' }] },
    { code: 'open', property: [{ code: 'status', valueCode: 'A' }] },
    { code: 'old', property: [{ code: 'status', valueCode: 'deprecated' }] },
    { code: 'gone', property: [{ code: 'status', valueCode: 'retired' }] },
  ],
}
const map = {
  resourceType: 'ConceptMap',
  url: 'http://example.org/ConceptMap/gender',
  status: 'active',
  group: [{ source: system, target: 'http://example.org/x', element: [{ code: 'male', target: [{ code: 'm' }] }] }],
}
const valueSet: ValueSet = {
  resourceType: 'ValueSet',
  url: 'http://example.org/ValueSet/gender',
  status: 'active',
  compose: { include: [{ system }] },
}
const terminology = terminologyOver([gender, valueSet, map as object as CodeSystem])
const male = { system, code: 'male' }

type Operation = 'validateCode' | 'lookup' | 'subsumes' | 'translate'

async function refusal(answered: Promise<unknown>): Promise<FhirError> {
  try {
    await answered
  } catch (error) {
    assert.ok(error instanceof FhirError)
    return error
  }
  return assert.fail('it was answered')
}

/** Forms of one question, of which a request may have one. */
const forms: [operation: Operation, common: Record<string, unknown>, alternatives: Record<string, unknown>[]][] = [
  [
    'validateCode',
    { url: valueSet.url },
    [{ code: 'zzz', system }, { coding: male }, { codeableConcept: { coding: [male] } }],
  ],
  ['lookup', {}, [{ code: 'zzz', system }, { coding: male }]],
  ['subsumes', { codeB: 'male', system }, [{ codeA: 'person' }, { codingA: male }]],
  ['subsumes', { codeA: 'person', system }, [{ codeB: 'male' }, { codingB: male }]],
  [
    'translate',
    { url: map.url },
    [{ code: 'zzz', system }, { coding: male }, { codeableConcept: { coding: [male] } }, { sourceCoding: male }],
  ],
]

describe('one question at a time (hapifhir/hapi-fhir#2094)', () => {
  for (const [operation, common, alternatives] of forms) {
    for (const [i, one] of alternatives.entries()) {
      for (const other of alternatives.slice(i + 1)) {
        const names = Object.keys({ ...one, ...other }).filter((name) => name !== 'system')
        it(`${operation}: ${names.join(' and ')} together are refused, in either order`, async () => {
          for (const both of [
            { ...common, ...one, ...other },
            { ...common, ...other, ...one },
          ]) {
            const error = await refusal(terminology[operation](parameters(both)))
            assert.equal(error.status, 400)
            for (const name of names) assert.match(JSON.stringify(error.issues), new RegExp(`\\b${name}\\b`))
          }
        })
      }
    }
    it(`${operation}: each alone is answered or not found`, async () => {
      for (const one of alternatives) {
        const reply = await terminology[operation](parameters({ ...common, ...one })).catch((error: FhirError) => error)
        assert.ok(!(reply instanceof FhirError) || reply.status === 404, JSON.stringify(one))
      }
    })
  }

  it('the same form twice is refused, too', async () => {
    const twice = parameters({ url: valueSet.url, system, code: ['male', 'zzz'] })
    assert.equal((await refusal(terminology.validateCode(twice))).status, 400)
  })

  it('CodeSystem/$validate-code is no exception', async () => {
    const both = parameters({ url: system, code: 'zzz', coding: male })
    assert.equal((await refusal(terminology.validateCode(both, { resourceType: 'CodeSystem' }))).status, 400)
  })

  it('an entry of a batch has its own question, which is not mixed with one that all share', async () => {
    const reply = await terminology.batchValidateCode({
      resourceType: 'Parameters',
      parameter: [
        { name: 'url', valueUri: valueSet.url ?? '' },
        { name: 'coding', valueCoding: male },
        { name: 'validation', resource: parameters({ code: 'zzz', system }) },
        { name: 'validation', resource: parameters({}) },
        { name: 'validation', resource: parameters({ code: 'zzz', system, coding: male }) },
      ],
    })
    const answers = (reply.parameter ?? []).filter((each) => each.name === 'validation')
    assert.equal(answer(answers[0]?.resource as Parameters, 'result'), false)
    assert.equal(answer(answers[1]?.resource as Parameters, 'result'), true)
    assert.equal(answers[2]?.resource?.resourceType, 'OperationOutcome')
  })
})

describe('a coding without code', () => {
  const texts = (reply: Parameters) =>
    ((answer(reply, 'issues') as OperationOutcome | undefined)?.issue ?? []).map((each) => each.details?.text).join(' ')

  for (const coding of [{ display: 'Male' }, { system, display: 'Male' }, { system, code: '' }, {}]) {
    it(`${JSON.stringify(coding)} is valid in nothing and stops nothing`, async () => {
      for (const resourceType of ['ValueSet', 'CodeSystem'] as const) {
        const url = resourceType === 'ValueSet' ? valueSet.url : system
        const alone = await terminology.validateCode(parameters({ url, codeableConcept: { coding: [coding] } }), {
          resourceType,
        })
        assert.equal(answer(alone, 'result'), false)
        assert.match(texts(alone), /CodeableConcept\.text/)
        assert.equal(answer(alone, 'code'), undefined)
        const beside = { coding: [coding, male] }
        const reply = await terminology.validateCode(parameters({ url, codeableConcept: beside }), { resourceType })
        assert.equal(answer(reply, 'result'), true)
        assert.equal(answer(reply, 'code'), 'male')
      }
    })
  }
})

describe('a property called status', () => {
  const validated = async (code: string) => terminology.validateCode(parameters({ url: valueSet.url, system, code }))

  it('is told where it says that the concept is deprecated or not active, and not otherwise', async () => {
    assert.equal(answer(await validated('open'), 'status'), undefined)
    assert.equal(answer(await validated('male'), 'status'), undefined)
    assert.equal(answer(await validated('old'), 'status'), 'deprecated')
    const gone = await validated('gone')
    assert.equal(answer(gone, 'inactive'), true)
    assert.equal(answer(gone, 'status'), 'retired')
  })

  it('is shown by $lookup as any other', async () => {
    const reply = await terminology.lookup(parameters({ system, code: 'open', property: 'status' }))
    assert.match(JSON.stringify(reply), /"valueCode":"status"[^}]*}[^}]*"valueCode":"A"/)
  })
})

describe('a system without version', () => {
  const { version: _, ...plain } = gender
  const open = terminologyOver([plain, valueSet])

  it('is never said to have the version ""', async () => {
    const replies = [
      await open.validateCode(parameters({ url: valueSet.url, system, code: 'zzz' })),
      await open.validateCode(parameters({ url: valueSet.url, system, code: 'male', systemVersion: '9' })),
      await open.validateCode(parameters({ url: system, code: 'zzz' }), { resourceType: 'CodeSystem' }),
      await open.expand(parameters({ url: valueSet.url })),
      (await refusal(open.lookup(parameters({ system, code: 'zzz' })))).issues,
      (await refusal(open.subsumes(parameters({ system, codeA: 'zzz', codeB: 'male' })))).issues,
      (await refusal(open.lookup(parameters({ system, code: 'male', version: '9' })))).issues,
    ]
    for (const reply of replies)
      assert.doesNotMatch(JSON.stringify(reply), /version '(?:null|undefined)?'|\|(?:null|undefined)?"/)
  })
})

describe('$subsumes of one code system (LinuxForHealth/FHIR#1756)', () => {
  const first: CodeSystem = {
    ...gender,
    id: 'first',
    version: '1',
    concept: [{ code: 'male', concept: [{ code: 'person' }] }],
  }
  const bothVersions = terminologyOver([first, gender])
  const outcome = async (given: Record<string, unknown>) =>
    answer(await bothVersions.subsumes(parameters(given)), 'outcome')

  it('is about that very version, with codes or codings', async () => {
    assert.equal(await outcome({ system, codeA: 'person', codeB: 'male' }), 'subsumes', 'the newest')
    assert.equal(await outcome({ codeSystem: first, codeA: 'person', codeB: 'male' }), 'subsumed-by')
    assert.equal(await outcome({ codeSystem: gender, codeA: 'person', codeB: 'male' }), 'subsumes')
    const codings = { codingA: { system, code: 'person' }, codingB: { system, code: 'male' } }
    assert.equal(await outcome({ codeSystem: first, ...codings }), 'subsumed-by')
    assert.equal(await outcome({ codeSystem: first, codingA: codings.codingA, codeB: 'male' }), 'subsumed-by')
  })

  it('refuses what names another system or version', async () => {
    for (const [given, wording] of [
      [
        { codeSystem: first, system: 'http://example.org/else', codeA: 'male', codeB: 'male' },
        /more than one code system/,
      ],
      [{ codeSystem: first, version: '2', codeA: 'male', codeB: 'male' }, /more than one version/],
      [{ codingA: male, codingB: { system: 'http://example.org/else', code: 'male' } }, /more than one code system/],
      [{ codingA: { ...male, version: '1' }, codingB: { ...male, version: '2' } }, /more than one version/],
      [{ codeSystem: first, codeA: 'male' }, /codeA, codeB/],
    ] as const) {
      const error = await refusal(bothVersions.subsumes(parameters(given)))
      assert.equal(error.status, 400)
      assert.match(error.message, wording)
    }
    const unknown = await refusal(bothVersions.subsumes(parameters({ codeSystem: first, codeA: 'male', codeB: 'x' })))
    assert.equal(unknown.status, 404)
  })

  it('of an instance without version is about that one, whatever versions there are', async () => {
    const { version: _, ...plain } = first
    const given = parameters({ codeSystem: { ...plain, id: 'plain' }, codeA: 'person', codeB: 'male' })
    assert.equal(answer(await terminologyOver([plain, gender]).subsumes(given), 'outcome'), 'subsumed-by')
  })

  it('turns round with its codes', async () => {
    const turned = { subsumes: 'subsumed-by', 'subsumed-by': 'subsumes' } as Record<string, string>
    const code = fc.constantFrom('person', 'male', 'open', 'old')
    const property = fc.asyncProperty(code, code, async (codeA, codeB) => {
      const there = String(await outcome({ codeSystem: gender, codeA, codeB }))
      const back = await outcome({ codeSystem: gender, codeA: codeB, codeB: codeA })
      assert.equal(back, turned[there] ?? there)
      assert.equal(there === 'equivalent', codeA === codeB)
    })
    await fc.assert(property, { numRuns: 32, seed: 1756 })
  })
})
