import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../src/fhir/error.ts'
import type { CodeSystem, OperationOutcome, Parameters, ValueSet } from '../../src/fhir/types.ts'
import { answer, parameters, terminologyOver } from './support.ts'

const system = 'http://example.org/CodeSystem/parts'
const CONTENT: Record<string, string[]> = {
  '1.0.0': ['a', 'b', 'c', 'gone'],
  '2.0.0': ['a', 'b', 'c', 'new'],
  '3.0.0': ['a', 'c', 'late'],
}

const stored = Object.entries(CONTENT).map(
  ([version, codes]): CodeSystem => ({
    resourceType: 'CodeSystem',
    url: system,
    version,
    status: 'active',
    content: 'complete',
    caseSensitive: true,
    concept: codes.map((code) => ({ code, display: `${code} of ${version}` })),
  }),
)

/** `1.0.0`, `1.0.0:a,b`, `:a`, `` (the whole system without version). */
function clauseOf(text: string) {
  const [version, codes] = text.split(':')
  return {
    system,
    ...(version && { version }),
    ...(codes && { concept: codes.split(',').map((code) => ({ code })) }),
  }
}

function valueSet(include: string[], exclude: string[] = [], versionsMatch?: boolean): ValueSet {
  const wish = {
    url: 'http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter',
    extension: [
      { url: 'name', valueCode: 'versionsMatch' },
      { url: 'value', valueBoolean: versionsMatch === true },
    ],
  }
  return {
    resourceType: 'ValueSet',
    url: 'http://example.org/ValueSet/parts',
    status: 'active',
    compose: {
      ...(versionsMatch !== undefined && { extension: [wish] }),
      include: include.map(clauseOf),
      ...(exclude.length > 0 && { exclude: exclude.map(clauseOf) }),
    },
  }
}

const terminology = terminologyOver(stored)

async function expanded(set: ValueSet): Promise<string[]> {
  const { expansion } = await terminology.expand(parameters({ valueSet: set }))
  const only = expansion?.parameter?.filter((each) => each.name === 'used-codesystem') ?? []
  return (expansion?.contains ?? []).map(
    ({ code, version }) => `${code} ${version ?? String(only[0]?.valueUri).split('|')[1]}`,
  )
}

const validate = (set: ValueSet, code: string, more: Record<string, unknown> = {}) =>
  terminology.validateCode(parameters({ valueSet: set, system, code, ...more }))
const texts = (reply: Parameters) =>
  ((answer(reply, 'issues') as OperationOutcome | undefined)?.issue ?? []).map((each) => each.details?.text).join(' ')

/** Includes, excludes, members. */
const sets: [include: string, exclude: string, members: string][] = [
  ['1.0.0 2.0.0', '', 'a 2.0.0, b 2.0.0, c 2.0.0, new 2.0.0, a 1.0.0, b 1.0.0, c 1.0.0, gone 1.0.0'],
  ['2.0.0:a 1.0.0:a', '', 'a 2.0.0, a 1.0.0'],
  ['1.0.0:a,b 2.0.0:a,b', '1.0.0:b', 'a 2.0.0, b 2.0.0, a 1.0.0'],
  ['1.0.0:a,b 2.0.0:a,b', '2.0.0:b', 'a 2.0.0, a 1.0.0, b 1.0.0'],
  ['1.0.0:a,b 2.0.0:a,b', '1.0.0:b 2.0.0:a', 'b 2.0.0, a 1.0.0'],
  ['1.0.0:a,c 3.0.0:a,c', ':c', 'a 3.0.0, a 1.0.0, c 1.0.0'],
  ['1.0.0:a,b 2.0.0:a,b', ':b', 'a 2.0.0, b 2.0.0, a 1.0.0, b 1.0.0'],
  ['1.0.0:a,b 2.0.0:a,b', '3.0.0:a', 'b 2.0.0, b 1.0.0'],
  ['1.0.0:a,b 2.0.0:a,b', '1.0.0', 'a 2.0.0, b 2.0.0'],
  ['1.0.0 2.0.0', ' ', ''],
  ['1.0.0:a,c', ':c', 'a 1.0.0'],
  [':a,c', '1.0.0:c', 'a 3.0.0, c 3.0.0'],
  [':a,c', ':c', 'a 3.0.0'],
  ['1.x:a,b 2.0.0:a', '1.x:b', 'a 2.0.0, a 1.0.0'],
  ['1.0.0:a,b 2.0.0:a,b', '*:a', 'b 2.0.0, b 1.0.0'],
]
const split = (text: string) => (text === ' ' ? [''] : text.split(' ').filter((each) => each !== ''))

describe('a value set over several versions of one system', () => {
  for (const [include, exclude, members] of sets) {
    const set = valueSet(split(include), split(exclude))
    it(`${include}${exclude && ` without ${exclude === ' ' ? 'the system' : exclude}`}: ${members || 'nothing'}`, async () => {
      const listed = await expanded(set)
      assert.equal(listed.join(', '), members)
      for (const [version, codes] of Object.entries(CONTENT)) {
        for (const code of codes) {
          const isMember = listed.includes(`${code} ${version}`)
          const isElsewhere = listed.some((each) => each.startsWith(`${code} `))
          const plain = await validate(set, code)
          assert.equal(answer(plain, 'result'), isElsewhere, `${code} without version`)
          if (!isMember) continue
          const own = await validate(set, code, { systemVersion: version })
          assert.equal(answer(own, 'result'), true, `${code} of ${version}`)
          assert.equal(answer(own, 'version'), version)
        }
      }
    })
  }

  it('a code of several is reported in the newest version, whatever the order of the includes', async () => {
    for (const versions of [
      ['1.0.0', '2.0.0'],
      ['2.0.0', '1.0.0'],
    ]) {
      const reply = await validate(valueSet(versions), 'a')
      assert.equal(answer(reply, 'version'), '2.0.0')
      assert.equal(answer(reply, 'display'), 'a of 2.0.0')
    }
  })

  it('a code that one version has is reported in that one', async () => {
    const set = valueSet(['1.0.0', '2.0.0'])
    assert.equal(answer(await validate(set, 'gone'), 'version'), '1.0.0')
    assert.equal(answer(await validate(set, 'new'), 'version'), '2.0.0')
  })

  it('a display chooses the version that has it', async () => {
    const reply = await validate(valueSet(['1.0.0', '2.0.0']), 'a', { display: 'a of 1.0.0' })
    assert.equal(answer(reply, 'result'), true)
    assert.equal(answer(reply, 'version'), '1.0.0')
  })

  it('an unknown code is judged by the newest version', async () => {
    for (const versions of [
      ['1.0.0', '2.0.0'],
      ['2.0.0', '1.0.0'],
    ]) {
      const reply = await validate(valueSet(versions), 'nonsense')
      assert.equal(answer(reply, 'result'), false)
      assert.match(texts(reply), /Unknown code 'nonsense' in the CodeSystem '[^']+' version '2\.0\.0'/)
      assert.doesNotMatch(texts(reply), /1\.0\.0/)
    }
  })

  it('so is a code that the set does not have, and one with a wrong display', async () => {
    const outside = await validate(valueSet(['1.0.0:a', '2.0.0:a']), 'b')
    assert.equal(answer(outside, 'result'), false)
    assert.equal(answer(outside, 'version'), '2.0.0')
    assert.equal(answer(outside, 'display'), 'b of 2.0.0')
    const wrong = await validate(valueSet(['1.0.0:a', '2.0.0:a']), 'a', { display: 'Anchor' })
    assert.equal(answer(wrong, 'result'), false)
    assert.match(texts(wrong), /Wrong Display Name 'Anchor'.*a of 2\.0\.0/)
  })

  it('a code that only an older version knows is told with that version', async () => {
    const reply = await validate(valueSet(['1.0.0:a', '2.0.0:a']), 'gone')
    assert.equal(answer(reply, 'result'), false)
    assert.equal(answer(reply, 'display'), undefined)
    assert.match(texts(reply), /not found in the value set/)
  })

  it('excludes of other versions than the includes name act on the code, and the expansion says so', async () => {
    const stated = async (set: ValueSet) =>
      (await terminology.expand(parameters({ valueSet: set }))).expansion?.parameter?.find(
        (each) => each.name === 'versionsMatch',
      )?.valueBoolean
    assert.equal(await stated(valueSet(['1.0.0:a', '2.0.0:b'], ['3.0.0:a'])), true)
    assert.equal(await stated(valueSet(['1.0.0:a', '2.0.0:b'], ['1.0.0:a'])), undefined)
  })

  it('versionsMatch says that versions do not tell codes apart', async () => {
    assert.deepEqual(await expanded(valueSet(['1.0.0:a,b', '2.0.0:a'], [], true)), ['a 2.0.0', 'b 1.0.0'])
    assert.deepEqual(await expanded(valueSet(['1.0.0:a,b', '2.0.0:a'], ['1.0.0:a'], true)), ['b 1.0.0'])
    assert.deepEqual(await expanded(valueSet(['1.0.0:a,b', '2.0.0:a'], ['3.0.0:a'], false)), [
      'a 2.0.0',
      'a 1.0.0',
      'b 1.0.0',
    ])
  })
})

describe('excludes and versions', () => {
  const version = fc.constantFrom('', '1.0.0', '2.0.0', '3.0.0')
  const codes = fc.subarray(['a', 'b', 'c', 'gone', 'new', 'late'])
  const clause = fc
    .tuple(version, codes)
    .map(([named, listed]) => (listed.length > 0 ? `${named}:${listed.join(',')}` : named))

  /** What the rules say, by sets of `code version`. */
  function model(include: string[], exclude: string[]): Set<string> {
    const read = (text: string) => {
      const [named = '', listed] = text.split(':')
      const resolved = named || '3.0.0'
      const all = CONTENT[resolved] ?? []
      return {
        named,
        resolved,
        isWhole: !listed,
        codes: listed ? listed.split(',').filter((each) => all.includes(each)) : all,
      }
    }
    const includes = include.map(read)
    const excludes = exclude.map(read)
    const named = [...includes, ...excludes].every((each) => each.named)
    const isCrossing = named && !excludes.some((one) => includes.some((other) => one.named === other.named))
    const isOne = new Set(includes.map((each) => each.resolved)).size === 1
    const isTaken = (code: string, of: string) =>
      excludes.some((each) => {
        if (each.isWhole && !each.named) return true
        if (!each.codes.includes(code)) return false
        return isCrossing || of === each.resolved || (!each.named && isOne)
      })
    return new Set(
      includes.flatMap((each) =>
        each.codes.filter((code) => !isTaken(code, each.resolved)).map((code) => `${code} ${each.resolved}`),
      ),
    )
  }

  it('are as the rules say for any value set, in expansion and in validation', async () => {
    const clauses = (minLength: number) => fc.array(clause, { minLength, maxLength: 3 })
    const property = fc.asyncProperty(clauses(1), clauses(0), async (include, exclude) => {
      const set = valueSet(include, exclude)
      const right = model(include, exclude)
      assert.deepEqual((await expanded(set)).toSorted(), [...right].toSorted())
      for (const code of ['a', 'b', 'c', 'gone', 'new', 'late']) {
        const isMember = [...right].some((each) => each.startsWith(`${code} `))
        assert.equal(answer(await validate(set, code), 'result'), isMember, code)
      }
    })
    await fc.assert(property, { numRuns: 400, seed: 8 })
  })
})

describe('the version of an imported value set that a request chooses', () => {
  const inner = (version: string, codes: string): ValueSet => ({
    ...valueSet([`1.0.0:${codes}`]),
    url: 'http://example.org/ValueSet/inner',
    version,
  })
  const outer: ValueSet = {
    resourceType: 'ValueSet',
    url: 'http://example.org/ValueSet/outer',
    status: 'active',
    compose: { include: [{ valueSet: ['http://example.org/ValueSet/inner'] }] },
  }
  const over = terminologyOver([...stored, inner('1.0.0', 'a'), inner('2.0.0', 'b'), outer])
  const chosen = (version: string) => ({ 'default-valueset-version': `http://example.org/ValueSet/inner|${version}` })
  const expand = (more: Record<string, unknown>, valueSet: ValueSet = outer) =>
    over.expand(parameters({ valueSet, ...more }))

  it('counts, and is said where it did', async () => {
    const { expansion } = await expand(chosen('1.0.0'))
    assert.deepEqual(
      expansion?.contains?.map((each) => each.code),
      ['a'],
    )
    assert.deepEqual(
      expansion?.parameter?.find((each) => each.name === 'default-valueset-version')?.valueUri,
      chosen('1.0.0')['default-valueset-version'],
    )
    const reply = await over.validateCode(parameters({ valueSet: outer, system, code: 'b', ...chosen('1.0.0') }))
    assert.equal(answer(reply, 'result'), false)
  })

  it('is not said where the import names its own version or none needs it', async () => {
    const pinned: ValueSet = {
      ...outer,
      compose: { include: [{ valueSet: ['http://example.org/ValueSet/inner|2.0.0'] }] },
    }
    for (const set of [pinned, valueSet(['1.0.0:a'])]) {
      const { expansion } = await expand(chosen('1.0.0'), set)
      assert.equal(
        expansion?.parameter?.find((each) => each.name === 'default-valueset-version'),
        undefined,
      )
    }
  })

  it('that does not exist is named, in the message that a pinned import has of its own', async () => {
    const pinned: ValueSet = {
      ...outer,
      compose: { include: [{ valueSet: ['http://example.org/ValueSet/inner|7.0.0'] }] },
    }
    for (const [more, set] of [
      [chosen('7.0.0'), outer],
      [{}, pinned],
    ] as const)
      await assert.rejects(expand(more, set), (error) => {
        assert.ok(error instanceof FhirError)
        assert.equal(error.status, 404)
        assert.match(error.issues[0]?.details?.text ?? '', /7\.0\.0.*inner/)
        assert.equal(error.issues[0]?.extension?.[0]?.valueString, 'VS_EXP_IMPORT_UNK_PINNED')
        return true
      })
    const reply = await over.validateCode(parameters({ valueSet: pinned, system, code: 'a' }))
    assert.equal(answer(reply, 'result'), false)
    assert.match(texts(reply), /inner\|7\.0\.0/)
  })
})
