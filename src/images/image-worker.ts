/** Program of the process in which pictures are decoded. `images.ts` is its only user. */
import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { serveJobs } from '../workers/serve-jobs.ts'
import { createPictureReader, type ImageReading, type Picture } from './read-picture.ts'

const bytesOf = (url: string) => () => readFileSync(fileURLToPath(url))

const read = createPictureReader({
  zxing: bytesOf(import.meta.resolve('zxing-wasm/reader/zxing_reader.wasm')),
  jpeg: bytesOf(import.meta.resolve('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm')),
  png: bytesOf(import.meta.resolve('@jsquash/png/codec/pkg/squoosh_png_bg.wasm')),
  webp: bytesOf(import.meta.resolve('@jsquash/webp/codec/dec/webp_dec.wasm')),
  pdfium: bytesOf(import.meta.resolve('@embedpdf/pdfium/pdfium.wasm')),
})

/** A process that holds more is made to give back what it needs no longer. */
const quietBytes = 160_000_000

/**
 * The collector of V8 lets the memory of programs that are done with lie for a while. Of a large picture that is so much that the next
 * one would pass the limit of the process. What holds a program goes with the first collection, its memory with the second.
 */
async function readAndTidy(picture: Picture): Promise<ImageReading> {
  try {
    return await read(picture)
  } finally {
    for (let round = 0; round < 2 && process.memoryUsage.rss() > quietBytes; round++) {
      await setImmediate()
      globalThis.gc?.()
    }
  }
}

serveJobs<Picture, ImageReading>(readAndTidy)
