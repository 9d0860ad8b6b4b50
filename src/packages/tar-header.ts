/** One header of a tar archive (POSIX.1-2017, pax; ustar), and what GNU tar does otherwise. */
import { type FhirError, unprocessable } from '../fhir/error.ts'

/** Bytes of a block: headers are one, contents are filled up to whole ones. */
export const block = 512
const decoder = new TextDecoder()

/** What pax or GNU headers say about the next entry. */
export interface Override {
  name?: string
  size?: number
}

/** The name of an entry, as far as its own header says it. */
export function entryName(header: Uint8Array): string {
  const name = text(header.subarray(0, 100))
  const isUstar = text(header.subarray(257, 262)) === 'ustar'
  // GNU tar has other fields where ustar has the prefix; its magic ends in blanks
  const prefix = isUstar && header[262] === 0 ? text(header.subarray(345, 500)) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** Whether a header is as it was written. */
export function checksumFits(header: Uint8Array): boolean {
  let sum = 0
  for (let i = 0; i < block; i++) sum += i >= 148 && i < 156 ? 0x20 : (header[i] ?? 0)
  return sum === number(header, 148, 8)
}

/** A number in octal digits, or in base 256 when the first bit is set. @throws FhirError 422 */
export function number(header: Uint8Array, start: number, length: number): number {
  const field = header.subarray(start, start + length)
  if (((field[0] ?? 0) & 0x80) !== 0) {
    let value = (field[0] ?? 0) & 0x7f
    for (const byte of field.subarray(1)) value = value * 256 + byte
    if (!Number.isSafeInteger(value)) throw damaged('a size is out of range')
    return value
  }
  const digits = text(field).trim()
  if (!/^[0-7]*$/.test(digits)) throw damaged('a number in a header is not octal')
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}

/** What a pax header says of the next entry. @throws FhirError 422 */
export function paxRecords(content: Uint8Array): Override {
  const made: Override = {}
  let at = 0
  while (at < content.length && content[at] !== 0) {
    const blank = content.indexOf(0x20, at)
    const length = blank < 0 ? Number.NaN : Number(decoder.decode(content.subarray(at, blank)))
    if (!Number.isSafeInteger(length) || length < blank - at + 2 || at + length > content.length) {
      throw damaged('a pax header cannot be read')
    }
    const record = decoder.decode(content.subarray(blank + 1, at + length - 1))
    const equals = record.indexOf('=')
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)]
    if (key === 'path') made.name = value
    if (key === 'size') {
      if (!/^\d{1,15}$/.test(value)) throw damaged('a pax header cannot be read')
      made.size = Number(value)
    }
    at += length
  }
  return made
}

/** Text up to the first zero. */
export function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

/** 422 for what is no whole archive. */
export function damaged(why: string): FhirError {
  return unprocessable(`The package is damaged: ${why}.`, 'structure')
}
