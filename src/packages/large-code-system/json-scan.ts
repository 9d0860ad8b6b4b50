/** Finds the ends of JSON values in a byte stream without making anything of them; syntax inside is the parser's business. */
import { type FhirError, unprocessable } from '../../fhir/error.ts'
import type { ByteReader } from './byte-reader.ts'

const MOST_BYTES = 32 << 20
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Bytes with a meaning. */
export const BYTE = {
  openObject: 0x7b,
  closeObject: 0x7d,
  openArray: 0x5b,
  closeArray: 0x5d,
  comma: 0x2c,
  colon: 0x3a,
  quote: QUOTE,
} as const

/** A syntax fault at a distance from here, with line and column. */
export function syntaxFault(reader: ByteReader, distance: number, expected: string): FhirError {
  reader.skip(distance)
  const found = reader.peek()
  const what = found < 0 ? 'the file ends' : `'${String.fromCharCode(found)}' stands`
  return unprocessable(
    {
      text: `The file is not JSON: ${what} where ${expected} should be`,
      diagnostics: `line ${reader.line()}, column ${reader.column()}`,
    },
    'structure',
  )
}

/** Distance of the first byte that is no white space. */
export function pastSpace(reader: ByteReader, from: number): number {
  let at = from
  for (;;) {
    const byte = reader.peek(at)
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at
    at++
  }
}

/** Distance behind the string whose opening quote is at `from`. */
export function stringEnd(reader: ByteReader, from: number): number {
  let at = from
  for (;;) {
    at = reader.indexOf(QUOTE, at + 1)
    if (at < 0) throw syntaxFault(reader, from, 'the end of a text that begins here')
    let backslashes = 0
    while (reader.peek(at - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return at + 1
  }
}

/** Distance behind the value that begins at `from`; 32 MB at most. */
export function valueEnd(reader: ByteReader, from: number): number {
  let depth = 0
  let at = from
  for (;;) {
    const byte = reader.peek(at)
    if (byte < 0) throw syntaxFault(reader, from, 'a whole value')
    if (at - from > MOST_BYTES) throw syntaxFault(reader, from, `a value of at most ${MOST_BYTES} bytes`)
    if (byte === QUOTE) at = stringEnd(reader, at)
    else if (byte === BYTE.openObject || byte === BYTE.openArray) {
      depth++
      at++
    } else if (byte === BYTE.closeObject || byte === BYTE.closeArray) {
      if (depth === 0) throw syntaxFault(reader, at, 'a value')
      depth--
      at++
    } else if (depth === 0) return scalarEnd(reader, at)
    else at++
    if (depth === 0) return at
  }
}

/** Distance behind a number, true, false or null. */
function scalarEnd(reader: ByteReader, from: number): number {
  let at = from
  for (;;) {
    const byte = reader.peek(at)
    const isPart = (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x7a) || (byte >= 0x2b && byte <= 0x2e)
    if (!isPart || byte === BYTE.comma || byte === BYTE.openArray || byte === BYTE.closeArray) break
    at++
  }
  if (at === from) throw syntaxFault(reader, from, 'a value')
  return at
}
