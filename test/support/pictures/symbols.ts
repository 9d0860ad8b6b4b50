/** Codes as squares of light and dark modules, written by the writer of zxing-wasm. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { prepareZXingModule, type WriterOptions, writeBarcode } from 'zxing-wasm/writer'

/** One byte a module, 0 dark, 255 light; without the quiet zone. */
export interface CodeSymbol {
  width: number
  height: number
  data: Uint8Array
}

prepareZXingModule({
  overrides: {
    wasmBinary: new Uint8Array(readFileSync(fileURLToPath(import.meta.resolve('zxing-wasm/writer/zxing_writer.wasm'))))
      .buffer,
  },
})

/** A code of that text or those bytes. `options` as the writer has them, e.g. `ecLevel=Q`. */
export async function symbolOf(
  content: string | Uint8Array,
  format: NonNullable<WriterOptions['format']> = 'QRCode',
  options = '',
): Promise<CodeSymbol> {
  const made = await writeBarcode(content, { format, options, scale: 1, addQuietZones: false })
  if (made.error) throw new Error(made.error)
  const { width, height, data } = made.symbol
  return { width, height, data: new Uint8Array(data) }
}

/** The symbol with every third row of its middle gone: its finders stay, and more is lost than its error correction can mend. */
export const damagedSymbol = (symbol: CodeSymbol): CodeSymbol => ({
  ...symbol,
  data: symbol.data.map((value, at) =>
    Math.floor(at / symbol.width) % 3 === 1 && at % symbol.width > 10 && at % symbol.width < symbol.width - 10
      ? 255
      : value,
  ),
})
