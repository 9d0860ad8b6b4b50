import { emptySelection, listSelection, type Selection } from './selection.ts'

/** Finds concepts by the beginnings of the words of their texts. */
export interface TextIndex {
  /** Ordinals whose texts have, for every word of `text`, a word that begins with it. */
  search(text: string): Selection
}

const WORD = /[\p{L}\p{N}]+/gu
const PLAIN_WORD = /[a-z0-9]+/g
const PLAIN = /^[ -~]*$/

/** Words of a text, lower case, without marks of punctuation. */
export function words(text: string): string[] {
  const lower = text.toLowerCase()
  return lower.match(PLAIN.test(lower) ? PLAIN_WORD : WORD) ?? []
}

/**
 * Builds an index over `count` concepts: a sorted vocabulary, and per word the ordinals in ascending order, all of them in
 * one flat array. `texts` names a concept's texts (code, display, designations).
 */
export function buildTextIndex(count: number, texts: (ordinal: number) => Iterable<string>): TextIndex {
  const made = collectPostings()
  for (let ordinal = 0; ordinal < count; ordinal++) {
    for (const text of texts(ordinal)) for (const word of words(text)) made.add(word, ordinal)
  }
  const postings = made.finish()
  return { search: (text) => searchPostings(postings, count, text) }
}

/** Which concepts have a word. */
export interface Postings {
  /** Words in order of their code units; the rank is the position. */
  vocabulary: { readonly length: number; at(rank: number): string | undefined }
  /** Per rank the position of its first ordinal in `ordinals`; one more at the end. */
  start: Int32Array
  /** Ordinals of all words, ascending within a word. */
  ordinals: Int32Array
}

/** Collects words of concepts, given in the order of their ordinals; a word of a concept counts once. */
export function collectPostings() {
  const numberOf = new Map<string, number>()
  const uses: number[] = []
  const last: number[] = []
  const pairs = pairList()
  return {
    /** Number of different words so far. */
    size: () => uses.length,
    add: (word: string, ordinal: number) => {
      let id = numberOf.get(word)
      if (id === undefined) {
        id = uses.push(0) - 1
        numberOf.set(word, id)
        last.push(-1)
      }
      if (last[id] === ordinal) return
      last[id] = ordinal
      uses[id] = (uses[id] ?? 0) + 1
      pairs.add(id, ordinal)
    },
    finish: (): Postings & { vocabulary: string[] } => {
      const vocabulary = [...numberOf.keys()].sort()
      const start = new Int32Array(vocabulary.length + 1)
      const position = new Int32Array(vocabulary.length)
      vocabulary.forEach((word, rank) => {
        const id = numberOf.get(word) ?? 0
        position[id] = start[rank] ?? 0
        start[rank + 1] = (start[rank] ?? 0) + (uses[id] ?? 0)
      })
      const ordinals = new Int32Array(pairs.size())
      pairs.each((id, ordinal) => {
        const at = position[id] ?? 0
        ordinals[at] = ordinal
        position[id] = at + 1
      })
      return { vocabulary, start, ordinals }
    },
  }
}

/** A growing list of number pairs that costs eight bytes each and copies nothing. */
function pairList() {
  const CHUNK = 1 << 18
  const chunks: Int32Array[] = []
  let last = new Int32Array(0)
  let used = 0
  return {
    size: () => (chunks.length === 0 ? 0 : ((chunks.length - 1) * CHUNK + used) / 2),
    add: (left: number, right: number) => {
      if (used === last.length) {
        last = new Int32Array(CHUNK)
        chunks.push(last)
        used = 0
      }
      last[used++] = left
      last[used++] = right
    },
    each: (visit: (left: number, right: number) => void) => {
      for (const chunk of chunks) {
        const end = chunk === last ? used : CHUNK
        for (let i = 0; i < end; i += 2) visit(chunk[i] ?? 0, chunk[i + 1] ?? 0)
      }
    },
  }
}

/** The concepts, of `count`, that have for every word of `text` a word that begins with it. */
export function searchPostings(postings: Postings, count: number, text: string): Selection {
  const wanted = [...new Set(words(text))].sort((a, b) => b.length - a.length)
  if (wanted.length === 0) return emptySelection
  let found: Int32Array | undefined
  for (const prefix of wanted) {
    const matches = ordinalsOf(postings, count, prefix)
    found = found ? common(found, matches) : matches
    if (found.length === 0) break
  }
  return listSelection(found ?? new Int32Array(0))
}

/** Ascending ordinals of all words that begin with the prefix. */
function ordinalsOf({ vocabulary, start, ordinals }: Postings, count: number, prefix: string): Int32Array {
  const low = firstRank(vocabulary, (word) => word >= prefix)
  const high = firstRank(vocabulary, (word) => word > prefix && !word.startsWith(prefix))
  return union(ordinals, [start[low] ?? 0, start[high] ?? 0], { count, isOne: high - low <= 1 })
}

/** Ascending ordinals of a stretch of postings of one or several words. */
function union(
  ordinals: Int32Array,
  [from, to]: [number, number],
  { count, isOne }: { count: number; isOne: boolean },
) {
  if (isOne) return ordinals.subarray(from, to)
  if (to - from < count >> 5) return new Int32Array(new Set(ordinals.subarray(from, to))).sort()
  const marks = new Int32Array((count + 31) >> 5)
  for (let i = from; i < to; i++) {
    const ordinal = ordinals[i] ?? 0
    marks[ordinal >> 5] = (marks[ordinal >> 5] ?? 0) | (1 << (ordinal & 31))
  }
  const found = new Int32Array(Math.min(to - from, count))
  let size = 0
  for (let word = 0; word < marks.length; word++) {
    // Takes the lowest mark out until none is left.
    for (let bits = marks[word] ?? 0; bits !== 0; bits &= bits - 1) {
      found[size++] = (word << 5) + 31 - Math.clz32(bits & -bits)
    }
  }
  return found.subarray(0, size)
}

/** The concepts that have exactly this word. */
export function exactOrdinals({ vocabulary, start, ordinals }: Postings, word: string): Int32Array {
  const rank = firstRank(vocabulary, (each) => each >= word)
  if (vocabulary.at(rank) !== word) return new Int32Array(0)
  return ordinals.subarray(start[rank] ?? 0, start[rank + 1] ?? 0)
}

function common(a: Int32Array, b: Int32Array): Int32Array {
  const kept = new Int32Array(Math.min(a.length, b.length))
  let count = 0
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const left = a[i] ?? 0
    const right = b[j] ?? 0
    if (left === right) kept[count++] = left
    if (left <= right) i++
    if (right <= left) j++
  }
  return kept.subarray(0, count)
}

/** The first rank whose word passes a test that all words behind it pass, too. */
function firstRank(vocabulary: Postings['vocabulary'], passes: (word: string) => boolean): number {
  let low = 0
  let high = vocabulary.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (passes(vocabulary.at(middle) ?? '')) high = middle
    else low = middle + 1
  }
  return low
}
