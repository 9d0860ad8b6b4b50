import { constants, inflateRawSync, inflateSync } from 'node:zlib'
import { adler32, inflateShort } from '../../base/inflate.ts'

/** Credentials are small: zlib's default of 16 kB per call costs more than inflating them does. */
const CHUNK_BYTES = 1024
/** Up to so many bytes zlib takes longer to be set up than to inflate. */
const SHORT_BYTES = 8192

/**
 * Inflates zlib data (RFC 1950, as HCERT demands: no raw deflate, no gzip). Undefined when the data is broken, truncated,
 * fails its checksum, or grows beyond `maxBytes`: that limit is enforced while inflating, never read from the data. Bytes
 * after the stream are ignored: genuine cards in the field have them, and they reach nobody.
 */
export function inflateZlib(bytes: Uint8Array, maxBytes: number): Buffer | undefined {
  const method = bytes[0] ?? 0
  if (method !== 0x78) return undefined
  if (bytes.length > SHORT_BYTES) return inflate(inflateSync, bytes, maxBytes)
  const flags = bytes[1] ?? 0
  // The header has a checksum of its own, and names no dictionary: nobody has one.
  if (((method << 8) | flags) % 31 !== 0 || (flags & 0x20) !== 0) return undefined
  const read = inflateShort(bytes, 2, maxBytes)
  return read && wordAt(bytes, read.end) === adler32(read.bytes) ? read.bytes : undefined
}

/** Four bytes as a number; undefined where they are not all there. */
function wordAt(bytes: Uint8Array, at: number): number | undefined {
  if (at + 4 > bytes.length) return undefined
  return (
    (bytes[at] ?? 0) * 0x1000000 + (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))
  )
}

/** Inflates raw deflate data (RFC 1951, as SMART Health Cards demand); undefined as above. */
export function inflateRaw(bytes: Uint8Array, maxBytes: number): Buffer | undefined {
  if (bytes.length > SHORT_BYTES) return inflate(inflateRawSync, bytes, maxBytes)
  return inflateShort(bytes, 0, maxBytes)?.bytes
}

/** The same of data of which nothing may be left over. */
export function inflateRawWhole(bytes: Uint8Array, maxBytes: number): Buffer | undefined {
  if (bytes.length <= SHORT_BYTES) {
    const read = inflateShort(bytes, 0, maxBytes)
    return read?.end === bytes.length ? read.bytes : undefined
  }
  try {
    const options = { maxOutputLength: maxBytes, chunkSize: CHUNK_BYTES, info: true }
    // With `info` the answer has another shape, which the types of Node do not know.
    const answer: unknown = inflateRawSync(bytes, options)
    return isWithEngine(answer) && answer.engine.bytesWritten === bytes.length ? answer.buffer : undefined
  } catch {
    return undefined // as below
  }
}

const isWithEngine = (answer: unknown): answer is { buffer: Buffer; engine: { bytesWritten: number } } =>
  typeof answer === 'object' && answer !== null && 'engine' in answer

function inflate(method: typeof inflateSync, bytes: Uint8Array, maxBytes: number): Buffer | undefined {
  try {
    return method(bytes, { maxOutputLength: maxBytes, chunkSize: CHUNK_BYTES })
  } catch {
    return undefined // zlib's message says nothing a caller could act on, and every cause has the same status
  }
}

/** Where and why data cannot be inflated. */
interface InflateFault {
  /** Bytes of the data that could be read. */
  offset: number
  text: string
}

/** Why {@link inflateZlib} or, for `isRaw`, {@link inflateRaw} gives nothing; undefined when it does. Slower: for people. */
export function inflateFault(bytes: Uint8Array, maxBytes: number, isRaw: boolean): InflateFault | undefined {
  if (!isRaw && bytes[0] !== 0x78) return { offset: 0, text: 'no zlib stream begins here (78)' }
  const method = isRaw ? inflateRawSync : inflateSync
  if (inflate(method, bytes, maxBytes)) return undefined
  const fails = (length: number): string | undefined => {
    try {
      // A beginning is no fault: the end is only missed where the whole is read.
      method(bytes.subarray(0, length), { maxOutputLength: maxBytes, finishFlush: constants.Z_SYNC_FLUSH })
      return undefined
    } catch (error) {
      return error instanceof RangeError
        ? `it grows beyond ${maxBytes} bytes`
        : 'what follows is no deflate data, or its checksum is wrong'
    }
  }
  if (fails(bytes.length) === undefined) return { offset: bytes.length, text: 'it ends too early' }
  let [good, bad] = [0, bytes.length]
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (fails(middle) === undefined) good = middle
    else bad = middle
  }
  return { offset: good, text: fails(bad) ?? '' }
}
