import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { PictureReaderParts } from '../../../src/images/read-picture.ts'

const bytesOf = (name: string) => () => readFileSync(fileURLToPath(import.meta.resolve(name)))

/** The programs of WebAssembly out of their packages, for reading pictures in the test's own process. */
export const programs: PictureReaderParts = {
  zxing: bytesOf('zxing-wasm/reader/zxing_reader.wasm'),
  jpeg: bytesOf('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm'),
  png: bytesOf('@jsquash/png/codec/pkg/squoosh_png_bg.wasm'),
  webp: bytesOf('@jsquash/webp/codec/dec/webp_dec.wasm'),
  pdfium: bytesOf('@embedpdf/pdfium/pdfium.wasm'),
}
