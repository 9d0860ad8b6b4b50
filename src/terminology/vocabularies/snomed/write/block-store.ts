/** Bytes in memory in blocks, so that a growing store copies nothing. */
const BLOCK = 1 << 22

/** A store of pieces, each smaller than a block. */
export interface BlockStore {
  /** Appends a piece; answers where it lies. */
  append(bytes: Uint8Array): number
  /** A piece as a view. */
  read(place: number, length: number): Uint8Array
}

/** An empty store. */
export function blockStore(): BlockStore {
  const blocks: Uint8Array[] = []
  let used = BLOCK
  return {
    append: (bytes) => {
      if (bytes.length > BLOCK) throw new Error('a row of the release is too long')
      if (used + bytes.length > BLOCK) {
        blocks.push(new Uint8Array(BLOCK))
        used = 0
      }
      const block = blocks.at(-1)
      block?.set(bytes, used)
      used += bytes.length
      return (blocks.length - 1) * BLOCK + used - bytes.length
    },
    read: (place, length) => {
      const from = place % BLOCK
      return blocks[Math.floor(place / BLOCK)]?.subarray(from, from + length) ?? new Uint8Array(0)
    },
  }
}
