/** A hash table from code to number, open addressing, as it lies on disk: number + 1 per slot, 0 for an empty one. */

/** A hash of a text, 32 bits: FNV-1a over the code units, mixed so that the low bits are good. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}

/** An empty table for that many entries, at most half full. */
export function emptyTable(entries: number): Int32Array {
  let slots = 16
  while (slots < entries * 2) slots *= 2
  return new Int32Array(slots)
}

/** Enters a number; the caller knows that its text is not there yet. */
export function enter(table: Int32Array, hash: number, number: number): void {
  const mask = table.length - 1
  let slot = hash & mask
  while (table[slot] !== 0) slot = (slot + 1) & mask
  table[slot] = number + 1
}

/** The number of a text, told by its hash and by a comparison; undefined when it is not there. */
export function find(table: Int32Array, hash: number, isIt: (number: number) => boolean): number | undefined {
  const mask = table.length - 1
  let slot = hash & mask
  for (let tried = 0; tried <= mask; tried++) {
    const entry = table[slot] ?? 0
    if (entry === 0) return undefined
    if (isIt(entry - 1)) return entry - 1
    slot = (slot + 1) & mask
  }
  return undefined
}
