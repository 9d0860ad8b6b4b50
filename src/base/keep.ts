/**
 * The one way to remember what was made: bounded by a number of entries, the least recently used goes first. What belongs to an
 * object and should go with it is remembered by {@link keepPerObject}.
 */
export interface Keep<Key, Value> {
  /** What is kept under a key, if anything; it counts as used. */
  get(key: Key): Value | undefined
  /** Keeps a value under a key, in place of what was there, and answers it. */
  set(key: Key, value: Value): Value
  /**
   * What is kept under a key, made when there is nothing. What throws is not kept, nor is a promise that is rejected: whoever asks
   * again tries again.
   */
  of(key: Key, make: (key: Key) => Value): Value
  delete(key: Key): void
  clear(): void
  /** Number of entries. */
  readonly size: number
}

/** An empty cache of at most `most` entries. */
export function keep<Key, Value>(most: number): Keep<Key, Value> {
  const entries = new Map<Key, { value: Value }>()
  const use = (key: Key): { value: Value } | undefined => {
    const found = entries.get(key)
    if (!found) return undefined
    entries.delete(key)
    entries.set(key, found)
    return found
  }
  const add = (key: Key, value: Value): Value => {
    const entry = { value }
    entries.delete(key)
    entries.set(key, entry)
    if (entries.size > most) dropFirst(entries)
    if (value instanceof Promise) value.catch(() => entries.get(key) === entry && entries.delete(key))
    return value
  }
  return {
    get: (key) => use(key)?.value,
    set: add,
    of: (key, make) => {
      const found = use(key)
      return found ? found.value : add(key, make(key))
    },
    delete: (key) => entries.delete(key),
    clear: () => entries.clear(),
    get size() {
      return entries.size
    },
  }
}

function dropFirst<Key>(entries: Map<Key, unknown>): void {
  for (const first of entries.keys()) {
    entries.delete(first)
    return
  }
}

/** A function that makes its answer for an object once; the answer goes with the object. What throws is tried again. */
export function keepPerObject<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new WeakMap<Key, { value: Value }>()
  return (key) => {
    const found = made.get(key)
    if (found) return found.value
    const value = make(key)
    made.set(key, { value })
    return value
  }
}
