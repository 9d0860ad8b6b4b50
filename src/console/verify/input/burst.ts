/** Tells the typing of a hand-held scanner from that of a person: by its speed alone. */

/** A run of keys. */
export interface Burst {
  characters: number
  /** Milliseconds of the events. */
  first: number
  last: number
}

/** A code that came in pieces: a scanner, its radio or the machine paused longer than the silence that ends a code. */
export interface Piece {
  text: string
  /** When it was taken for whole, in milliseconds. */
  at: number
}

/** So long after a piece its continuation is awaited, in milliseconds. */
const continuedWithin = 1_500

/** How texts of known formats begin. */
const beginning = /^(?:HC1:|shc:\/|shlink:\/|vhlink:\/|B64:)/

/** Whether nobody but a scanner types this: no name, country or passcode begins so. */
export const beginsLikeCode = (text: string): boolean => beginning.test(text)

/** The whole of a text that goes on with what came just before it; a text that is a code of its own stands alone. */
export function joined(before: Piece | undefined, text: string, at: number): string {
  const goesOn = before !== undefined && at - before.at <= continuedWithin && beginsLikeCode(before.text)
  return goesOn && !beginsLikeCode(text) ? before.text + text : text
}

/** Scanners type a character in 1 to 40 ms; people need 80 and more. */
const slowest = 45
/** Fewer characters are no code. */
const fewest = 12

/** Adds characters that came at a time; a gap longer than the silence that ends a code begins a new run. */
export function addTo(burst: Burst | undefined, characters: number, at: number, silence: number): Burst {
  if (!burst || at - burst.last > silence) return { characters, first: at, last: at }
  return { characters: burst.characters + characters, first: burst.first, last: at }
}

/** Whether a text that ended by silence is to be sent: nobody types so fast, or nobody types such a text. */
export const isScanned = (burst: Burst, text: string): boolean =>
  isOfScanner(burst) || (beginsLikeCode(text) && text.length >= 20)

/** Whether nobody types so fast. */
export const isOfScanner = (burst: Burst): boolean => burst.characters >= fewest && isFast(burst)

/** The same of few characters, which somebody may type so fast by chance. */
export const isFast = ({ characters, first, last }: Burst): boolean => last - first <= slowest * (characters - 1)
