/**
 * The one way to remember what was made: bounded by a number of entries, or by what they weigh; the least recently used goes first. What belongs to an
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

/** What is kept, between what was used before it and what was used after it. */
interface Entry<Key, Value> {
  key: Key
  value: Value
  weight: number
  before: Entry<Key, Value> | undefined
  after: Entry<Key, Value> | undefined
}

/**
 * An empty cache of at most `most` entries.
 * @param weightOf what an entry weighs, such as its bytes; asked once. `most` is then the weight of all together, and a value that alone
 * weighs more is not kept
 */
export function keep<Key, Value>(most: number, weightOf?: (key: Key, value: Value) => number): Keep<Key, Value> {
  const entries = new Map<Key, Entry<Key, Value>>()
  /** The least and the most recently used. */
  let first: Entry<Key, Value> | undefined
  let last: Entry<Key, Value> | undefined
  let weighed = 0
  const takeOut = (entry: Entry<Key, Value>): void => {
    const { before, after } = entry
    if (before) before.after = after
    else first = after
    if (after) after.before = before
    else last = before
    entry.before = undefined
    entry.after = undefined
  }
  const putLast = (entry: Entry<Key, Value>): void => {
    entry.before = last
    if (last) last.after = entry
    else first = entry
    last = entry
  }
  // A list beside the map: to delete and set a key again would cost the map its order, at every use.
  const use = (key: Key): Entry<Key, Value> | undefined => {
    const found = entries.get(key)
    if (found && found !== last) {
      takeOut(found)
      putLast(found)
    }
    return found
  }
  const remove = (entry: Entry<Key, Value>): void => {
    takeOut(entry)
    entries.delete(entry.key)
    weighed -= entry.weight
  }
  const add = (key: Key, value: Value): Value => {
    const known = entries.get(key)
    if (known) remove(known)
    const weight = weightOf ? weightOf(key, value) : 1
    if (weight > most) return value
    const entry: Entry<Key, Value> = { key, value, weight, before: undefined, after: undefined }
    entries.set(key, entry)
    weighed += weight
    putLast(entry)
    while (weighed > most && first) remove(first)
    if (value instanceof Promise) value.catch(() => entries.get(key) === entry && remove(entry))
    return value
  }
  return {
    get: (key) => use(key)?.value,
    set: add,
    of: (key, make) => {
      const found = use(key)
      return found ? found.value : add(key, make(key))
    },
    delete: (key) => {
      const found = entries.get(key)
      if (found) remove(found)
    },
    clear: () => {
      entries.clear()
      first = undefined
      last = undefined
      weighed = 0
    },
    get size() {
      return entries.size
    },
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

/** What was made last, and all that it followed from: for what is the same time after time. */
export interface KeepLast<Value> {
  /** What was made, when it followed from the very same. */
  get(from: readonly unknown[]): Value | undefined
  /** Keeps it in place of what was there, and answers it; nobody may change `from` afterwards. */
  set(from: readonly unknown[], value: Value): Value
}

/** Remembers one value. Its cost is a comparison of each of what it follows from, by identity. */
export function keepLast<Value>(): KeepLast<Value> {
  let last: { from: readonly unknown[]; value: Value } | undefined
  return {
    get: (from) => (last && areSame(last.from, from) ? last.value : undefined),
    set(from, value) {
      last = { from, value }
      return value
    },
  }
}

function areSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  if (some.length !== others.length) return false
  for (let at = 0; at < some.length; at++) if (some[at] !== others[at]) return false
  return true
}

/** What is there at once, or comes. Where it nearly always is there nobody should wait for it: a promise takes a turn of the queue. */
export type Soon<T> = T | Promise<T>
