/** Writes the few ASN.1 values that signed messages are made of, as DER (X.690, 10). */

/** One element with its length in the shortest form. */
export function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(content.length)]), content])
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length]
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return [0x80 | octets.length, ...octets]
}

/** A SEQUENCE. */
export const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, ...parts)
/** A SET OF, in the order that DER wants (X.690, 11.6). */
export const setOf = (...parts: Uint8Array[]): Buffer => der(0x31, ...parts.toSorted(Buffer.compare))
/** An OCTET STRING. */
export const octetString = (content: Uint8Array): Buffer => der(0x04, content)
/** An element under an explicit tag of the context. */
export const explicit = (number: number, content: Uint8Array): Buffer => der(0xa0 | number, content)
/** An INTEGER below 128. */
export const smallInteger = (value: number): Buffer => der(0x02, Uint8Array.of(value))

/** An OBJECT IDENTIFIER from its dotted text. */
export function objectIdentifier(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  return der(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)))
}

function base128(arc: number): number[] {
  const digits = [arc & 0x7f]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift((rest & 0x7f) | 0x80)
  return digits
}

/** UTCTime until 2049, GeneralizedTime after (RFC 5652, 11.3). */
export function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/[-:T]|\.\d+Z/g, '')}Z`
  const early = date.getUTCFullYear() < 2050
  return der(early ? 0x17 : 0x18, Buffer.from(early ? digits.slice(2) : digits, 'latin1'))
}
