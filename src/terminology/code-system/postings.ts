/** Which concepts have a word, and which have words that begin so. */
import { keepPerObject } from '../../base/keep.ts'
import { type KeepBytes, keepBytes } from '../../base/keep-bytes.ts'
import { bitsOf, commonOrdinals, united, withBit } from './ordinals.ts'

/** Which concepts have a word. */
export interface Postings {
  /** Words in order of their code units; the rank is the position. */
  vocabulary: Vocabulary
  /** Per rank the position of its first ordinal in `ordinals`; one more at the end. */
  start: Int32Array
  /** Ordinals of all words, ascending within a word. */
  ordinals: Int32Array
}

/** Words in order of their code units. */
interface Vocabulary {
  readonly length: number
  at(rank: number): string | undefined
  /** Below zero when the word of a rank stands before a text, above it behind; without it words are compared as texts. */
  compare?(rank: number, text: string): number
}

/** The concepts that have exactly this word. */
export function exactOrdinals({ vocabulary, start, ordinals }: Postings, word: string): Int32Array {
  const rank = firstRank(vocabulary, word)
  if (vocabulary.at(rank) !== word) return NO_ORDINALS
  return ordinals.subarray(start[rank] ?? 0, start[rank + 1] ?? 0)
}

/** The first rank whose word does not stand before a text. */
function firstRank(vocabulary: Vocabulary, text: string): number {
  const { compare = (rank: number) => ((vocabulary.at(rank) ?? '') < text ? -1 : 1) } = vocabulary
  let low = 0
  let high = vocabulary.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(middle, text) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** The first rank behind `from` whose word does not begin so. */
function rankBehind(vocabulary: Vocabulary, prefix: string, from: number): number {
  let low = from
  let high = vocabulary.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (vocabulary.at(middle)?.startsWith(prefix)) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * The concepts, of `count`, that have for each of these texts a word that begins with it, ascending. What was found stays for a while, and so
 * do beginnings of words: pages are asked for one after the other, and texts one letter after the other.
 */
export function withWords(postings: Postings, count: number, beginnings: readonly string[]): Int32Array {
  const [only] = beginnings
  if (only === undefined) return NO_ORDINALS
  const { found, begun, bits } = kept(postings)
  const begin = (prefix: string) => begun.of(prefix, () => beginningOf(postings, count, prefix))
  if (beginnings.length === 1) return begin(only)
  return found.of([...beginnings].sort().join(' '), () => {
    const [first = NO_BEGINNING, ...others] = beginnings
      .map((prefix): Beginning => ({ prefix, list: begin(prefix) }))
      .sort((a, b) => a.list.length - b.list.length)
    let some = first.list
    for (const { prefix, list } of others) {
      const isLong = list.length >= LONG && some.length >= FEW
      some = isLong
        ? withBit(
            some,
            bits.of(prefix, () => bitsOf(list, count)),
          )
        : commonOrdinals(some, list)
    }
    return some
  })
}

const NO_ORDINALS = new Int32Array(0)

/** Concepts that have a word with a certain beginning, ascending. */
interface Beginning {
  prefix: string
  list: Int32Array
}

const NO_BEGINNING: Beginning = { prefix: '', list: NO_ORDINALS }

/** From here on a list is compared as bits, unless with so few that they are looked for in the list itself. */
const LONG = 8000
const FEW = 50

function beginningOf({ vocabulary, start, ordinals }: Postings, count: number, prefix: string): Int32Array {
  const low = firstRank(vocabulary, prefix)
  const high = rankBehind(vocabulary, prefix, low)
  const all = ordinals.subarray(start[low] ?? 0, start[high] ?? 0)
  return high - low <= 1 ? all : united(all, count)
}

/** Bytes that are kept for each index: of what texts of several words found, of beginnings of words, and of these as bits. */
const KEPT_BYTES = { found: 6 << 20, begun: 10 << 20, bits: 4 << 20 }

interface Kept {
  found: KeepBytes<string, Int32Array>
  begun: KeepBytes<string, Int32Array>
  bits: KeepBytes<string, Int32Array>
}

const kept = keepPerObject((postings: Postings): Kept => {
  const bytesOf = (text: string, list: Int32Array) =>
    // A part of the index takes no memory of its own.
    ENTRY_BYTES + 2 * text.length + (list.buffer === postings.ordinals.buffer ? 0 : list.byteLength)
  return {
    found: keepBytes(KEPT_BYTES.found, bytesOf),
    begun: keepBytes(KEPT_BYTES.begun, bytesOf),
    bits: keepBytes(KEPT_BYTES.bits, bytesOf),
  }
})

const ENTRY_BYTES = 200
