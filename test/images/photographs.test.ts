/** What cameras, scanners and printers make of codes is read; the pictures are made here. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { WriterOptions } from 'zxing-wasm/writer'
import { createPictureReader } from '../../src/images/read-picture.ts'
import { jpegFile, type PngOptions, pdfFile, pngFile, webpFile } from '../support/pictures/files.ts'
import { programs } from '../support/pictures/programs.ts'
import { type Effects, type Placed, scene, seeded, upright } from '../support/pictures/scene.ts'
import { symbolOf } from '../support/pictures/symbols.ts'
import cases from './cases/photographs.json' with { type: 'json' }

type Symbology = 'QRCode' | 'MicroQRCode' | 'RMQRCode' | 'Aztec' | 'DataMatrix' | 'PDF417'
interface FileCase extends PngOptions {
  kind: 'png' | 'jpeg' | 'webp' | 'pdf'
  quality?: number
  progressive?: boolean
  lossless?: 0 | 1
}
interface Case {
  section: string
  name: string
  codes: (Symbology | 'same')[]
  size?: [number, number]
  place?: 'perspective' | 'upright' | 'row'
  degrees?: number
  pixelsOfModule?: number
  effects?: Effects
  file: FileCase
}

const read = createPictureReader(programs)

/** Characters of base45, as many as a certificate has, or as the symbology holds. */
function textOf(symbology: Symbology, index: number): string {
  const random = seeded(index + 1)
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'
  const length = { QRCode: 520, Aztec: 520, DataMatrix: 520, PDF417: 400, RMQRCode: 100, MicroQRCode: 15 }[symbology]
  const characters = Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)])
  return `HC1:${characters.join('')}`
}

const writers: Record<Symbology, [NonNullable<WriterOptions['format']>, string]> = {
  QRCode: ['QRCode', 'ecLevel=Q'],
  MicroQRCode: ['MicroQRCode', ''],
  RMQRCode: ['RMQRCode', ''],
  Aztec: ['AztecCode', ''],
  DataMatrix: ['DataMatrix', ''],
  PDF417: ['PDF417', ''],
}

async function placedOf({
  codes,
  size,
  place,
  degrees,
  pixelsOfModule,
}: Case): Promise<{ size: [number, number]; placed: Placed[]; texts: string[] }> {
  const texts = codes.map((code, index) => (code === 'same' ? textOf('QRCode', 0) : textOf(code, index)))
  const symbols = await Promise.all(
    codes.map((code, index) => symbolOf(texts[index] ?? '', ...writers[code === 'same' ? 'QRCode' : code])),
  )
  const [first] = symbols
  assert.ok(first)
  if (pixelsOfModule !== undefined) {
    // Beside the grid, where modules are wider than pixels.
    const shift = pixelsOfModule === 1 ? 0 : 0.3
    const side = Math.ceil(first.width * pixelsOfModule) + 24
    const middle = (side - (side % 2 === first.width % 2 ? 0 : 1)) / 2 + shift
    const corners = upright([middle, middle], [first.width * pixelsOfModule, first.height * pixelsOfModule])
    return { size: [side, side], placed: [{ symbol: first, corners }], texts }
  }
  const [width, height] = size ?? [1000, 1000]
  if (place === 'perspective') {
    const corners: Placed['corners'] = [
      [width * 0.3, height * 0.2],
      [width * 0.68, height * 0.26],
      [width * 0.72, height * 0.8],
      [width * 0.25, height * 0.72],
    ]
    return { size: [width, height], placed: [{ symbol: first, corners }], texts }
  }
  const column = width / symbols.length
  const placed = symbols.map((symbol, index) => {
    const turned = degrees === undefined ? 0 : Math.abs(Math.sin((degrees * Math.PI) / 180))
    const share = 0.8 / (1 + 0.5 * Math.min(turned, 1 - turned))
    const scale = Math.min((column * share) / symbol.width, (height * share) / symbol.height)
    const middle: [number, number] = [column * (index + 0.5), height / 2]
    return {
      symbol,
      corners: upright(
        middle,
        [symbol.width * scale, symbol.height * scale],
        degrees ?? (place === 'row' ? 5 - 4 * index : 0),
      ),
    }
  })
  return { size: [width, height], placed, texts }
}

async function fileOf(each: Case): Promise<{ file: Uint8Array; texts: string[] }> {
  const { size, placed, texts } = await placedOf(each)
  const picture = scene(size, placed, each.effects)
  const { kind, quality = 75, progressive = false, lossless = 0, ...png } = each.file
  switch (kind) {
    case 'png':
      return { file: pngFile(picture, png), texts }
    case 'jpeg':
      return { file: await jpegFile(picture, { quality, progressive }), texts }
    case 'webp':
      return { file: await webpFile(picture, { quality, lossless }), texts }
    case 'pdf':
      return { file: pdfFile([picture]), texts }
  }
}

const sections = Map.groupBy(cases as Case[], ({ section }) => section)
for (const [section, list] of sections) {
  describe(`codes are read: ${section}`, () => {
    for (const each of list) {
      it(each.name, async () => {
        const { file, texts } = await fileOf(each)
        const reading = await read({ data: file })
        assert.ok('codes' in reading, 'fault' in reading ? reading.fault : '')
        const found = reading.codes.map(({ text, symbology }) => `${symbology} ${text}`)
        const expected = texts.map((text, index) => `${each.codes[index]} ${text}`)
        assert.deepEqual(found.sort(), expected.filter((line) => !line.startsWith('same')).sort())
        assert.equal(reading.unread, undefined)
      })
    }
  })
}
