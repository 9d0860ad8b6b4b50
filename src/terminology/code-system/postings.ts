/** Which concepts have a word, and which have words that begin so. */
import { type Keep, keep, keepPerObject } from '../../base/keep.ts'
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
  const index = numberOf(postings)
  const begin = (prefix: string) =>
    beginningOf(postings, prefix, (all) => kept.begun.of(`${index} ${prefix}`, () => united(all, count)))
  if (beginnings.length === 1) return begin(only)
  return kept.found.of(`${index} ${[...beginnings].sort().join(' ')}`, () => {
    const [first = NO_BEGINNING, ...others] = beginnings
      .map((prefix): Beginning => ({ prefix, list: begin(prefix) }))
      .sort((a, b) => a.list.length - b.list.length)
    let some = first.list
    for (const { prefix, list } of others) {
      const isLong = list.length >= LONG && some.length >= FEW
      some = isLong
        ? withBit(
            some,
            kept.bits.of(`${index} ${prefix}`, () => bitsOf(list, count)),
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

/** @param unite makes the list of several words; that of one word is a part of the index, which nobody else is to hold on to. */
function beginningOf(
  { vocabulary, start, ordinals }: Postings,
  prefix: string,
  unite: (all: Int32Array) => Int32Array,
): Int32Array {
  const low = firstRank(vocabulary, prefix)
  const high = rankBehind(vocabulary, prefix, low)
  const all = ordinals.subarray(start[low] ?? 0, start[high] ?? 0)
  return high - low <= 1 ? all : unite(all)
}

const ENTRY_BYTES = 200

/** What was found of the texts of all indexes, of at most so many bytes together. */
const keepLists = (most: number): Keep<string, Int32Array> =>
  keep(most, (text, list) => ENTRY_BYTES + 2 * text.length + list.byteLength)

/** What texts of several words found, beginnings of words, and these as bits; each under the number of its index. */
const kept = { found: keepLists(6 << 20), begun: keepLists(10 << 20), bits: keepLists(4 << 20) }

let indexes = 0
const numberOf = keepPerObject((_: Postings): number => indexes++)
