import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { prepareZXingModule, writeBarcode } from 'zxing-wasm/writer'

/** A QR code (ISO/IEC 18004) as picture. */
export interface QrCode {
  svg: string
  png: Uint8Array
  /** Q, or what of M and L the length of the text leaves. */
  errorCorrection: string
}

/** Of the levels of error correction the one that is wanted first. */
const LEVELS = ['Q', 'M', 'L'] as const
/** Dots of a module. */
const SCALE = 4

let prepared: Promise<unknown> | undefined

/** Begins the writer, whose program would be fetched from a CDN otherwise. */
async function begin(): Promise<unknown> {
  const file = fileURLToPath(import.meta.resolve('zxing-wasm/writer/zxing_writer.wasm'))
  const program = await readFile(file)
  const wasmBinary = program.buffer.slice(program.byteOffset, program.byteOffset + program.byteLength)
  return prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })
}

/** A text whose characters are the bytes of a zip (DIVOC) is drawn as those bytes. */
const contentOf = (text: string) =>
  text.startsWith('PK\x03\x04') ? Uint8Array.from(Buffer.from(text, 'latin1')) : text

/**
 * Draws a text as one QR code, in the mode that needs least room (alphanumeric for base45, numeric for health cards). Undefined for a
 * text that is too long for any.
 */
export async function qrCode(text: string): Promise<QrCode | undefined> {
  prepared ??= begin()
  await prepared
  for (const errorCorrection of LEVELS) {
    const options = {
      format: 'QRCode' as const,
      options: `ecLevel=${errorCorrection}`,
      scale: SCALE,
      addQuietZones: true,
    }
    const { error, svg, image } = await writeBarcode(contentOf(text), options)
    if (error === '' && image) return { svg, png: new Uint8Array(await image.arrayBuffer()), errorCorrection }
  }
  return undefined
}
