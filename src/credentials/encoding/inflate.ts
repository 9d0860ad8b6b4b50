import { inflateRawSync, inflateSync } from 'node:zlib'

/**
 * Inflates zlib data (RFC 1950, as HCERT demands: no raw deflate, no gzip). Undefined when the data is broken, truncated,
 * fails its checksum, is followed by other bytes, or grows beyond `maxBytes`: that limit is enforced while inflating,
 * never read from the data.
 */
export function inflateZlib(bytes: Uint8Array, maxBytes: number): Buffer | undefined {
  if ((bytes[0] ?? 0) !== 0x78) return undefined
  try {
    return inflateSync(bytes, { maxOutputLength: maxBytes })
  } catch {
    return undefined // zlib's message says nothing a caller could act on, and every cause has the same status
  }
}

/** Inflates raw deflate data (RFC 1951, as SMART Health Cards demand); undefined as above. */
export function inflateRaw(bytes: Uint8Array, maxBytes: number): Buffer | undefined {
  try {
    return inflateRawSync(bytes, { maxOutputLength: maxBytes })
  } catch {
    return undefined
  }
}
