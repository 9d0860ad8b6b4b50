/** Remembers what was made, bounded by the bytes that it takes; the least recently used goes first. */
export interface KeepBytes<Key, Value> {
  /** What is kept under a key, made when there is nothing. What throws is not kept. */
  of(key: Key, make: () => Value): Value
  /** Bytes of all that is kept. */
  readonly bytes: number
}

/**
 * An empty cache of values of at most `most` bytes together; a value that is larger is not kept.
 * @param sizeOf bytes of a value and what it is kept under; asked once
 */
export function keepBytes<Key, Value>(most: number, sizeOf: (key: Key, value: Value) => number): KeepBytes<Key, Value> {
  const entries = new Map<Key, { value: Value; size: number }>()
  let bytes = 0
  return {
    of(key, make) {
      const known = entries.get(key)
      if (known) {
        entries.delete(key)
        entries.set(key, known)
        return known.value
      }
      const value = make()
      const size = sizeOf(key, value)
      if (size > most) return value
      entries.set(key, { value, size })
      bytes += size
      for (const [oldest, entry] of entries) {
        if (bytes <= most) break
        entries.delete(oldest)
        bytes -= entry.size
      }
      return value
    },
    get bytes() {
      return bytes
    },
  }
}
