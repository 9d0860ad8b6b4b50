/** Walks a `concept` array of any size and depth: every concept's own members, without the concepts below it. */
import { isUtf8 } from 'node:buffer'
import type { ByteReader } from './byte-reader.ts'
import { BYTE, pastSpace, stringEnd, syntaxFault, valueEnd } from './json-scan.ts'

/** Deepest nesting of concepts. */
const MOST_DEPTH = 10_000

/**
 * A step of the walk. `leaf`: a whole concept; `open`: the members before the concepts below it; `close`: those behind
 * them, usually none. `text` is a JSON object.
 */
export interface ConceptStep {
  kind: 'leaf' | 'open' | 'close'
  line: number
  text: string
  /** Whether bytes that are no UTF-8 were replaced in the text. */
  spoiled: boolean
}

/** Walks the array that begins at the reader and steps behind it. */
export function* walkConcepts(reader: ByteReader): Generator<ConceptStep> {
  reader.skip(1)
  let depth = 1
  let isFirst = true
  for (;;) {
    skipSpace(reader)
    if (reader.peek() === BYTE.closeArray) {
      reader.skip(1)
      depth--
      if (depth === 0) return
      yield closeConcept(reader)
      isFirst = false
      continue
    }
    if (!isFirst) expect(reader, BYTE.comma, "',' or ']'")
    skipSpace(reader)
    if (reader.peek() !== BYTE.openObject) throw syntaxFault(reader, 0, 'a concept')
    const step = openConcept(reader)
    isFirst = step.kind === 'open'
    if (step.kind === 'open' && ++depth > MOST_DEPTH) throw syntaxFault(reader, 0, `less than ${MOST_DEPTH} levels`)
    yield step
  }
}

/** Reads a concept to its end, or into the array of the concepts below it when its code came before. */
function openConcept(reader: ByteReader): ConceptStep {
  const line = reader.line()
  let hasCode = false
  let at = pastSpace(reader, 1)
  while (reader.peek(at) !== BYTE.closeObject) {
    const { key, value } = memberAt(reader, at)
    if (key === 'concept' && hasCode && reader.peek(value) === BYTE.openArray) {
      const { text, spoiled } = textOf(reader, at)
      reader.skip(value + 1)
      return { kind: 'open', line, text: `${text.replace(/[,\s]+$/, '')}}`, spoiled }
    }
    hasCode ||= key === 'code'
    at = nextMember(reader, valueEnd(reader, value))
  }
  const text = textOf(reader, at + 1)
  reader.skip(at + 1)
  return { kind: 'leaf', line, ...text }
}

/** Reads what stands behind the array of the concepts below a concept. */
function closeConcept(reader: ByteReader): ConceptStep {
  const line = reader.line()
  let at = pastSpace(reader, 0)
  if (reader.peek(at) === BYTE.closeObject) {
    reader.skip(at + 1)
    return { kind: 'close', line, text: '{}', spoiled: false }
  }
  expect(reader, BYTE.comma, "',' or '}'")
  at = pastSpace(reader, 0)
  if (reader.peek(at) !== BYTE.quote) throw syntaxFault(reader, at, 'a member')
  while (reader.peek(at) !== BYTE.closeObject) at = nextMember(reader, valueEnd(reader, memberAt(reader, at).value))
  const { text, spoiled } = textOf(reader, at + 1)
  reader.skip(at + 1)
  return { kind: 'close', line, text: `{${text}`, spoiled }
}

/** The next bytes as text. */
export function textOf(reader: ByteReader, length: number): { text: string; spoiled: boolean } {
  const bytes = reader.view(length)
  return { text: bytes.toString('utf8'), spoiled: !isUtf8(bytes) }
}

/** The member at a distance: its key and the distance of its value. */
export function memberAt(reader: ByteReader, at: number): { key: string; value: number } {
  if (reader.peek(at) !== BYTE.quote) throw syntaxFault(reader, at, 'a member')
  const end = stringEnd(reader, at)
  const key = reader.view(end).toString('utf8', at + 1, end - 1)
  const colon = pastSpace(reader, end)
  if (reader.peek(colon) !== BYTE.colon) throw syntaxFault(reader, colon, "':'")
  return { key, value: pastSpace(reader, colon + 1) }
}

/** Distance of the next member, or of the brace that closes the object. */
function nextMember(reader: ByteReader, from: number): number {
  const at = pastSpace(reader, from)
  const byte = reader.peek(at)
  if (byte === BYTE.closeObject) return at
  if (byte !== BYTE.comma) throw syntaxFault(reader, at, "',' or '}'")
  const next = pastSpace(reader, at + 1)
  if (reader.peek(next) !== BYTE.quote) throw syntaxFault(reader, next, 'a member')
  return next
}

/** Steps over white space. */
export function skipSpace(reader: ByteReader): void {
  reader.skip(pastSpace(reader, 0))
}

/** Steps over white space and one byte that must be there. */
export function expect(reader: ByteReader, byte: number, what: string): void {
  skipSpace(reader)
  if (reader.peek() !== byte) throw syntaxFault(reader, 0, what)
  reader.skip(1)
}
