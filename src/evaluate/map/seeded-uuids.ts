import { hash } from 'node:crypto'

/** UUIDs that one hash yields. */
const perHash = 4

/**
 * UUIDs that follow from a seed alone (RFC 9562, version 8), lower case: the same question gives the same reply, byte by
 * byte, in every process.
 */
export function seededUuids(seed: string): () => string {
  const base = hash('sha256', seed, 'hex')
  let count = 0
  let block = ''
  return () => {
    const at = count++ % perHash
    if (at === 0) block = hash('sha512', `${base}${count}`, 'hex')
    const hex = block.slice(at * 32, at * 32 + 32)
    const variant = '89ab'[Number.parseInt(hex[16] ?? '0', 16) & 3]
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
  }
}
