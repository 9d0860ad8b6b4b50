/** Small pictures changed in every way: each gives codes or a sentence, at once, whatever is in them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Grey } from '../../src/images/grey.ts'
import { jpegProgram, readJpeg } from '../../src/images/jpeg.ts'
import { PictureFault } from '../../src/images/picture-fault.ts'
import { pngProgram, readPng } from '../../src/images/png.ts'
import { createPictureReader } from '../../src/images/read-picture.ts'
import { readWebp, webpProgram } from '../../src/images/webp.ts'
import { sample } from '../support/pictures/broken.ts'
import { jpegFile, pdfFile, pngFile, webpFile } from '../support/pictures/files.ts'
import { programs } from '../support/pictures/programs.ts'

/** Mutants of each kind per run; many more are made when VIDIMUS_FUZZ_RUNS says so. */
const runs = Number(process.env.VIDIMUS_FUZZ_RUNS ?? 2_000)
/** Of those that go all the way to the codes, which takes longer. */
const wholeRuns = Math.ceil(runs / 20)

/** A change of some bytes: written over, cut out, put in twice, cut off. */
type Change = { kind: 'set' | 'cut' | 'twice' | 'end'; at: number; length: number; value: number }
const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('set', 'set', 'set', 'cut', 'twice', 'end'),
  // Headers stand at the beginning.
  at: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 0.05, noNaN: true })),
  length: fc.integer({ min: 1, max: 8 }),
  value: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
})

function changed(file: Uint8Array, changes: Change[]): Uint8Array {
  return changes.reduce<Uint8Array>((bytes, { kind, at, length, value }) => {
    const from = Math.floor(at * bytes.length)
    const [before, piece, after] = [
      bytes.subarray(0, from),
      bytes.subarray(from, from + length),
      bytes.subarray(from + length),
    ]
    if (kind === 'end') return before
    if (kind === 'cut') return Buffer.concat([before, after])
    if (kind === 'twice') return Buffer.concat([before, piece, piece, after])
    return Buffer.concat([before, new Uint8Array(piece.length).fill(value), after])
  }, file)
}

/** A picture, or a fault that says why not; anything else is a bug. */
async function decoded(read: () => Grey | Promise<Grey>): Promise<void> {
  try {
    const { width, height, data } = await read()
    assert.equal(data.length, width * height)
  } catch (error) {
    if (!(error instanceof PictureFault)) throw error
  }
}

const changes = fc.array(change, { minLength: 1, maxLength: 4 })
const picture = await sample()
const png = pngProgram(programs.png)
const jpeg = jpegProgram(programs.jpeg)
const webp = webpProgram(programs.webp)
const kinds: [name: string, file: Uint8Array, read: (file: Uint8Array) => Grey | Promise<Grey>][] = [
  ['PNG', pngFile(picture, { filter: 'cycle' }), (file) => readPng(file, png)],
  ['interlaced PNG', pngFile(picture, { interlaced: true, colour: 3, depth: 4 }), (file) => readPng(file, png)],
  ['JPEG', await jpegFile(picture, { quality: 60, baseline: true }), (file) => readJpeg(file, jpeg)],
  ['progressive JPEG', await jpegFile(picture, { quality: 60, progressive: true }), (file) => readJpeg(file, jpeg)],
  ['WebP', await webpFile(picture, { quality: 60 }), (file) => readWebp(file, webp)],
  ['lossless WebP', await webpFile(picture, { lossless: 1 }), (file) => readWebp(file, webp)],
]

describe('changed files', () => {
  for (const [name, file, read] of kinds) {
    it(`${name}: a picture or a fault`, () =>
      fc.assert(
        fc.asyncProperty(changes, (list) => decoded(() => read(changed(file, list)))),
        { numRuns: runs },
      ))
  }

  const reader = createPictureReader(programs)
  const files = [...kinds, ['PDF', pdfFile([picture]), undefined] as const]
  for (const [name, file] of files) {
    it(`${name}: codes or a fault`, () =>
      fc.assert(
        fc.asyncProperty(changes, async (list) => {
          const reading = await reader({ data: changed(file, list) })
          if ('fault' in reading) assert.ok(reading.fault.length > 0)
          else for (const { text, page } of reading.codes) assert.ok(typeof text === 'string' && page >= 1)
        }),
        { numRuns: wholeRuns },
      ))
  }

  it('bytes of no kind', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom('', '\x89PNG\r\n\x1a\n', '\xff\xd8\xff', 'RIFF\x30\0\0\0WEBP', '%PDF-1.7\n'),
        fc.uint8Array({ maxLength: 300 }),
        async (start, bytes) => {
          const reading = await reader({ data: Buffer.concat([Buffer.from(start, 'latin1'), bytes]) })
          assert.ok('fault' in reading || reading.codes.length === 0)
        },
      ),
      { numRuns: wholeRuns },
    ))
})
