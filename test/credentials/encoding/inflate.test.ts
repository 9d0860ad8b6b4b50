/** What is inflated here is what zlib makes of it, and what zlib refuses is refused. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { constants, deflateRawSync, deflateSync, inflateRawSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { inflateRaw, inflateZlib } from '../../../src/credentials/encoding/inflate.ts'

const strategies = [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE]

const contents = fc.oneof(
  fc.uint8Array({ maxLength: 700 }),
  fc
    .array(fc.constantFrom('urn:uvci:01:XA:', '2026-11-20', 'EU/1/20/1528', '"dob":', 'ada', ' ', '\u0000'), {
      maxLength: 400,
    })
    .map((words) => Buffer.from(words.join(''))),
  // Runs, near and far.
  fc.tuple(fc.nat(255), fc.nat(9000)).map(([byte, length]) => new Uint8Array(length).fill(byte)),
)

/** How the packed bytes are spoilt, if at all. */
const damages = fc.oneof(
  fc.constant((bytes: Buffer) => bytes),
  fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 3 }).map((flips) => (bytes: Buffer) => {
    const spoilt = Buffer.from(bytes)
    for (const [at, bit] of flips) spoilt.writeUInt8((spoilt[at % spoilt.length] ?? 0) ^ (1 << bit), at % spoilt.length)
    return spoilt
  }),
  fc.nat().map((cut) => (bytes: Buffer) => bytes.subarray(0, cut % (bytes.length + 1))),
  fc.uint8Array({ maxLength: 9 }).map((more) => (bytes: Buffer) => Buffer.concat([bytes, more])),
)

function byZlib(bytes: Uint8Array, maxBytes: number, isRaw: boolean): Buffer | undefined {
  if (!isRaw && bytes[0] !== 0x78) return undefined
  try {
    return (isRaw ? inflateRawSync : inflateSync)(bytes, { maxOutputLength: maxBytes })
  } catch {
    return undefined
  }
}

function sameAsZlib(bytes: Buffer, maxBytes: number, isRaw: boolean): void {
  const own = (isRaw ? inflateRaw : inflateZlib)(bytes, maxBytes)
  assert.deepEqual(own, byZlib(bytes, maxBytes, isRaw), `${isRaw ? 'raw' : 'zlib'} ${bytes.toString('hex')}`)
}

for (const isRaw of [false, true]) {
  test(`${isRaw ? 'raw deflate' : 'zlib'} is inflated as zlib does it, whole or spoilt`, () => {
    fc.assert(
      fc.property(
        contents,
        fc.record({
          level: fc.nat(9),
          strategy: fc.constantFrom(...strategies),
          memLevel: fc.integer({ min: 1, max: 9 }),
        }),
        damages,
        fc.oneof(fc.constant(100_000), fc.constantFrom(-1, 0, 1)),
        (content, options, spoil, limit) => {
          const packed = (isRaw ? deflateRawSync : deflateSync)(content, options)
          const maxBytes = limit > 1 ? limit : Math.max(1, content.length + limit)
          sameAsZlib(spoil(packed), maxBytes, isRaw)
        },
      ),
      { numRuns: 3000 },
    )
  })

  test(`${isRaw ? 'raw deflate' : 'zlib'}: any bytes are what they are to zlib`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        sameAsZlib(Buffer.from(isRaw ? bytes : [0x78, 0x9c, ...bytes]), 100_000, isRaw)
      }),
      { numRuns: 3000 },
    )
  })
}

/** Raw blocks, bit by bit: what a packer never writes. */
const odd: Record<string, string> = {
  'an empty block of the fixed code': '0300',
  'a stored block': '0103 00fcff 616263',
  'two blocks, the first of them empty': '0200 030 0',
  'the reserved kind of block': '07',
  'a distance before the beginning': '4b0204 01',
  'no bytes at all': '',
  'a dynamic block that ends in its header': '05c0',
}

for (const [name, hex] of Object.entries(odd))
  test(`raw deflate, ${name}: as zlib has it`, () => {
    sameAsZlib(Buffer.from(hex.replaceAll(' ', ''), 'hex'), 1000, true)
  })

test('nothing of one text is left in the next', () => {
  const long = deflateSync('a person of a long name, '.repeat(40))
  const short = deflateSync('ada')
  inflateZlib(long, 100_000)
  assert.equal(inflateZlib(short, 100_000)?.toString(), 'ada')
})
