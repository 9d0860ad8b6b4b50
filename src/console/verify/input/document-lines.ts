/** The machine-readable lines of travel documents, as readers type them: all at once, or one after the other (ICAO Doc 9303-4 to -7). */
import { checkDigit } from '../../../evaluate/identity/machine-readable-zone.ts'

/** How a document begins: passports, cards, visas. */
const firstLetters = 'PIACV'
const line = /^[A-Z0-9<]{30,44}$/
/** All lines of a document without ends between them: three of 30, two of 36 or of 44. */
const run = new RegExp(`^[${firstLetters}][A-Z0-9<]+$`)
const runLengths = [72, 88, 90]
const longestRun = Math.max(...runLengths)

/** Of cards of three lines. */
const shortLine = 30

/** The forms of second lines, column by column: digits and fillers where dates stand, digits where check digits do. */
const digits = (count: number): string[] => new Array<string>(count).fill('[0-9<]')
const any = (count: number): string[] => new Array<string>(count).fill('[A-Z0-9<]')
const letters = (count: number): string[] => new Array<string>(count).fill('[A-Z<]')
const dates = (between: string[]): string[] => [...digits(6), '\\d', '[MFX<]', ...digits(6), '\\d', ...between]
const secondOfTwo = [...any(9), '\\d', ...letters(3), ...dates(any(16))]
const secondOfThree = dates([...letters(3), ...any(11), '\\d'])

/** Data in second lines with their check digit behind them: begin and end. */
const checkedOfTwo = [
  [0, 9],
  [13, 19],
  [21, 27],
] as const
const checkedOfThree = [
  [0, 6],
  [8, 14],
] as const

/** Lines of a document that were read so far. */
export interface DocumentLines {
  /** Their numbers, from 1. */
  read: number[]
  /** How many it has. */
  of: number
}

/** Lines of a passport, card or visa. */
export function isDocumentLine(text: string): boolean {
  const trimmed = text.trim()
  const lines = trimmed.split(/\r?\n/)
  if (!text.includes('<')) return false
  return isRun(trimmed) || (lines.length <= 3 && lines.every((each) => line.test(each)))
}

/**
 * Adds lines to those that were read, in the order in which the document has them. One that comes after a whole document, has another
 * length, or stands where another line does, is of another document.
 */
export function withLine(held: string, added: string): string {
  let lines = isWholeDocument(held) ? [] : linesIn(held)
  for (const each of linesIn(added)) {
    const isOther = isRun(each) || lines.some((known) => known.length !== each.length)
    if (isOther) lines = []
    if (lines.includes(each)) continue
    const places = placed(lines)
    const own = placeOf(each)
    const free = allPlaces(each).find((place) => !places.has(place))
    const place = own ?? free ?? 0
    if (places.has(place)) places.clear()
    places.set(place, each)
    lines = [...places].sort(([a], [b]) => a - b).map(([, text]) => text)
  }
  return lines.join('\n')
}

/** Whether no line is missing, and none is too many. */
export function isWholeDocument(text: string): boolean {
  const lines = linesIn(text)
  const { read, of } = documentLines(text)
  return read.length === of && lines.length === of
}

/** Which lines there are, and how many there must be. */
export function documentLines(text: string): DocumentLines {
  const lines = linesIn(text)
  const [first = ''] = lines
  if (isRun(first)) return { read: lines.map((_, at) => at + 1), of: 1 }
  return {
    read: [...placed(lines).keys()].sort((a, b) => a - b).map((place) => place + 1),
    of: allPlaces(first).length,
  }
}

/**
 * Whether what is being typed may become a line of a document: it is no other person's code yet.
 * @param isBegun a line of it was read
 */
export const mayBeDocument = (text: string, isBegun: boolean): boolean =>
  text.length <= longestRun + 2 &&
  /^[A-Z0-9<\s]*$/.test(text) &&
  (isBegun || firstLetters.includes(text.charAt(0)) || mayBeSecond(text.trim()))

/** Of each line its place from 0; those whose form does not say take what is left. The last of two in one place counts. */
function placed(lines: readonly string[]): Map<number, string> {
  const places = new Map<number, string>()
  const formless: string[] = []
  for (const each of lines) {
    const place = placeOf(each)
    if (place === undefined) formless.push(each)
    else places.set(place, each)
  }
  for (const each of formless) {
    const free = allPlaces(each).find((place) => !places.has(place))
    if (free !== undefined) places.set(free, each)
  }
  return places
}

/** The place that a line's form tells; undefined for a form that none has: it was misread. */
function placeOf(text: string): number | undefined {
  const isOfThree = text.length === shortLine
  if (fits(text, isOfThree ? secondOfThree : secondOfTwo)) return 1
  if (isOfThree && /^[A-Z<]*$/.test(text)) return 2
  return firstLetters.includes(text.charAt(0)) ? 0 : undefined
}

/** A second line, or the beginning of one; check digits that are there are right. */
const mayBeSecond = (text: string): boolean =>
  (fits(text, secondOfTwo) && isChecked(text, checkedOfTwo)) ||
  (text.length <= shortLine && fits(text, secondOfThree) && isChecked(text, checkedOfThree))

const isChecked = (text: string, checked: readonly (readonly [number, number])[]): boolean =>
  checked.every(([begin, end]) => text.length <= end || checkDigit(text.slice(begin, end)) === text.charAt(end))

const fits = (text: string, form: readonly string[]): boolean =>
  text.length <= form.length && new RegExp(`^${form.slice(0, text.length).join('')}$`).test(text)

const allPlaces = (text: string): number[] => (text.length === shortLine ? [0, 1, 2] : [0, 1])
const isRun = (text: string) => runLengths.includes(text.length) && run.test(text)
const linesIn = (text: string) => text.split(/\r?\n/).flatMap((each) => each.trim().toUpperCase() || [])
