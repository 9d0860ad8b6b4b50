/** Program of the process in which pictures are decoded. `images.ts` is its only user. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { serveJobs } from '../workers/serve-jobs.ts'
import { createPictureReader, type ImageReading, type Picture } from './read-picture.ts'

const bytesOf = (url: string) => () => readFileSync(fileURLToPath(url))

const read = createPictureReader({
  zxing: bytesOf(import.meta.resolve('zxing-wasm/reader/zxing_reader.wasm')),
  webp: bytesOf(import.meta.resolve('@jsquash/webp/codec/dec/webp_dec.wasm')),
  pdfium: bytesOf(import.meta.resolve('@embedpdf/pdfium/pdfium.wasm')),
})

serveJobs<Picture, ImageReading>(read)
