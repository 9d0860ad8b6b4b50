/** Files become the grey pixels that they hold: PNG and JPEG of every kind, WebP, pages of PDF. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deflateSync } from 'node:zlib'
import { type Grey, onPaper } from '../../src/images/grey.ts'
import { jpegProgram, readJpeg } from '../../src/images/jpeg.ts'
import { pdfProgram, readPdf } from '../../src/images/pdf.ts'
import { pngProgram, readPng } from '../../src/images/png.ts'
import { readWebp, webpProgram } from '../../src/images/webp.ts'
import {
  coloured,
  jpegFile,
  type PngOptions,
  pdfFile,
  pngChunk,
  pngFile,
  pngOf,
  webpFile,
} from '../support/pictures/files.ts'
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
  const program = pngProgram(programs.png)
  const read = (file: Uint8Array) => readPng(file, program)
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
            const grey = await read(
              pngFile(picture, { colour, depth, interlaced, filter: 'cycle', ...(alpha ? { alpha } : {}) }),
            )
            const most = 2 ** Math.min(depth, 8) - 1
            const expected = picture.data.map((value, at) =>
              onPaper(Math.round((Math.round((value * most) / 255) * 255) / most), alpha?.[at] ?? 255),
            )
            assert.deepEqual([grey.width, grey.height], [width, height])
            assert.ok(mostDifference(grey, { width, height, data: expected }) <= 1)
          }
        })
      }
    }
  }
  for (const filter of [0, 1, 2, 3, 4] as const) {
    it(`filter ${filter}`, async () => {
      const picture = pattern(41, 17)
      assert.deepEqual((await read(pngFile(picture, { filter, colour: 2 }))).data.length, picture.data.length)
      assert.deepEqual(await read(pngFile(picture, { filter })), picture)
    })
  }
  it('what is no part of the picture is not looked at: 1 GB that a profile of colour unpacks to', async () => {
    const picture = pattern(20, 10)
    const file = pngFile(picture)
    const profile = Buffer.concat([
      Buffer.from('x\0\0', 'latin1'),
      deflateSync(Buffer.alloc(1_000_000_000), { level: 1 }),
    ])
    const text = pngChunk('zTXt', profile)
    // Behind the header, whose chunk is 25 bytes long.
    const whole = Buffer.concat([file.subarray(0, 33), pngChunk('iCCP', profile), text, file.subarray(33)])
    assert.deepEqual(await read(whole), picture)
  })
  it('no more is unpacked than the picture has', async () => {
    const data = pngChunk('IDAT', deflateSync(Buffer.alloc(1_000_000_000), { level: 1 }))
    const { width, height, data: rows } = await read(pngOf({ width: 20, height: 10, depth: 8, colour: 0 }, data))
    assert.deepEqual([width, height, Math.max(...rows)], [20, 10, 0])
  })
  it('what is transparent is paper: a dark code without background is not lost', async () => {
    const picture: Grey = { width: 2, height: 1, data: Uint8Array.of(0, 0) }
    const grey = await read(pngFile(picture, { colour: 6, alpha: Uint8Array.of(255, 0) }))
    assert.deepEqual([...grey.data], [0, 255])
  })
  it('and so is the one transparent colour', async () => {
    const picture: Grey = { width: 3, height: 1, data: Uint8Array.of(0, 7, 200) }
    assert.deepEqual([...(await read(pngFile(picture, { transparency: Uint8Array.of(0, 7) }))).data], [0, 255, 200])
    const colours = await read(pngFile(picture, { colour: 2, transparency: Uint8Array.of(0, 7, 0, 7, 0, 7) }))
    assert.deepEqual([...colours.data], [0, 255, 200])
    const palette = await read(
      pngFile(
        { width: 2, height: 1, data: Uint8Array.of(0, 255) },
        { colour: 3, depth: 1, transparency: Uint8Array.of(0) },
      ),
    )
    assert.deepEqual([...palette.data], [255, 255])
  })
})

describe('JPEG', () => {
  const program = jpegProgram(programs.jpeg)
  const read = (file: Uint8Array) => readJpeg(file, program)
  // What is lost, at most: the mean of the differences.
  const cases = [
    { mean: 10, quality: 40 },
    { mean: 5, quality: 90 },
    { mean: 0.5, quality: 100 },
    { mean: 10, quality: 50, progressive: true },
    { mean: 5, quality: 90, progressive: true },
    { mean: 8, quality: 75, color_space: 1 as const },
    { mean: 8, quality: 75, color_space: 1 as const, progressive: true },
    { mean: 8, quality: 75, auto_subsample: false, chroma_subsample: 1 },
    { mean: 8, quality: 75, auto_subsample: false, chroma_subsample: 2 },
  ]
  for (const { mean, ...options } of cases) {
    it(JSON.stringify(options), async () => {
      for (const [width, height] of [
        [64, 64],
        [101, 67],
        [7, 3],
        [1, 1],
        [16, 300],
      ] as const) {
        const picture = pattern(width, height)
        const grey = await read(await jpegFile(picture, options))
        assert.deepEqual([grey.width, grey.height, grey.data.length], [width, height, width * height])
        assert.ok(meanDifference(grey, picture) <= mean)
      }
    })
  }
  it('with more behind its last block, as some cameras write it', async () => {
    const file = await jpegFile(pattern(50, 40), { quality: 80, baseline: true })
    const more = Buffer.concat([file.subarray(0, -2), Buffer.alloc(20), file.subarray(-2)])
    assert.deepEqual(await read(more), await read(file))
  })
  it('of red, green and blue', async () => {
    const picture = pattern(33, 20)
    assert.ok(meanDifference(await read(await jpegFile(picture, { quality: 95, color_space: 2 })), picture) < 8)
  })
  it('that lacks its last marker, with all its blocks', async () => {
    const file = await jpegFile(pattern(50, 40), { quality: 80 })
    assert.deepEqual(await read(file.subarray(0, -2)), await read(file))
  })
  it('with another picture behind its end, as phones write it', async () => {
    const file = await jpegFile(pattern(50, 40), { quality: 80 })
    assert.deepEqual(await read(Buffer.concat([file, file])), await read(file))
  })
})

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
