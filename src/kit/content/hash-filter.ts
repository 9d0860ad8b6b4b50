/**
 * A filter of hashes (Bloom, 1970): every hash that was put in passes, and others by a chance that is known. The hashes are halves of a
 * SHA-256, and so as good as drawn at random: parts of them are the places.
 */

/** Others pass by this chance. */
export const falsePositiveRate = 1e-6
/** Places of one hash: the logarithm of the chance. */
const placesOfOne = 20
/** 1 / ln 2, for each place. */
const bitsOfPlace = Math.LOG2E

/** A filter, made for so many hashes. */
export interface HashFilter {
  bits: Buffer
  add(hash: Uint8Array): void
  has(hash: Uint8Array): boolean
}

/** An empty one. */
export const emptyFilter = (hashes: number): HashFilter =>
  filterOver(Buffer.alloc(Math.max(8, Math.ceil((hashes * placesOfOne * bitsOfPlace) / 8))))

/** A filter over its bits. */
export function filterOver(bits: Buffer): HashFilter {
  const size = bits.length * 8
  const each = (hash: Uint8Array, visit: (byte: number, bit: number) => boolean): boolean => {
    const view = Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength)
    const first = view.readUIntBE(0, 6)
    // An odd step meets no place twice where the size is even.
    const step = view.readUIntBE(6, 6) * 2 + 1
    let place = first % size
    for (let at = 0; at < placesOfOne; at++) {
      if (!visit(place >>> 3, 1 << (place & 7))) return false
      place = (place + (step % size)) % size
    }
    return true
  }
  return {
    bits,
    add: (hash) =>
      void each(hash, (byte, bit) => {
        bits[byte] = (bits[byte] ?? 0) | bit
        return true
      }),
    has: (hash) => each(hash, (byte, bit) => ((bits[byte] ?? 0) & bit) !== 0),
  }
}
