/** Files become the grey pixels that they hold: PNG of every kind, JPEG against another decoder, WebP, pages of PDF. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import decodeJpeg, { init } from '@jsquash/jpeg/decode.js'
import { type Grey, lumaOf, onPaper } from '../../src/images/grey.ts'
import { readJpeg } from '../../src/images/jpeg/jpeg.ts'
import { pdfProgram, readPdf } from '../../src/images/pdf.ts'
import { readPng } from '../../src/images/png.ts'
import { readWebp, webpProgram } from '../../src/images/webp.ts'
import { coloured, jpegFile, type PngOptions, pdfFile, pngFile, webpFile } from '../support/pictures/files.ts'
import { programs } from '../support/pictures/programs.ts'
import { seeded } from '../support/pictures/scene.ts'

/** Slopes, edges and noise, in a size that fits no block. */
function pattern(width: number, height: number): Grey {
  const random = seeded(width * height)
  const data = new Uint8Array(width * height)
  for (let at = 0; at < data.length; at++) {
    const [x, y] = [at % width, Math.floor(at / width)]
    data[at] = (x * 3 + y * 2 + ((x >> 3) % 2) * 80 + random() * 20) & 255
  }
  return { width, height, data }
}

/** A ramp of alpha. */
const ramp = ({ data }: Grey) => data.map((_, at) => (at * 7) & 255)

const meanDifference = (a: Grey, b: Grey) =>
  a.data.reduce((sum, value, at) => sum + Math.abs(value - (b.data[at] ?? 0)), 0) / a.data.length
const mostDifference = (a: Grey, b: Grey) =>
  a.data.reduce((most, value, at) => Math.max(most, Math.abs(value - (b.data[at] ?? 0))), 0)

describe('PNG', () => {
  const kinds: [colour: NonNullable<PngOptions['colour']>, depths: NonNullable<PngOptions['depth']>[]][] = [
    [0, [1, 2, 4, 8, 16]],
    [2, [8, 16]],
    [3, [1, 2, 4, 8]],
    [4, [8, 16]],
    [6, [8, 16]],
  ]
  for (const [colour, depths] of kinds) {
    for (const depth of depths) {
      for (const interlaced of [false, true]) {
        it(`colour type ${colour}, ${depth} bits${interlaced ? ', interlaced' : ''}`, async () => {
          for (const [width, height] of [
            [37, 23],
            [1, 1],
            [3, 9],
          ] as const) {
            const picture = pattern(width, height)
            const alpha = (colour & 4) !== 0 ? ramp(picture) : undefined
            const read = await readPng(
              pngFile(picture, { colour, depth, interlaced, filter: 'cycle', ...(alpha ? { alpha } : {}) }),
            )
            const most = 2 ** Math.min(depth, 8) - 1
            const expected = picture.data.map((value, at) =>
              onPaper(Math.round((Math.round((value * most) / 255) * 255) / most), alpha?.[at] ?? 255),
            )
            assert.deepEqual([read.width, read.height], [width, height])
            assert.ok(mostDifference(read, { width, height, data: expected }) <= 1)
          }
        })
      }
    }
  }
  for (const filter of [0, 1, 2, 3, 4] as const) {
    it(`filter ${filter}`, async () => {
      const picture = pattern(41, 17)
      assert.deepEqual((await readPng(pngFile(picture, { filter, colour: 2 }))).data.length, picture.data.length)
      assert.deepEqual(await readPng(pngFile(picture, { filter })), picture)
    })
  }
  it('what is transparent is paper: a dark code without background is not lost', async () => {
    const picture: Grey = { width: 2, height: 1, data: Uint8Array.of(0, 0) }
    const read = await readPng(pngFile(picture, { colour: 6, alpha: Uint8Array.of(255, 0) }))
    assert.deepEqual([...read.data], [0, 255])
  })
  it('and so is the one transparent colour', async () => {
    const picture: Grey = { width: 3, height: 1, data: Uint8Array.of(0, 7, 200) }
    assert.deepEqual([...(await readPng(pngFile(picture, { transparency: Uint8Array.of(0, 7) }))).data], [0, 255, 200])
    const colours = await readPng(pngFile(picture, { colour: 2, transparency: Uint8Array.of(0, 7, 0, 7, 0, 7) }))
    assert.deepEqual([...colours.data], [0, 255, 200])
    const palette = await readPng(
      pngFile(
        { width: 2, height: 1, data: Uint8Array.of(0, 255) },
        { colour: 3, depth: 1, transparency: Uint8Array.of(0) },
      ),
    )
    assert.deepEqual([...palette.data], [255, 255])
  })
})

describe('JPEG, against another decoder', () => {
  const cases = [
    { quality: 40 },
    { quality: 90 },
    { quality: 100 },
    { quality: 50, progressive: true },
    { quality: 90, progressive: true },
    { quality: 75, color_space: 1 as const },
    { quality: 75, color_space: 1 as const, progressive: true },
    { quality: 75, auto_subsample: false, chroma_subsample: 1 },
    { quality: 75, auto_subsample: false, chroma_subsample: 2 },
  ]
  for (const options of cases) {
    it(JSON.stringify(options), async () => {
      await ready
      for (const [width, height] of [
        [64, 64],
        [101, 67],
        [7, 3],
        [1, 1],
        [16, 300],
      ] as const) {
        const file = await jpegFile(pattern(width, height), options)
        const { data } = await decodeJpeg(file.buffer as ArrayBuffer)
        const other = new Uint8Array(width * height).map((_, at) =>
          lumaOf(data[4 * at] ?? 0, data[4 * at + 1] ?? 0, data[4 * at + 2] ?? 0),
        )
        const read = readJpeg(file)
        assert.deepEqual([read.width, read.height], [width, height])
        assert.ok(meanDifference(read, { width, height, data: other }) < 1, 'the mean')
        assert.ok(mostDifference(read, { width, height, data: other }) <= 4, 'the most')
      }
    })
  }
  it('of red, green and blue', async () => {
    const picture = pattern(33, 20)
    assert.ok(meanDifference(readJpeg(await jpegFile(picture, { quality: 95, color_space: 2 })), picture) < 8)
  })
  it('that lacks its last marker, with all its blocks', async () => {
    const file = await jpegFile(pattern(50, 40), { quality: 80 })
    assert.deepEqual(readJpeg(file.subarray(0, -2)), readJpeg(file))
  })
  it('with another picture behind its end, as phones write it', async () => {
    const file = await jpegFile(pattern(50, 40), { quality: 80 })
    assert.deepEqual(readJpeg(Buffer.concat([file, file])), readJpeg(file))
  })
})

// The decoder to compare with; its program comes out of its package as well.
const ready = WebAssembly.compile(
  new Uint8Array(readFileSync(fileURLToPath(import.meta.resolve('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm')))),
).then((module) => init(module))

describe('WebP', () => {
  const program = webpProgram(programs.webp)
  it('without loss', async () => {
    const picture = pattern(61, 35)
    assert.deepEqual((await readWebp(await webpFile(picture, { lossless: 1 }), program)).data, picture.data)
  })
  it('with loss', async () => {
    const picture = pattern(61, 35)
    assert.ok(meanDifference(await readWebp(await webpFile(picture, { quality: 95 }), program), picture) < 6)
  })
  it('what is transparent is paper', async () => {
    const picture: Grey = { width: 8, height: 8, data: new Uint8Array(64) }
    const read = await readWebp(
      await webpFile(
        coloured(
          picture,
          picture.data.map((_, at) => (at < 32 ? 255 : 0)),
        ),
        { lossless: 1 },
      ),
      program,
    )
    assert.deepEqual([read.data[0], read.data[63]], [0, 255])
  })
})

describe('PDF', () => {
  const program = pdfProgram(programs.pdfium)
  it('each page with about as many pixels as are wanted, dark where its picture is', async () => {
    const half: Grey = {
      width: 100,
      height: 100,
      data: new Uint8Array(10_000).map((_, at) => (at % 100 < 50 ? 0 : 255)),
    }
    const pages = await readPdf(pdfFile([half, half]), program, () => 1_000_000)
    assert.equal(pages.length, 2)
    for (const { width, height, data } of pages) {
      assert.ok(Math.abs(width * height - 1_000_000) < 5_000)
      const row = Math.floor(height / 2) * width
      assert.deepEqual([data[row + 10], data[row + width - 10]], [0, 255])
    }
  })
})
