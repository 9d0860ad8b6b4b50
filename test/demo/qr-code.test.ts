import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'
import { qrCode } from '../../src/demo/qr-code.ts'

const program = readFileSync(fileURLToPath(import.meta.resolve('zxing-wasm/reader/zxing_reader.wasm')))
await prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(program).buffer }, fireImmediately: true })

async function read(text: string) {
  const code = await qrCode(text)
  assert.ok(code)
  const [found] = await readBarcodes(code.png, { formats: ['QRCode'] })
  return { code, found }
}
/** Modules of one side, without the quiet zone of four on each side. */
const side = (svg: string) => Number(/width="(\d+)/.exec(svg)?.[1])

describe('a QR code', () => {
  const alphanumeric = `HC1:${'A1B2 $%*+-./:'.repeat(38)}`
  it('holds the text, with error correction Q', async () => {
    const { code, found } = await read(alphanumeric)
    assert.equal(found?.text, alphanumeric)
    assert.equal(found?.ecLevel, 'Q')
    assert.equal(code.errorCorrection, 'Q')
    assert.match(code.svg, /^<\?xml|^<svg/)
  })
  it('is smaller in alphanumeric mode than the same length in small letters, and smaller still in digits', async () => {
    const sides = await Promise.all(
      [alphanumeric.toLowerCase(), alphanumeric, '7'.repeat(alphanumeric.length)].map(async (text) =>
        side((await read(text)).code.svg),
      ),
    )
    const [bytes = 0, letters = 0, digits = 0] = sides
    assert.ok(bytes > letters && letters > digits && digits > 0, sides.join())
  })
  it('holds the bytes of a zip whose characters they are', async () => {
    const zip = `PK\x03\x04${String.fromCharCode(...Array.from({ length: 256 }, (_, at) => at))}`
    const { found } = await read(zip)
    assert.deepEqual(Buffer.from(found?.bytes ?? []), Buffer.from(zip, 'latin1'))
  })
  it('takes less error correction for a text that is too long for Q, and none for one that is too long for any', async () => {
    const { code, found } = await read('x'.repeat(2000))
    assert.equal(code.errorCorrection, found?.ecLevel)
    assert.notEqual(code.errorCorrection, 'Q')
    assert.equal(await qrCode('x'.repeat(5000)), undefined)
  })
})
