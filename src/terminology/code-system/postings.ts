/** Which concepts have a word, and which have words that begin so. */
import { type Keep, keep, keepPerObject } from '../../base/keep.ts'
import { alsoIn, bitsOf, commonBits, listOf, ordered, united, withBit } from './ordinals.ts'

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
  /** Whether the word of a rank begins so; without it the word is asked. */
  begins?(rank: number, text: string): boolean
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

/** The first rank behind `from` whose word does not begin so: near by for most, so that the steps begin small. */
function rankBehind(vocabulary: Vocabulary, prefix: string, from: number): number {
  const { begins = (rank: number) => vocabulary.at(rank)?.startsWith(prefix) === true } = vocabulary
  let low = from
  let high = from
  for (let step = 1; high < vocabulary.length && begins(high, prefix); step *= 2) {
    low = high + 1
    high += step
  }
  high = Math.min(high, vocabulary.length)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (begins(middle, prefix)) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * The concepts, of `count`, that have for each of these texts a word that begins with it, ascending. The words that begin so stand one
 * behind the other, and so do their concepts: those of the rarest are looked for among those of the others, and no list of all that has
 * a beginning is made. What took long stays for a while: pages are asked for one after the other, and texts one letter after the other.
 */
export function withWords(postings: Postings, count: number, beginnings: readonly string[]): Int32Array {
  const [only] = beginnings
  if (only === undefined) return NO_ORDINALS
  const index = numberOf(postings)
  if (beginnings.length === 1) return allOf(beginningOf(postings, only), index, count)
  const begun = beginnings.map((prefix) => beginningOf(postings, prefix)).sort((a, b) => a.all.length - b.all.length)
  const rarest = begun[0]?.all.length ?? 0
  // To look for what is found as quickly would cost as much as to find it.
  if (rarest < FEW) return amongTheRarest(begun, index, count)
  const search = rarest > count >> oftenOf ? amongBits : amongTheRarest
  return kept.found.of(`${index} ${begun.map(({ prefix }) => prefix).join(' ')}`, () => search(begun, index, count))
}

const NO_ORDINALS = new Int32Array(0)

/** Concepts that have a word with a certain beginning: ascending for each word, one word behind the other. */
interface Beginning {
  prefix: string
  all: Int32Array
  words: number
}

function beginningOf({ vocabulary, start, ordinals }: Postings, prefix: string): Beginning {
  const low = firstRank(vocabulary, prefix)
  const high = rankBehind(vocabulary, prefix, low)
  return { prefix, all: ordinals.subarray(start[low] ?? 0, start[high] ?? 0), words: high - low }
}

/** That of one word is a part of the index, which nobody else is to hold on to. */
const allOf = ({ prefix, all, words }: Beginning, index: number, count: number): Int32Array =>
  words <= 1 ? all : kept.begun.of(`${index} ${prefix}`, () => united(all, count))

const bitsWith = ({ prefix, all }: Beginning, index: number, count: number): Int32Array =>
  kept.bits.of(`${index} ${prefix}`, () => bitsOf(all, count))

/** Where the rarest of several beginnings, which come in this order, is no rare one. */
function amongBits(begun: readonly Beginning[], index: number, count: number): Int32Array {
  const common = begun.map((each) => bitsWith(each, index, count)).reduce(commonBits)
  return listOf(common, Math.min(begun[0]?.all.length ?? 0, count))
}

function amongTheRarest([rarest, ...others]: readonly Beginning[], index: number, count: number): Int32Array {
  let some = rarest?.all ?? NO_ORDINALS
  for (const each of others) {
    if (some.length === 0) return NO_ORDINALS
    const { all } = each
    some = all.length < LONG ? alsoIn(some, all, count) : withBit(some, bitsWith(each, index, count))
  }
  // No part of the index any more: at least one other was looked through.
  return ordered(some, count)
}

/** A list that is longer is compared as bits, which are kept. */
const LONG = 2000
/** A beginning that fewer concepts have is soon compared. */
const FEW = 1000
/** More than this part of all concepts, as a power of two, and bits are compared whole. */
const oftenOf = 5

const ENTRY_BYTES = 200

/** What was found of the texts of all indexes, of at most so many bytes together. */
const keepLists = (most: number): Keep<string, Int32Array> =>
  keep(most, (text, list) => ENTRY_BYTES + 2 * text.length + list.byteLength)

/** What texts of several words found, beginnings of words, and these as bits; each under the number of its index. */
const kept = { found: keepLists(4 << 20), begun: keepLists(8 << 20), bits: keepLists(8 << 20) }

let indexes = 0
const numberOf = keepPerObject((_: Postings): number => indexes++)
