/**
 * The codes of a picture: bytes in, codes out. Nothing here knows of a server or a browser; where the programs' bytes come from is given.
 */
import { codeProgram, type Zxing } from './code-reader.ts'
import { type PageCodes, quickFinder, thoroughFinder } from './find-codes.ts'
import type { Grey } from './grey.ts'
import { joinSequences } from './join-sequences.ts'
import { jpegProgram, readJpeg } from './jpeg.ts'
import { pdfProgram, readPdf } from './pdf.ts'
import { costly, PictureFault } from './picture-fault.ts'
import { pictureKind } from './picture-kind.ts'
import { pictureLimits } from './picture-limits.ts'
import { pngProgram, readPng } from './png.ts'
import type { WasmBytes, WasmProgram } from './wasm-program.ts'
import { readWebp, webpProgram } from './webp.ts'

/** A code on a picture. */
export interface ImageCode {
  /** The code as text: by its own character sets, else UTF-8, else (and for a zip) the characters 0 to 255. */
  text: string
  bytes: Uint8Array
  /** `QRCode`, `MicroQRCode`, `RMQRCode`, `Aztec`, `DataMatrix` or `PDF417`. */
  symbology: string
  /** From 1. */
  page: number
}

/**
 * The codes of all pages, each text once; `unread` counts QR codes that are there and could not be read. Or why the file is not read:
 * it is wrong, (`tooCostly`) larger than a limit, or (`contradictory`) not what its contentType says. No codes at all is an answer.
 */
export type ImageReading =
  | { codes: ImageCode[]; unread?: number }
  | { fault: string; tooCostly?: true; contradictory?: true }

/** A picture as it was sent. */
export interface Picture {
  /** What the sender says it is; must agree with the bytes. */
  contentType?: string
  data: Uint8Array
}

/** Where the programs come from. */
export interface PictureReaderParts {
  zxing: WasmBytes
  jpeg: WasmBytes
  png: WasmBytes
  webp: WasmBytes
  pdfium: WasmBytes
}

/** Reads pictures; its programs are begun when they are first needed, and kept. */
export function createPictureReader(parts: PictureReaderParts): (picture: Picture) => Promise<ImageReading> {
  const zxing = codeProgram(parts.zxing)
  const jpeg = jpegProgram(parts.jpeg)
  const png = pngProgram(parts.png)
  const webp = webpProgram(parts.webp)
  const pdfium = pdfProgram(parts.pdfium)
  const pagesOf = async ({ data, contentType }: Picture): Promise<Pages> => {
    if (data.length > pictureLimits.bytes) throw costly(`The picture has more than ${pictureLimits.bytes} bytes`)
    switch (pictureKind(data, contentType)) {
      case 'png':
        return { pages: [await readPng(data, png)] }
      case 'jpeg':
        return { pages: [await readJpeg(data, jpeg)] }
      case 'webp':
        return { pages: [await readWebp(data, webp)] }
      case 'pdf':
        return {
          pages: await readPdf(data, pdfium, () => pagePixels),
          again: () => readPdf(data, pdfium, (pages) => Math.min(finePixels, allFinePixels / pages)),
        }
    }
  }
  return async (picture) => {
    try {
      return readingOf(await codesOfPages(zxing, await pagesOf(picture)))
    } catch (error) {
      if (!(error instanceof PictureFault)) throw error
      const { kind, message: fault } = error
      if (kind === 'costly') return { fault, tooCostly: true }
      return kind === 'contradictory' ? { fault, contradictory: true } : { fault }
    }
  }
}

/** A page of A4 with 200 dots an inch; and finer, when nothing was found, as far as all pages together allow. */
const pagePixels = 4_000_000
const finePixels = 12_000_000
const allFinePixels = 16_000_000

interface Pages {
  pages: Grey[]
  /** The same pages, drawn finer. */
  again?: () => Promise<Grey[]>
}

/** Pages are looked at thoroughly when there is nothing on any of them, or where something was seen that could not be read. */
async function codesOfPages(zxing: WasmProgram<Zxing>, { pages, again }: Pages): Promise<PageCodes[]> {
  const quick = quickFinder(zxing)
  const thorough = thoroughFinder(zxing)
  let found = await inTurn(pages, quick)
  if (again && isUnfinished(found))
    found = (await inTurn(await again(), quick)).map((page, index) => together(page, found[index]))
  if (!isUnfinished(found)) return found
  const hasNone = found.every(({ codes }) => codes.length === 0)
  return inTurn(pages, async (page, index) => {
    const known = found[index]
    // Of several pages without anything each would cost as much as a picture.
    const isWorth = known === undefined || known.unread.length > 0 || (hasNone && pages.length === 1)
    return isWorth ? thorough(page, known) : known
  })
}

const isUnfinished = (found: PageCodes[]) =>
  found.every(({ codes }) => codes.length === 0) || found.some(({ unread }) => unread.length > 0)

/** What was read of a page that was drawn twice; what the finer one shows as read or not counts. */
function together(fine: PageCodes, coarse: PageCodes | undefined): PageCodes {
  const known = new Set(fine.codes.map(({ text }) => text))
  const more = coarse?.codes.filter(({ text }) => !known.has(text)) ?? []
  return { ...fine, codes: [...fine.codes, ...more], places: [...fine.places, ...(coarse?.places ?? [])] }
}

async function inTurn<From, To>(list: From[], work: (each: From, index: number) => Promise<To>): Promise<To[]> {
  const made: To[] = []
  for (const [index, each] of list.entries()) made.push(await work(each, index))
  return made
}

function readingOf(pages: PageCodes[]): ImageReading {
  const codes = new Map<string, ImageCode>()
  let unread = 0
  for (const [index, page] of pages.entries()) {
    const { whole, incomplete } = joinSequences(page.codes)
    unread += page.unread.length + incomplete
    for (const { text, bytes, symbology } of whole) {
      if (!codes.has(text)) codes.set(text, { text, bytes, symbology, page: index + 1 })
    }
  }
  return { codes: [...codes.values()], ...(unread > 0 ? { unread } : {}) }
}
