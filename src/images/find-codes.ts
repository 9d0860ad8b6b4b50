import { type FoundCode, type Look, type LookOptions, lookForCodes, type Place, type Zxing } from './code-reader.ts'
import { blurred, doubled, type Grey, halved, mirrored, sharpened, tilted } from './grey.ts'
import { costly } from './picture-fault.ts'
import { pictureLimits } from './picture-limits.ts'
import type { WasmProgram } from './wasm-program.ts'

/** What is on a page. */
export interface PageCodes {
  /** Each text once. */
  codes: FoundCode[]
  /** Where codes were read, also such as were read before. */
  places: Place[]
  /** Where QR codes are that could not be read. */
  unread: Place[]
}

type Finder = (page: Grey) => Promise<PageCodes>

/** Aztec and DataMatrix take much longer to look for; they are looked for in a picture of at most so many pixels, PDF417 of so many. */
const matrixPixels = 1_300_000
const stackedPixels = 4_000_000

/** The first look: at QR codes as fine as the picture is, at others somewhat coarser. */
export function quickFinder(program: WasmProgram<Zxing>): Finder {
  return async (page) => {
    const gathered = gathering()
    for (const seen of await squares(program, page)) gathered.add(seen)
    gathered.add(await look(program, reduced(page, matrixPixels), { kinds: 'matrix' }))
    gathered.add(await look(program, reduced(page, stackedPixels), { kinds: 'stacked' }))
    // Where there are few pixels one code of several may be too small to be seen, and is not missed.
    if (pixelsOf(page) <= tinyPixels) {
      const large = doubled(page)
      for (const kinds of ['qr', 'matrix'] as const) gathered.add(await look(program, large, { kinds }))
    }
    return gathered.result()
  }
}

/**
 * Looks at QR codes. One look in thirty passes over a damaged code, so there are always three. Three letters of a page of text may stand
 * like the corners of a code: what no look can read is believed to be one when two of four looks see it at the same place.
 */
async function squares(program: WasmProgram<Zxing>, page: Grey): Promise<Look[]> {
  const other = pixelsOf(page) <= tinyPixels ? doubled(page) : halved(page)
  const looks: Look[] = []
  const lookAt = async (picture: Grey) => looks.push(await look(program, picture, { kinds: 'qr', unread: true }))
  await lookAt(page)
  await lookAt(other)
  await lookAt(blurred(other, 1))
  if (looks.some(({ unread }) => unread.length > 0)) await lookAt(blurred(page, 1))
  const sees = ({ unread }: Look, place: Place) => unread.some((each) => isNear(each, place))
  const isBelieved = (place: Place) => looks.filter((each) => sees(each, place)).length > 1
  return looks.map((each) => ({ ...each, unread: each.unread.filter(isBelieved) }))
}

/** A picture made ready for another look; undefined where that would cost too much, or change nothing. */
type Treatment = { options: Omit<LookOptions, 'most'>; make(page: Grey): Grey | undefined }

const pixelsOf = ({ width, height }: Grey) => width * height
const upTo =
  (pixels: number, make: (page: Grey) => Grey) =>
  (page: Grey): Grey | undefined =>
    pixelsOf(page) <= pixels ? make(page) : undefined
const same = (page: Grey) => page
const both = (make: Treatment['make'], more: Omit<LookOptions, 'most' | 'kinds'> = {}): Treatment[] => [
  { options: { kinds: 'qr', ...more }, make },
  { options: { kinds: 'matrix', ...more }, make },
]

/** Pixels of a picture that is made larger, and that is made larger twice. */
const smallPixels = 1_300_000
const tinyPixels = 400_000
/** Of one that is turned a little. */
const tiltedPixels = 2_000_000

/** One after the other, until something is found; what a page may cost is bounded by the sizes that stand here. */
const treatments: Treatment[] = [
  // Even light, or none that a place can be told by.
  { options: { kinds: 'qr', global: true }, make: upTo(8_000_000, same) },
  // Noise, and the pattern of a screen.
  { options: { kinds: 'qr', denoise: true }, make: (page) => reduced(page, Math.min(pixelsOf(page) / 2, 4_000_000)) },
  { options: { kinds: 'qr' }, make: (page) => reduced(page, Math.min(pixelsOf(page) / 8, 1_000_000)) },
  { options: { kinds: 'qr' }, make: (page) => blurred(reduced(page, 4_000_000), 1) },
  // Blur.
  { options: { kinds: 'qr' }, make: (page) => sharpened(reduced(page, 4_000_000), 2, 2) },
  { options: { kinds: 'qr' }, make: (page) => sharpened(reduced(page, smallPixels), 3, 4) },
  // Few pixels for each module.
  ...both(upTo(smallPixels, (page) => sharpened(doubled(page), 2, 2))),
  ...both(upTo(tinyPixels, (page) => sharpened(doubled(sharpened(page, 1, 1.5)), 3, 2))),
  ...both(upTo(tinyPixels, (page) => sharpened(doubled(doubled(page)), 4, 6))),
  // The same for codes of other kinds.
  {
    options: { kinds: 'matrix' },
    make: upTo(4_000_000, (page) => (pixelsOf(page) > matrixPixels ? page : doubled(page))),
  },
  { options: { kinds: 'matrix', global: true }, make: (page) => reduced(page, matrixPixels) },
  { options: { kinds: 'matrix' }, make: (page) => sharpened(reduced(page, matrixPixels), 2, 2) },
  { options: { kinds: 'matrix' }, make: (page) => blurred(reduced(page, matrixPixels), 1) },
  { options: { kinds: 'matrix' }, make: (page) => mirrored(reduced(page, matrixPixels)) },
  { options: { kinds: 'matrix' }, make: (page) => reduced(page, pixelsOf(page) / 8) },
  // Rows that are not level: the look for PDF417 bears two degrees.
  ...[4, -4, 8, -8].map(
    (degrees): Treatment => ({
      options: { kinds: 'stacked' },
      make: (page) => tilted(reduced(page, tiltedPixels), degrees),
    }),
  ),
]

/** A page on which nothing was found, or not all that is there could be read, is treated in several ways and looked at again. */
export function thoroughFinder(program: WasmProgram<Zxing>): (page: Grey, known?: PageCodes) => Promise<PageCodes> {
  return async (page, known) => {
    const gathered = gathering(known)
    for (const { options, make } of treatments) {
      const result = gathered.result()
      if (result.codes.length > 0 && result.unread.length === 0) return result
      const picture = make(page)
      if (picture && picture.width > 8 && picture.height > 8) gathered.add(await look(program, picture, options))
    }
    return gathered.result()
  }
}

/** Halved until it has no more pixels than that. */
function reduced(page: Grey, pixels: number): Grey {
  let picture = page
  while (pixelsOf(picture) > Math.max(pixels, 4)) picture = halved(picture)
  return picture
}

async function look(program: WasmProgram<Zxing>, picture: Grey, options: Omit<LookOptions, 'most'>): Promise<Look> {
  // More than may be: so it is known that there are more, and what only looks like a code does not crowd out the others.
  return lookForCodes(program, picture, { ...options, most: 2 * pictureLimits.codesOfPage })
}

/** Middles nearer than that, as share of the page, are of one code. */
const near = 0.03

const isNear = (a: Place, b: Place) => Math.hypot(a.x - b.x, a.y - b.y) < near

/** Puts looks at one page together. @throws PictureFault when there are more codes than are read of a page */
function gathering(known: PageCodes = { codes: [], places: [], unread: [] }) {
  const codes = new Map(known.codes.map((code) => [code.text, code]))
  const places = [...known.places]
  const unread = [...known.unread]
  const refuseMany = (count: number) => {
    if (count > pictureLimits.codesOfPage)
      throw costly(`There are more than ${pictureLimits.codesOfPage} codes on a page; not all would be read`)
  }
  return {
    add(look: Look) {
      refuseMany(look.isCutOff ? Number.POSITIVE_INFINITY : look.codes.length)
      for (const code of look.codes) {
        places.push(code.middle)
        if (!codes.has(code.text)) codes.set(code.text, code)
      }
      for (const place of look.unread) if (!unread.some((each) => isNear(each, place))) unread.push(place)
      refuseMany(codes.size)
    },
    result: (): PageCodes => ({
      codes: [...codes.values()],
      places,
      unread: unread.filter((place) => !places.some((each) => isNear(each, place))),
    }),
  }
}
