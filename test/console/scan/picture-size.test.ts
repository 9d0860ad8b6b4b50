/** What files say of their size: enough to refuse them before anything of them is decoded. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readFileHeader } from '../../../src/console/verify/scan/picture-size.ts'
import { coloured, jpegFile, pdfFile, pngFile, webpFile } from '../../support/pictures/files.ts'
import { seeded } from '../../support/pictures/scene.ts'

const grey = { width: 70, height: 33, data: new Uint8Array(70 * 33).fill(200) }

/** A box of ISO/IEC 14496-12. */
const box = (type: string, ...content: Uint8Array[]) => {
  const body = Buffer.concat(content)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length + 8)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, body])
}
const extents = (width: number, height: number) => {
  const body = Buffer.alloc(12)
  body.writeUInt32BE(width, 4)
  body.writeUInt32BE(height, 8)
  return box('ispe', body)
}
/** A file of HEIF with a preview. */
const heif = (brand: string) =>
  Buffer.concat([box('ftyp', Buffer.from(brand)), box('meta', extents(160, 120), extents(8064, 6048))])

const gif = Buffer.from('474946383961460021000000', 'hex')
const bitmap = Buffer.alloc(60)
bitmap.write('BM')
bitmap.writeUInt32LE(40, 14)
bitmap.writeInt32LE(70, 18)
// From the top.
bitmap.writeInt32LE(-33, 22)

const files: [what: string, file: Uint8Array, contentType: string | undefined, size: string][] = [
  ['PNG', pngFile(grey), 'image/png', '70×33'],
  ['JPEG', await jpegFile(coloured(grey)), 'image/jpeg', '70×33'],
  ['JPEG in several scans', await jpegFile(coloured(grey), { progressive: true }), 'image/jpeg', '70×33'],
  ['WebP', await webpFile(grey), 'image/webp', '70×33'],
  ['WebP without loss', await webpFile(grey, { lossless: 1 }), 'image/webp', '70×33'],
  ['WebP with alpha', await webpFile({ ...coloured(grey, new Uint8Array(70 * 33).fill(9)) }), 'image/webp', '70×33'],
  ['GIF', gif, 'image/gif', '70×33'],
  ['BMP', bitmap, 'image/bmp', '70×33'],
  ['AVIF', heif('avif'), 'image/avif', '8064×6048'],
  ['HEIC', heif('heic'), 'image/heic', '8064×6048'],
  ['PDF', pdfFile([grey]), 'application/pdf', '0×0'],
  ['a text', Buffer.from('HC1:6BF'), undefined, '0×0'],
  ['a page', Buffer.from('<!doctype html><img src="x">'), undefined, '0×0'],
  ['SVG, which is a program', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), undefined, '0×0'],
  ['nothing', Buffer.alloc(0), undefined, '0×0'],
]

describe('the header of a file', () => {
  for (const [what, file, contentType, size] of files)
    it(`of ${what} tells kind and size`, () => {
      const { width, height, ...read } = readFileHeader(file)
      assert.deepEqual([read.contentType, `${width}×${height}`], [contentType, size])
    })

  it('that is cut off or changed anywhere says what it says, throws nothing and takes no time', () => {
    const random = seeded(7)
    for (const [what, file] of files)
      for (let round = 0; round < 200; round++) {
        const changed = Buffer.from(file.subarray(0, round % 2 === 0 ? round : file.length))
        const at = Math.floor(random() * changed.length)
        if (changed.length > 0) changed[at] = Math.floor(random() * 256)
        const { width, height } = readFileHeader(changed)
        assert.ok(Number.isInteger(width) && Number.isInteger(height) && width >= 0 && height >= 0, what)
      }
  })
})
