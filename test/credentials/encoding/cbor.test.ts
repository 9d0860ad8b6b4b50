import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decode as oracleDecode, encode as oracleEncode, Tag } from 'cbor2'
import fc from 'fast-check'
import { type CborValue, decodeCbor } from '../../../src/credentials/encoding/cbor.ts'
import { readCborJson } from '../../../src/credentials/encoding/cbor-json.ts'
import { type CborInput, encodeCbor } from '../../../src/demo/cbor-encode.ts'

const limits = { depth: 32, items: 20_000 }
const decodeHex = (hex: string, bounds = limits) => decodeCbor(Buffer.from(hex, 'hex'), bounds)

/** Items that both encoders know. */
const items = fc.letrec<{ item: CborInput }>((tie) => ({
  item: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 60n, max: 2n ** 64n - 1n }),
    fc.double({ noNaN: true }).filter((value) => !Number.isInteger(value)),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('item'), { maxLength: 4 }),
    fc
      .uniqueArray(fc.tuple(fc.oneof(fc.integer(), fc.string()), tie('item')), {
        maxLength: 4,
        selector: ([key]) => key,
      })
      .map((entries) => new Map<CborInput, CborInput>(entries)),
  ),
})).item

/** Byte strings of either kind compare equal. */
function normal(item: unknown): unknown {
  if (item instanceof Uint8Array) return `h'${Buffer.from(item).toString('hex')}'`
  if (item instanceof Map) return new Map([...item].map(([key, value]) => [normal(key), normal(value)]))
  if (item instanceof Tag) return { tag: item.tag, value: normal(item.contents) }
  return Array.isArray(item) ? item.map(normal) : item
}

describe('CBOR decoder', () => {
  it('reads what another implementation writes', () => {
    fc.assert(
      fc.property(items, (item) => {
        const decoded = decodeCbor(Buffer.from(oracleEncode(item)), limits)
        assert.deepEqual(normal(decoded?.value), normal(item))
      }),
    )
  })

  it('agrees with another implementation on what its own encoder writes', () => {
    fc.assert(
      fc.property(items, (item) => {
        const bytes = encodeCbor(item)
        assert.deepEqual(normal(oracleDecode(bytes, { preferMap: true })), normal(item))
        assert.deepEqual(normal(decodeCbor(bytes, limits)?.value), normal(item))
      }),
    )
  })

  it('never throws, and accepts of random bytes only what the other implementation accepts', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const decoded = decodeCbor(Buffer.from(bytes), limits)
        if (decoded)
          assert.doesNotThrow(() =>
            oracleDecode(bytes, { rejectDuplicateKeys: true, preferMap: true, ignoreGlobalTags: true }),
          )
      }),
      { numRuns: 3000 },
    )
  })

  const good: [string, string, CborValue][] = [
    ['64-bit integer', '1bffffffffffffffff', 18446744073709551615n],
    ['most negative integer', '3bffffffffffffffff', -18446744073709551616n],
    ['bignum', 'c249010000000000000000', 18446744073709551616n],
    ['half-precision NaN', 'f97e00', Number.NaN],
    ['half-precision infinity', 'f97c00', Number.POSITIVE_INFINITY],
    ['half-precision subnormal', 'f90001', 2 ** -24],
    ['a whole number in single precision', 'fa47c35000', { float: 100000 }],
    ['single precision', 'fa3fc00000', 1.5],
    ['indefinite text', '7f6568656c6c6f6121ff', 'hello!'],
    ['tagged date', 'c074323032312d30352d30335430303a30303a30305a', { tag: 0, value: '2021-05-03T00:00:00Z' }],
    ['unassigned simple value', 'f8ff', { simple: 255 }],
  ]
  for (const [name, hex, value] of good) {
    it(`reads ${name}`, () => assert.deepEqual(decodeHex(hex)?.value, value))
  }
  it('reads indefinite arrays and maps', () => {
    assert.deepEqual(decodeHex('9f019f02ffff')?.value, [1, [2]])
    assert.deepEqual(
      decodeHex('bf6161019f02ff03ff')?.value,
      new Map<unknown, unknown>([
        ['a', 1],
        [[2], 3],
      ]),
    )
  })

  const bad: [string, string][] = [
    ['nothing', ''],
    ['bytes after the item', '0000'],
    ['duplicate integer keys', 'a201010102'],
    ['duplicate byte string keys', 'a2410101410102'],
    ['duplicate key as integer and float', 'a20101fb3ff000000000000002'],
    ['invalid UTF-8', '62c328'],
    ['invalid UTF-8 in a long text', `7820${'c3'.repeat(32)}`],
    ['array of 2^64 - 1', '9bffffffffffffffff'],
    ['byte string longer than the input', '5affffffff'],
    ['break alone', 'ff'],
    ['break as a value in a map', 'bf6161ffff'],
    ['break in a definite array', '8201ff'],
    ['indefinite chunk of another type', '7f4161ff'],
    ['reserved argument', '1c'],
    ['indefinite integer', '1f'],
    ['indefinite tag', 'df00'],
    ['two-byte simple value below 32', 'f818'],
    ['truncated float', 'fb0000'],
  ]
  for (const [name, hex] of bad) it(`refuses ${name}`, () => assert.equal(decodeHex(hex), undefined))

  it('bounds depth and number of items', () => {
    assert.ok(decodeHex(`${'81'.repeat(32)}00`))
    assert.equal(decodeHex(`${'81'.repeat(33)}00`), undefined)
    assert.equal(decodeHex(`${'c1'.repeat(33)}00`), undefined)
    assert.ok(decodeHex(`98ff${'00'.repeat(255)}`, { depth: 4, items: 256 }))
    assert.equal(decodeHex(`98ff${'00'.repeat(255)}`, { depth: 4, items: 255 }), undefined)
  })
})

describe('JSON of CBOR', () => {
  it('keeps __proto__ an ordinary key', () => {
    const { json } = readCborJson(
      new Map<CborValue, CborValue>([
        ['__proto__', new Map([['polluted', true]])],
        ['constructor', 1],
      ]),
    ) as { json: object }
    assert.equal(JSON.stringify(json), '{"__proto__":{"polluted":true},"constructor":1}')
    assert.equal(Object.getPrototypeOf(json), Object.prototype)
    assert.equal('polluted' in {}, false)
  })

  it('says null for what JSON cannot say, with a remark', () => {
    const read = readCborJson([Number.NaN, undefined, { simple: 9 }])
    assert.ok(typeof read !== 'string')
    assert.deepEqual(read.json, [null, null, null])
    assert.equal(read.remarks.length, 1)
  })

  it('reads dates under tags 0 and 1 and whole floats, with remarks', () => {
    const read = readCborJson([{ tag: 1, value: 0 }, { tag: 0, value: '2021-05-03' }, { float: 2 }])
    assert.ok(typeof read !== 'string')
    assert.deepEqual(read.json, ['1970-01-01T00:00:00.000Z', '2021-05-03', 2])
    assert.equal(read.remarks.length, 2)
  })

  for (const [what, value] of Object.entries<CborValue>({
    'another tag': { tag: 99, value: 'x' },
    'tag 1 around a text': { tag: 1, value: 'x' },
    'tag 1 around no date': { tag: 1, value: Number.NaN },
    'tag 0 around a number': { tag: 0, value: 5 },
    'a bignum': 2n ** 64n,
    'a small bignum': 1n,
    'a byte string': Buffer.from('x'),
    'a key under a tag': new Map<CborValue, CborValue>([[{ tag: 99, value: 1 }, 'x']]),
    'a bignum as key': new Map<CborValue, CborValue>([[1n, 'x']]),
    'a float as key': new Map<CborValue, CborValue>([[{ float: 1 }, 'x']]),
    'a key that is null': new Map<CborValue, CborValue>([[null, 'x']]),
    'keys that are one as text': new Map<CborValue, CborValue>([
      [1, 'x'],
      ['1', 'y'],
    ]),
  })) {
    it(`refuses ${what}, however deep`, () => {
      for (const nested of [value, [value], new Map<CborValue, CborValue>([['a', [value]]])]) {
        assert.equal(typeof readCborJson(nested), 'string')
      }
    })
  }
})
