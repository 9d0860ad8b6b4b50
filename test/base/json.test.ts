import assert from 'node:assert/strict'
import { test } from 'node:test'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { exactNumber } from '../../src/base/exact-number.ts'
import { canonicalJson, stringifyJson } from '../../src/base/json.ts'
import { FhirError } from '../../src/fhir/error.ts'
import { parseJson } from '../../src/fhir/json.ts'

function fault(text: string | Uint8Array, limits = {}): FhirError {
  try {
    parseJson(text, limits)
  } catch (error) {
    assert.ok(error instanceof FhirError, String(error))
    assert.equal(error.status, 400)
    return error
  }
  throw new assert.AssertionError({ message: 'accepted' })
}

test('reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.json({ noUnicodeString: false } as object), (text) => {
      assert.deepEqual(parseJson(text), JSON.parse(text))
      assert.deepEqual(parseJson(Buffer.from(`\ufeff${text}`)), JSON.parse(Buffer.from(text).toString()))
    }),
    { numRuns: 300, seed: 3 },
  )
  const odd = parseJson('{"__proto__": {"polluted": true}, "constructor": 1}') as Record<string, unknown>
  assert.deepEqual(Object.keys(odd), ['__proto__', 'constructor'])
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
})

test('says where a fault is', () => {
  const cases: [string, RegExp][] = [
    ['{"a":1,\n "b":{"c":1,\n  "c":2}}', /^line 3, column 3: the member "c" occurs twice/],
    ['{"a":1,"\\u0061":2}', /^line 1, column 8: the member "a" occurs twice/],
    ['{"__proto__":1,"__proto__":2}', /occurs twice/],
    ['{"a":1,}', /^line 1, column 8: a member name/],
    ["{'a':1}", /^line 1, column 2: a member name/],
    ['[1 2]', /^line 1, column 4: a comma or \]/],
    ['[01]', /^line 1, column 2: a value/],
    ['[1.]', /a value was expected/],
    ['["a\n"]', /^line 1, column 4: a character/],
    ['["a', /ends inside a string/],
    ['["\\x"]', /a character/],
    ['', /ends too early/],
    ['{} {}', /^line 1, column 4: text after/],
    ['nul', /a value/],
    ['[1', /a comma or \]/],
  ]
  for (const [text, message] of cases) assert.match(fault(text).issues[0]?.diagnostics ?? '', message, text)
  assert.deepEqual(fault('{"a":[{"b":1,"b":2}]}').issues[0]?.expression, ['a[0]'])
  assert.match(fault(Uint8Array.of(0x22, 0xff, 0x22)).message, /UTF-8/)
  assert.match(fault('[1e999]').message, /too large/)
})

test('limits the depth before anything is built', () => {
  assert.match(fault('['.repeat(300)).message, /256 levels/)
  assert.match(fault('[\n[[', { depth: 2 }).issues[0]?.diagnostics ?? '', /^line 2, column 2/)
  assert.deepEqual(parseJson('[["[[[["]]', { depth: 2 }), [['[[[[']])
  assert.equal(fault('['.repeat(1_000_000)).status, 400)
})

test('decimals keep their text through reading and writing', () => {
  const text = '{"a":1.10,"b":[1e-22,0.10000000000000000001,-0,2],"c":{"d":12345678901234567890},"e":1.5}'
  const value = parseJson(text) as { a: number; b: number[] }
  assert.equal(value.a, 1.1)
  assert.equal(exactNumber(value, 'a'), '1.10')
  assert.equal(stringifyJson(value), text)
  assert.equal(stringifyJson({ ...value, a: 3 }), text.replace('1.10', '3'))
  value.b[0] = 7
  assert.ok(stringifyJson(value).includes('[7,0.10000000000000000001'))
  assert.equal(JSON.stringify(value), '{"a":1.1,"b":[7,0.1,0,2],"c":{"d":12345678901234567000},"e":1.5}')
  assert.equal(stringifyJson(JSON.parse('{"a":1.10}'), 1), '{\n "a": 1.1\n}')
})

test('mutated JSON is read as JSON.parse reads it, or is a FhirError', () => {
  const sample = '{"a":[1,2.50,{"b":"c\\"d"}],"e":null,"f":{"g":true}}'
  fc.assert(
    fc.property(fc.nat(sample.length), fc.nat(3), fc.string({ maxLength: 3 }), (at, cut, insert) => {
      const text = sample.slice(0, at) + insert + sample.slice(at + cut)
      let expected: unknown
      try {
        expected = JSON.parse(text)
      } catch {
        fault(text)
        return
      }
      try {
        assert.deepEqual(parseJson(text), expected)
      } catch (error) {
        assert.ok(error instanceof FhirError && /twice|large/.test(error.message), String(error))
      }
    }),
    { numRuns: 2000, seed: 5 },
  )
})

test('canonical form agrees with the canonicalize package', () => {
  assert.equal(
    canonicalJson({
      '\ufb33': 'a',
      '\u20ac': 'Euro',
      '😀': 1,
      '\r': 4.5,
      '1': 1e21,
      b: [0.000001, 1e-7, -0, 1e30],
      a: undefined,
    }),
    canonicalize({ '\ufb33': 'a', '\u20ac': 'Euro', '😀': 1, '\r': 4.5, '1': 1e21, b: [0.000001, 1e-7, -0, 1e30] }),
  )
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      if (!JSON.stringify(value).isWellFormed() || /\\ud[89a-f]/.test(JSON.stringify(value))) return
      assert.equal(canonicalJson(value), canonicalize(value))
    }),
    { numRuns: 1000, seed: 9 },
  )
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, '\ud800', { '\udc00': 1 }, () => 1, 1n]) {
    assert.throws(() => canonicalJson(bad), TypeError)
  }
})

/** JSON texts whose numbers are written in every way that JSON has. */
const numberText = fc.constantFrom(
  '0',
  '-0',
  '1',
  '1.0',
  '-1.50',
  '1e2',
  '1E+2',
  '1e-22',
  '12345678901234567890',
  '0.10',
)
const nameText = fc
  .oneof(fc.constantFrom('a', '__proto__', '0', '12', 'constructor', ''), fc.string({ maxLength: 4 }))
  .map((name) => JSON.stringify(name))
const spaceText = fc.constantFrom('', ' ', '\n', '\t ')
const { json: jsonText } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    numberText,
    fc.constantFrom('true', 'null', '"1.0"', '"a:1.0,"', '"\\\\"', '"\\""', '{}', '[]'),
    fc.array(tie('json'), { maxLength: 4 }).map((items) => `[${items.join(' , ')}]`),
    fc
      .uniqueArray(fc.tuple(nameText, spaceText, tie('json')), { maxLength: 4, selector: ([name]) => name })
      .map((members) => `{${members.map(([name, space, value]) => `${name}${space}:${space}${value}`).join()}}`),
  ),
}))

test('the text of every number is kept where the number stands', () => {
  /** What a reviver of JSON.parse is told, which takes a call for every value. */
  const bySource = (text: string) => {
    const told: string[] = []
    JSON.parse(text, (key, value, context?: { source?: string }) => {
      if (typeof value === 'number' && context?.source !== undefined && context.source !== String(value))
        told.push(`${key} ${context.source}`)
      return value
    })
    return told.toSorted()
  }
  const kept = (value: unknown): string[] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, member]) => {
          const text = exactNumber(value, key)
          return [...(text === undefined ? [] : [`${key} ${text}`]), ...kept(member)]
        })
      : []
  fc.assert(
    fc.property(jsonText, (inner) => {
      const text = `[${inner}]`
      assert.deepEqual(kept(parseJson(text)).toSorted(), bySource(text))
    }),
    { numRuns: 3000 },
  )
})
