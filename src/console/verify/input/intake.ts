/** What is to be done with texts that were scanned, pasted or read from a picture. */
import { type Collected, collect, completed, partOf } from './chunks.ts'
import { isDocumentLine } from './document-lines.ts'

/** What a text leads to. */
export type Intake =
  | { is: 'nothing' }
  /** Longer than any code: it is not sent. */
  | { is: 'tooLong' }
  /** A line of the machine-readable zone of a travel document, or all of them. */
  | { is: 'documentLine'; line: string }
  /** Parts of a card are still missing. */
  | { is: 'part'; collected: Collected; isNew: boolean }
  /** Credentials, each with its parts. */
  | { is: 'ask'; credentials: string[][] }

/** Longest text that is sent, in characters: the largest code holds 7,089, the server reads 16,384. */
export const longestText = 100_000

/**
 * Sorts what came at one time.
 * @param held parts of a card that were read before
 */
export function takeIn(texts: readonly string[], held: Collected | undefined): Intake {
  if (texts.some((text) => text.length > longestText)) return { is: 'tooLong' }
  const codes = texts.flatMap(severalIn).filter((text) => text.trim() !== '')
  const [first] = codes
  if (first === undefined) return { is: 'nothing' }
  if (codes.length === 1 && isDocumentLine(first)) return { is: 'documentLine', line: first.trim() }
  const whole = [...new Set(codes.filter((text) => !partOf(text)))]
  const credentials = (whole.length > 1 ? whole.filter((text) => !isMereAddress(text)) : whole).map((text) => [text])
  const cards = cardsOf(codes, held)
  credentials.push(...cards.whole)
  // A card of which a part is missing, beside whole codes or another card: it is asked about as it is, and not left out.
  if (cards.broken.length > 0) credentials.push(...cards.broken.map(textsOf))
  if (cards.open && credentials.length > 0) credentials.push(textsOf(cards.open.collected))
  if (credentials.length > 0) return { is: 'ask', credentials }
  return cards.open
    ? { is: 'part', ...cards.open }
    : { is: 'ask', credentials: whole.slice(0, 1).map((text) => [text]) }
}

function cardsOf(codes: readonly string[], held: Collected | undefined) {
  const whole: string[][] = []
  /** Cards that another one took the place of before they were whole. */
  const broken: Collected[] = []
  let open: { collected: Collected; isNew: boolean } | undefined
  for (const text of codes) {
    const added = collect(open?.collected ?? held, text)
    if (!added) continue
    if (open && added.collected.parts.size <= open.collected.parts.size && added.isNew) broken.push(open.collected)
    const card = completed(added.collected)
    if (card) whole.push(card)
    open = card ? undefined : { collected: added.collected, isNew: added.isNew || (open?.isNew ?? false) }
  }
  return { whole, open, broken }
}

const textsOf = ({ parts }: Collected) => [...parts.values()]

/** Several codes that were pasted together, one a line (parts of a card perhaps with blanks between them). */
function severalIn(text: string): string[] {
  const words = text.trim().split(/\s+/)
  if (words.length > 1 && words.every((word) => partOf(word))) return words
  const lines = text.split(/\r?\n/).filter((line) => line !== '')
  return lines.length > 1 && lines.every((line) => /^(?:HC1:|shc:\/\d|shlink:\/|vhlink:\/)/.test(line)) ? lines : [text]
}

/** An address that holds no health link: a code for a web page beside others. */
const isMereAddress = (text: string) => /^https?:\/\//i.test(text) && !/#(?:shlink|vhlink):\//.test(text)

/** A scanner that types as if its keyboard were another one, or with caps lock: its text begins nearly as a code does. */
export const isMistyped = (text: string): boolean => !/^HC1:/.test(text) && /^hc1\W?/i.test(text)
