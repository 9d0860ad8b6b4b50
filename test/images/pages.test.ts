/** Pages as offices print them: text and boxes around a code are not taken for codes. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deflateSync } from 'node:zlib'
import { pdfProgram, readPdf } from '../../src/images/pdf.ts'
import { createPictureReader } from '../../src/images/read-picture.ts'
import { readSources } from '../support/house.ts'
import { jpegFile, pdfOf, pdfStream } from '../support/pictures/files.ts'
import { programs } from '../support/pictures/programs.ts'
import { seeded } from '../support/pictures/scene.ts'
import { symbolOf } from '../support/pictures/symbols.ts'

const words = 'Certificate of vaccination against COVID-19 Name: ISO 8 0 Dose 2/2 QR mmm OOOO [] HHH #### @@'.split(' ')

/** A page full of text of that size, with boxes, and a code in a corner. */
async function page(size: number, text: string): Promise<Uint8Array> {
  const random = seeded(size * 7)
  const line = () =>
    Array.from({ length: Math.floor(170 / size) }, () => words[Math.floor(random() * words.length)]).join(' ')
  const lines = Array.from({ length: Math.floor(820 / (1.2 * size)) }, () => `(${line()}) Tj T*`)
  const boxes = Array.from({ length: 30 }, () => {
    const [x, y, width, height] = [500, 800, 60, 60].map((most) => (random() * most).toFixed(1))
    return `${x} ${y} ${width} ${height} re ${random() < 0.5 ? 'S' : 'f'}`
  })
  const symbol = await symbolOf(text, 'QRCode', 'ecLevel=Q')
  const code = '1 g 340 50 240 240 re f q 200 0 0 200 360 70 cm /P Do Q'
  const content = `BT /F ${size} Tf ${1.2 * size} TL 30 820 Td\n${lines.join('\n')}\nET\n${boxes.join('\n')}\n${code}`
  return pdfOf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> /XObject << /P 5 0 R >> >> >>',
    pdfStream('', Buffer.from(content)),
    pdfStream(
      `/Type /XObject /Subtype /Image /Width ${symbol.width} /Height ${symbol.height} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode`,
      deflateSync(symbol.data),
    ),
  ])
}

describe('a page of text with a code', () => {
  const read = createPictureReader(programs)
  const drawer = pdfProgram(programs.pdfium)
  for (const size of [7, 8, 9, 11]) {
    it(`of ${size} points, as PDF and photographed`, async () => {
      const text = `HC1:${'ABCD EFGH'.repeat(50)}`
      const file = await page(size, text)
      const [drawn] = await readPdf(file, drawer, () => 4_000_000)
      assert.ok(drawn)
      const random = seeded(size)
      const data = drawn.data.map((value) => Math.max(0, Math.min(255, 0.8 * value + 20 + (random() - 0.5) * 30)))
      for (const each of [file, await jpegFile({ ...drawn, data }, { quality: 50 })]) {
        const reading = await read({ data: each })
        assert.ok('codes' in reading)
        assert.deepEqual([reading.codes.map((code) => code.text), reading.unread], [[text], undefined])
      }
    })
  }
})

describe('the reader of pictures', () => {
  it('knows nothing of Node but for its pool and its process: a browser may use it', () => {
    const node = readSources(new URL('../..', import.meta.url).pathname, 'src/images')
      .filter(({ path }) => !/\/(?:images|image-worker)\.ts$/.test(path))
      .flatMap(({ path, imports }) =>
        imports.filter(({ target }) => target.startsWith('node:')).map(({ target }) => `${path} ${target}`),
      )
    assert.deepEqual(node, [])
  })
})
