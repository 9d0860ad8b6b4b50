import { latin1 } from './picture-kind.ts'

/** What a reader of codes tells of one. */
export interface RawCode {
  /** Content as it stands, without regard to what its characters are called. */
  bytes: Uint8Array
  /** The same as text by the code's own character sets (ECI), where it names them. */
  text: string
  hasECI: boolean
}

/**
 * The text of a code. Most codes hold UTF-8 and do not say so; a zip (DIVOC) and other bytes that are no UTF-8 are the characters 0 to
 * 255. Where a code says by ECI (ISO/IEC 18004, 7.4.2) what its bytes are, that counts.
 */
export function textOfCode({ bytes, text, hasECI }: RawCode): string {
  const utf8 = utf8Text(bytes)
  if (utf8 === undefined) return isTextOfBytes(text, hasECI) ? text : latin1(bytes)
  if (hasECI) return text
  return isZip(bytes) ? latin1(bytes) : utf8
}

const isZip = (bytes: Uint8Array) => bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4

/** A text that has a replacement character was made of bytes that are not what the code says. */
const isTextOfBytes = (text: string, hasECI: boolean) => hasECI && text !== '' && !text.includes('\ufffd')

function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
