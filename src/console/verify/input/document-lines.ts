/** The machine-readable lines of travel documents, as readers type them: all at once, or one after the other (ICAO Doc 9303-4 to -7). */

/** How a document begins: passports, cards, visas. */
const firstLetters = 'PIACV'
const line = /^[A-Z0-9<]{30,44}$/
/** All lines of a document without ends between them: three of 30, two of 36 or of 44. */
const run = new RegExp(`^[${firstLetters}][A-Z0-9<]+$`)
const runLengths = [72, 88, 90]
const longestRun = Math.max(...runLengths)

/** Lines of a document that were read so far. */
export interface DocumentLines {
  count: number
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

/** Adds a line to those that were read. One that comes after a whole document, or has another length, is of another document. */
export function withLine(held: string, added: string): string {
  const lines = linesIn(held)
  const isOther = isRun(added) || lines.some((each) => each.length !== linesIn(added)[0]?.length)
  return isOther || isWholeDocument(held) ? added : [...lines, added].join('\n')
}

/** Whether no line is missing. */
export function isWholeDocument(text: string): boolean {
  const { count, of } = documentLines(text)
  return count === of
}

/** How many lines there are, and how many there must be. */
export function documentLines(text: string): DocumentLines {
  const lines = linesIn(text)
  const [first = ''] = lines
  return isRun(first) ? { count: lines.length, of: 1 } : { count: lines.length, of: first.length === 30 ? 3 : 2 }
}

/**
 * Whether what is being typed may become a line of a document: it is no other person's code yet.
 * @param isBegun a line of it was read
 */
export const mayBeDocument = (text: string, isBegun: boolean): boolean =>
  text.length <= longestRun + 2 && /^[A-Z0-9<\s]*$/.test(text) && (isBegun || firstLetters.includes(text.charAt(0)))

const isRun = (text: string) => runLengths.includes(text.length) && run.test(text)
const linesIn = (text: string) => text.split(/\r?\n/).flatMap((each) => each.trim() || [])
