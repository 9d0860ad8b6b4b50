/** Pages of a PDF (ISO 32000-1) in grey, drawn by PDFium: nothing in the file is run, and nothing outside it is opened. */
import { init, type WrappedPdfiumModule } from '@embedpdf/pdfium'
import type { Grey } from './grey.ts'
import { costly, wrong } from './picture-fault.ts'
import { checkSize, pictureLimits } from './picture-limits.ts'
import { type WasmBytes, type WasmProgram, wasmProgram } from './wasm-program.ts'

/** PDFium as it is begun. */
export type Pdfium = WrappedPdfiumModule

const memoryBytes = 224_000_000

/** PDFium as a program. */
export function pdfProgram(bytes: WasmBytes): WasmProgram<Pdfium> {
  return wasmProgram(
    bytes,
    async (options) => {
      const pdfium = await init({ ...options })
      pdfium.PDFiumExt_Init()
      return pdfium
    },
    memoryBytes,
  )
}

/** Widest and highest page in pixels. */
const mostAcross = 12_000
/** 600 dots an inch: a small page is drawn no larger. */
const mostScale = 600 / 72
/** FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY. */
const lockedErrors = [4, 5]
/** FPDFBitmap_Gray. */
const greyFormat = 1
/** FPDF_ANNOT and FPDF_GRAYSCALE: annotations are drawn as well, and colours become grey. */
const renderFlags = 0x01 | 0x08

/**
 * The pages, each drawn with about so many pixels.
 * @throws PictureFault for a file that is broken, locked, or of more pages than are read
 */
export function readPdf(
  file: Uint8Array,
  program: WasmProgram<Pdfium>,
  pixelsOfPage: (pages: number) => number,
): Promise<Grey[]> {
  return program.use((pdfium) => {
    const { malloc, free } = pdfium.pdfium.wasmExports
    const at = malloc(file.length)
    if (at === 0) throw costly('The PDF needs more memory than a picture may')
    let document = 0
    try {
      pdfium.pdfium.HEAPU8.set(file, at)
      document = pdfium.FPDF_LoadMemDocument(at, file.length, '')
      if (document === 0) throw notLoaded(pdfium.FPDF_GetLastError())
      const pages = pdfium.FPDF_GetPageCount(document)
      if (pages < 1) throw wrong('The PDF has no pages')
      if (pages > pictureLimits.pages) throw costly(`The PDF has more than ${pictureLimits.pages} pages`)
      const pixels = pixelsOfPage(pages)
      return Array.from({ length: pages }, (_, page) => drawPage(pdfium, document, page, pixels))
    } finally {
      if (document !== 0) pdfium.FPDF_CloseDocument(document)
      free(at)
    }
  })
}

const notLoaded = (error: number) =>
  wrong(lockedErrors.includes(error) ? 'The PDF is locked with a password' : 'The PDF is broken')

function drawPage(pdfium: Pdfium, document: number, index: number, pixels: number): Grey {
  const page = pdfium.FPDF_LoadPage(document, index)
  if (page === 0) throw wrong(`Page ${index + 1} of the PDF is broken`)
  try {
    const [across, down] = [pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)]
    if (!(across > 0 && down > 0 && across * down < 1e12)) throw wrong(`Page ${index + 1} of the PDF has no size`)
    const scale = Math.min(mostScale, Math.sqrt(pixels / (across * down)), mostAcross / across, mostAcross / down)
    const width = Math.max(1, Math.floor(across * scale))
    const height = Math.max(1, Math.floor(down * scale))
    checkSize(width, height)
    return drawBitmap(pdfium, page, width, height)
  } finally {
    pdfium.FPDF_ClosePage(page)
  }
}

function drawBitmap(pdfium: Pdfium, page: number, width: number, height: number): Grey {
  const bitmap = pdfium.FPDFBitmap_CreateEx(width, height, greyFormat, 0, 0)
  if (bitmap === 0) throw costly('The PDF needs more memory than a picture may')
  try {
    pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xffffffff)
    pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, renderFlags)
    const [from, stride] = [pdfium.FPDFBitmap_GetBuffer(bitmap), pdfium.FPDFBitmap_GetStride(bitmap)]
    const grey: Grey = { width, height, data: new Uint8Array(width * height) }
    const memory = pdfium.pdfium.HEAPU8
    for (let row = 0; row < height; row++) {
      const start = from + row * stride
      grey.data.set(memory.subarray(start, start + width), row * width)
    }
    return grey
  } finally {
    pdfium.FPDFBitmap_Destroy(bitmap)
  }
}
