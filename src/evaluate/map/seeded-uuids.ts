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
    const index = count++ % perHash
    if (index === 0) block = hash('sha512', `${base}${count}`, 'hex')
    const at = index * 32
    const hex = (from: number, to: number) => block.slice(at + from, at + to)
    const variant = '89ab'[Number.parseInt(hex(16, 17), 16) & 3]
    return `${hex(0, 8)}-${hex(8, 12)}-8${hex(13, 16)}-${variant}${hex(17, 20)}-${hex(20, 32)}`
  }
}
