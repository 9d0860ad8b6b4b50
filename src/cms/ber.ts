/**
 * Reads ASN.1 as gateways and tools write it: BER (X.690) with definite and indefinite lengths. It is our own because what is read must be
 * exactly what the signer's software read: no byte is skipped, no value is guessed at, and size and depth are bounded before anything
 * is kept.
 */
import { malformed } from './cms-error.ts'

/** Identifier octets of the types that are read (X.690, 8.1.2); the bit for constructed encoding is part of them. */
export const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  bmpString: 0x1e,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

/** Bit of an identifier octet: the content is elements. */
const CONSTRUCTED = 0x20

/** One element. Its bytes are cut out when they are asked for: of most elements of a long message nobody asks. */
export class Element {
  /** Identifier octet: class, encoding and number. */
  readonly tag: number
  /** Elements inside; empty for a primitive element. */
  readonly children: readonly Element[]
  /** Where the next element begins. */
  readonly end: number
  readonly #bytes: Buffer
  readonly #at: number
  readonly #from: number
  readonly #to: number

  constructor(
    bytes: Buffer,
    place: { at: number; from: number; to: number; end: number },
    children: readonly Element[],
  ) {
    this.#bytes = bytes
    this.tag = bytes[place.at] ?? 0
    this.children = children
    this.end = place.end
    this.#at = place.at
    this.#from = place.from
    this.#to = place.to
  }

  /** Identifier, length, content and, with an indefinite length, the end marks. */
  get raw(): Buffer {
    return this.#bytes.subarray(this.#at, this.end)
  }

  /** Content octets; of a constructed element, its children with what stands between. */
  get content(): Buffer {
    return this.#bytes.subarray(this.#from, this.#to)
  }
}

const none: readonly Element[] = []

/** How deep elements may stand in each other. */
const DEPTH = 32
/** How many elements a message may have: a content of 64 MB in pieces of 1 kB, and certificates. */
const ELEMENTS = 100_000
/** Lengths of more bytes are refused: no message has 4 GB. */
const LENGTH_BYTES = 4

interface Reading {
  bytes: Buffer
  elements: number
}

/**
 * Reads one element that is all of the bytes.
 * @throws CmsError `malformed` for anything else, bytes after it included
 */
export function readBer(bytes: Uint8Array): Element {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const element = readElement({ bytes: buffer, elements: 0 }, 0, buffer.length, 0)
  if (element.end !== buffer.length) malformed('bytes follow the ASN.1 value')
  return element
}

function readElement(reading: Reading, at: number, limit: number, depth: number): Element {
  const { bytes } = reading
  if (depth > DEPTH) malformed('ASN.1 values stand too deep in each other')
  if (++reading.elements > ELEMENTS) malformed('too many ASN.1 values')
  const tag = at < limit ? bytes[at] : undefined
  const first = at + 1 < limit ? bytes[at + 1] : undefined
  if (tag === undefined || first === undefined) malformed('an ASN.1 value is cut off')
  if ((tag & 0x1f) === 0x1f) malformed('an ASN.1 tag is none that is known here')
  if (tag === 0) malformed('an end mark where none belongs')
  if (first === 0x80) return readIndefinite(reading, at, limit, depth)
  const { length, start } = readLength(bytes, at + 1, limit)
  const end = start + length
  if (end > limit) malformed('an ASN.1 value is cut off')
  const place = { at, from: start, to: end, end }
  if (!(tag & CONSTRUCTED)) return new Element(bytes, place, none)
  const children: Element[] = []
  for (let next = start; next < end; ) {
    const child = readElement(reading, next, end, depth + 1)
    children.push(child)
    next = child.end
  }
  return new Element(bytes, place, children)
}

function readIndefinite(reading: Reading, at: number, limit: number, depth: number): Element {
  const { bytes } = reading
  const tag = bytes[at] ?? 0
  if (!(tag & CONSTRUCTED)) malformed('an ASN.1 value without length that is not made of others')
  const start = at + 2
  const children: Element[] = []
  for (let next = start; ; ) {
    if (next + 2 > limit) malformed('an ASN.1 value has no end')
    if (bytes[next] === 0 && bytes[next + 1] === 0) {
      return new Element(bytes, { at, from: start, to: next, end: next + 2 }, children)
    }
    const child = readElement(reading, next, limit, depth + 1)
    children.push(child)
    next = child.end
  }
}

function readLength(bytes: Buffer, at: number, limit: number): { length: number; start: number } {
  const first = bytes[at] ?? 0
  if (first < 0x80) return { length: first, start: at + 1 }
  const count = first & 0x7f
  if (count > LENGTH_BYTES || at + 1 + count > limit) malformed('the length of an ASN.1 value is none that is read')
  return { length: bytes.readUIntBE(at + 1, count), start: at + 1 + count }
}

/** An element that must have this tag. @throws CmsError */
export function expectTag(element: Element | undefined, tag: number, what: string): Element {
  if (element?.tag !== tag) malformed(`${what} is missing or of another type`)
  return element
}

/** Octets of an OCTET STRING or, under the tag of a field, of what stands in its place: whole, or in pieces (X.690, 8.7). */
export function octets(element: Element | undefined, what: string, tag: number = tags.octetString): Buffer {
  const pieces = [...piecesOf(element, what, tag)]
  // Joined once, however deep the pieces stand in each other.
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)
}

function* piecesOf(element: Element | undefined, what: string, tag: number): Generator<Buffer> {
  if (element?.tag === tag) yield element.content
  else if (element?.tag !== (tag | CONSTRUCTED)) malformed(`${what} is missing or of another type`)
  else for (const piece of element.children) yield* piecesOf(piece, what, tags.octetString)
}

/** Dotted text of an OBJECT IDENTIFIER (X.690, 8.19). @throws CmsError */
export function objectIdentifier(element: Element | undefined, what: string): string {
  const { content } = expectTag(element, tags.objectIdentifier, what)
  const last = content.at(-1)
  if (last === undefined || last & 0x80 || content.length > 32) malformed(`${what} is no object identifier`)
  const arcs: number[] = []
  let arc = 0
  for (const byte of content) {
    if (arc === 0 && byte === 0x80) malformed(`${what} is no object identifier`)
    arc = arc * 128 + (byte & 0x7f)
    if (arc > 0xffff_ffff) malformed(`${what} is no object identifier`)
    if (byte & 0x80) continue
    arcs.push(arc)
    arc = 0
  }
  const [first = 0, ...rest] = arcs
  const root = Math.min(2, Math.floor(first / 40))
  return [root, first - root * 40, ...rest].join('.')
}

/** A small INTEGER that is not negative (versions, counts, lengths). @throws CmsError */
export function smallInteger(element: Element | undefined, what: string): number {
  const { content } = expectTag(element, tags.integer, what)
  if (content.length === 0 || content.length > 4 || (content[0] ?? 0) & 0x80) malformed(`${what} is out of range`)
  return content.readUIntBE(0, content.length)
}

/** UTCTime or GeneralizedTime in the form of RFC 5652, 11.3: in UTC, to the second. @throws CmsError */
export function time(element: Element | undefined, what: string): Date {
  const text = element?.content.toString('latin1') ?? ''
  const isUtcTime = element?.tag === tags.utcTime
  if (!isUtcTime && element?.tag !== tags.generalizedTime) malformed(`${what} is missing or of another type`)
  if (!(isUtcTime ? /^\d{12}Z$/ : /^\d{14}Z$/).test(text)) malformed(`${what} is no time in UTC`)
  const digits = isUtcTime ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text
  const iso = digits.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const date = new Date(iso)
  // A day that does not exist would become another.
  if (Number.isNaN(date.getTime()) || date.toISOString() !== iso.replace('Z', '.000Z')) malformed(`${what} is no time`)
  return date
}
