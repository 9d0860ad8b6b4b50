import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, deflateRawSync, deflateSync, inflateRawSync } from 'node:zlib'
import { adler32, inflateShort } from '../../src/base/inflate.ts'
import { inflateRaw, inflateRawWhole, inflateZlib } from '../../src/credentials/encoding/inflate.ts'
import { type Random, randomFrom } from '../support/generator/random.ts'

/** What zlib makes of raw deflate data: the bytes and where the data end; undefined for what it refuses. */
function byZlib(data: Buffer, most: number): { bytes: Buffer; end: number } | undefined {
  try {
    const answer: unknown = inflateRawSync(data, { maxOutputLength: most, info: true })
    const { buffer, engine } = answer as { buffer: Buffer; engine: { bytesWritten: number } } // with `info`
    return { bytes: buffer, end: engine.bytesWritten }
  } catch {
    return undefined
  }
}

/** How many data both took, and both refused. */
interface Tally {
  taken: number
  refused: number
}

function compare(data: Buffer, most: number, tally: Tally): void {
  const wanted = byZlib(data, most)
  assert.deepEqual(inflateShort(data, 0, most), wanted, `${data.toString('hex')}, at most ${most}`)
  if (wanted) tally.taken++
  else tally.refused++
}

const words = ['URN:UVCI:01:XA:', '840539006', 'EU/1/20/1528', 'ORG-100030215', 'Ministry of Health', '2026-05-']
const bytes = (length: number, draw: () => number) => Buffer.from(Array.from({ length }, draw))

function drawPlain(random: Random): Buffer {
  const any = () => random.below(256)
  switch (random.below(5)) {
    case 0:
      return Buffer.alloc(random.below(70_000), any())
    case 1:
      return bytes(random.below(400), any)
    case 2:
      // So uneven that some codes are longer than those of the tables.
      return bytes(random.below(3000), () => 97 + Math.clz32(1 + random.below(2 ** 30)))
    case 3:
      return bytes(random.below(2000), () => Math.min(any(), any(), any()))
    default:
      return Buffer.from(Array.from({ length: random.below(60) }, () => random.of(words)).join(''))
  }
}

const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE, Z_SYNC_FLUSH } = constants
const strategies = [Z_DEFAULT_STRATEGY, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE]

function drawData(random: Random, plain: Buffer): Buffer {
  const data = deflateRawSync(plain, {
    level: random.below(10),
    strategy: random.of(strategies),
    memLevel: 1 + random.below(9),
    windowBits: 9 + random.below(7),
  })
  // Blocks before them, the last of which is empty.
  const before = random.below(4) === 0 ? deflateRawSync(drawPlain(random), { finishFlush: Z_SYNC_FLUSH }) : []
  return Buffer.concat([Buffer.from(before), data])
}

function changed(random: Random, data: Buffer): Buffer {
  const copy = Buffer.from(data)
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    // What stands first are the codes: there most is decided.
    const at = random.below(random.below(2) === 0 ? Math.min(40, copy.length) : copy.length)
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8))
  }
  return copy
}

test('data are taken and refused as zlib does: whole, cut off, with more behind them, and changed', () => {
  const random = randomFrom(20_261_130)
  const tally: Tally = { taken: 0, refused: 0 }
  for (let run = 0; run < 400; run++) {
    const plain = drawPlain(random)
    const data = drawData(random, plain)
    compare(data, 200_000, tally)
    if (plain.length > 1) for (const most of [plain.length, plain.length - 1]) compare(data, most, tally)
    compare(Buffer.concat([data, bytes(5, () => random.below(256))]), 200_000, tally)
    compare(data.subarray(0, random.below(data.length + 1)), 200_000, tally)
    for (let mutant = 0; mutant < 6; mutant++) compare(changed(random, data), 4000, tally)
    const noise = bytes(1 + random.below(120), () => random.below(256))
    // Blocks with codes of their own: what follows is their lengths.
    noise[0] = ((noise[0] ?? 0) & 0xf8) | 5
    compare(noise, 4000, tally)
  }
  assert.ok(tally.taken > 1200 && tally.refused > 1200, JSON.stringify(tally))
})

test('codes that cannot be are refused, a lone one is not', () => {
  // Bits, as they stand in the data: the first one lowest.
  const packed = (bits: string) => {
    const all = bits.replaceAll(' ', '')
    const lined = all.padEnd(Math.ceil(all.length / 8) * 8, '0')
    return Buffer.from((lined.match(/.{8}/g) ?? []).map((each) => Number.parseInt([...each].reverse().join(''), 2)))
  }
  const number = (value: number, bits: number) => [...value.toString(2).padStart(bits, '0')].reverse().join('')
  // Lengths of codes 18 (zeros), 0 and 1 have one, two and two bits; the symbols 0 to 255 have no code, 256 has one of one bit.
  const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
  const codeLengths = (lengths: Record<number, number>) => order.map((each) => number(lengths[each] ?? 0, 3)).join('')
  const block = (distances: string) =>
    `1 01 ${number(0, 5)} ${number(0, 5)} ${number(15, 4)} ${codeLengths({ 18: 1, 0: 2, 1: 2 })} 0${number(127, 7)} 0${number(107, 7)} 11 ${distances}`
  const tally: Tally = { taken: 0, refused: 0 }
  for (const distance of ['10', '11']) {
    compare(packed(`${block(distance)} 0`), 100, tally)
    compare(packed(`${block(distance)} 1`), 100, tally)
  }
  // A block of the reserved type, no data at all, a stored block whose length is not confirmed, lengths beyond the alphabet.
  for (const bits of ['1 11', '', '1 00 00000 1000000000000000 1111111111111111', `1 01 ${number(30, 5)} 00000 0000`])
    compare(packed(bits), 100, tally)
  assert.deepEqual(tally, { taken: 2, refused: 6 })
})

test('zlib data need their header, their checksum and no dictionary', () => {
  const plain = Buffer.from(words.join(' '))
  const data = deflateSync(plain)
  const broken = (at: number, value: number) => Buffer.from(data).fill(value, at, at + 1)
  assert.deepEqual(inflateZlib(data, 1000), plain)
  assert.deepEqual(inflateZlib(Buffer.concat([data, plain]), 1000), plain)
  assert.equal(inflateZlib(data, plain.length - 1), undefined)
  for (let length = 0; length < data.length; length++)
    assert.equal(inflateZlib(data.subarray(0, length), 1000), undefined)
  for (const each of [
    broken(0, 0x58),
    broken(0, 0x79),
    broken(1, 0x9d),
    broken(data.length - 1, 0),
    broken(data.length - 4, 0),
  ])
    assert.equal(inflateZlib(each, 1000), undefined)
  assert.equal(inflateZlib(deflateSync(plain, { dictionary: plain }), 1000), undefined)
})

test('what is long goes to zlib, and is answered alike', () => {
  const random = randomFrom(7)
  const plain = bytes(20_000, () => random.below(256))
  const raw = deflateRawSync(plain)
  assert.ok(raw.length > 8192)
  const more = Buffer.concat([raw, Buffer.of(0)])
  for (const [data, text] of [
    [raw, plain],
    [deflateRawSync(plain.subarray(0, 500)), plain.subarray(0, 500)],
  ] as const) {
    assert.deepEqual(inflateRaw(data, 20_000), text)
    assert.deepEqual(inflateRawWhole(data, 20_000), text)
    assert.equal(inflateRawWhole(Buffer.concat([data, Buffer.of(0)]), 20_000), undefined)
    assert.equal(inflateRaw(data, text.length - 1), undefined)
  }
  assert.deepEqual(inflateRaw(more, 20_000), plain)
  assert.deepEqual(inflateZlib(deflateSync(plain), 20_000), plain)
  assert.equal(inflateZlib(deflateSync(plain), 19_999), undefined)
})

test('the checksum is that of zlib, however long the data are', () => {
  for (const plain of [Buffer.alloc(0), Buffer.from('a'), Buffer.alloc(300_000, 255)]) {
    const data = deflateSync(plain)
    assert.equal(adler32(plain), data.readUInt32BE(data.length - 4))
  }
})
