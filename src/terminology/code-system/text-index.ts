import { type Postings, withWords } from './postings.ts'
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
  const found = withWords(postings, count, [...new Set(words(text))])
  return found.length === 0 ? emptySelection : listSelection(found)
}
