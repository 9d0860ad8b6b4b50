import { createHash } from 'node:crypto'

/**
 * UUIDs that follow from a seed alone (RFC 9562, version 8), lower case: the same question gives the same reply, byte by
 * byte, in every process.
 */
export function seededUuids(seed: string): () => string {
  const base = createHash('sha256').update(seed).digest()
  let count = 0
  return () => {
    const bytes = createHash('sha256').update(base).update(`${count++}`).digest()
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
    const hex = bytes.toString('hex', 0, 16)
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
  }
}
