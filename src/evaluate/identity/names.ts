import { agree, begins, joined, type Word, wordsOf } from './transliterate.ts'

/**
 * How two names agree (docs/evaluate.md, Identity): `same` every word of one is a word of the other, in any order, or they differ in
 * their gaps alone; `close` one leaves
 * out or shortens what the other has; `doubtful` they may be one name, and nobody should rely on it; `differs` each has a word that the
 * other has not; `unknown` they cannot be compared.
 */
export type Agreement = 'same' | 'close' | 'doubtful' | 'differs' | 'unknown'

/** The name on a document. */
export interface DocumentName {
  /** All of its words. */
  words: Word[]
  /** The groups of words of which none may be missing altogether: surname and given names, where they are told apart. */
  groups: Word[][]
  /** Whether it may have been cut to its field: its last word ends anywhere, and further ones are gone. */
  isCut: boolean
}

/** A name as a person reads it: nothing tells surname from given names. */
export const writtenName = (name: string): DocumentName => ({ words: wordsOf(name), groups: [], isCut: false })

/** Compares the names under which a person is known with the one of a document; the name that agrees best counts. */
export function compareNames(names: string[], document: DocumentName): Agreement {
  const ranks: Agreement[] = ['same', 'close', 'doubtful', 'differs']
  const found = new Set(names.map((name) => compareWords(wordsOf(name), document)))
  return ranks.find((each) => found.has(each)) ?? 'unknown'
}

function compareWords(words: Word[], document: DocumentName): Agreement {
  if (words.length === 0 || document.words.length === 0) return 'unknown'
  const exact = pair(words, document.words, agree)
  if (exact.leftA.length === 0 && exact.leftB.length === 0) return 'same'
  const text = joined(words)
  if (agree(text, joined(document.words))) return 'same'
  if (isTurned(text, document.words)) return 'close'
  const shortened = pair(exact.leftA, exact.leftB, (a, b) => isShortened(a, b) && exact.count > 0)
  const spelt = pair(shortened.leftA, shortened.leftB, (a, b) => agree(loosened(a), loosened(b)))
  const cut = document.isCut ? pair(spelt.leftA, spelt.leftB, (a, b) => begins(b, a)) : { ...spelt, count: 0 }
  const common = exact.count + spelt.count
  const { leftA, leftB } = cut
  if (leftA.length > 0 && leftB.length > 0) return ofTheRest(cut, common)
  if (document.isCut && leftB.length === 0 && common + cut.count > 0) return 'close'
  const isGroupMissing = document.groups.some(
    (group) => group.length > 0 && group.every((each) => leftB.includes(each)),
  )
  const missing = leftA.length + leftB.length
  return missing === 0 || (common > 1 && missing <= common && !isGroupMissing) ? 'close' : 'doubtful'
}

/** Words on both sides that the other has not. */
function ofTheRest({ leftA, leftB }: Pick<Pairs, 'leftA' | 'leftB'>, common: number): Agreement {
  const isComparable = (a: Word, b: Word) => a.isLatin === b.isLatin && a.isTranscribed === b.isTranscribed
  if (leftA.every((a) => leftB.every((b) => !isComparable(a, b)))) return common > 0 ? 'doubtful' : 'unknown'
  const misspelt = pair(leftA, leftB, isMisspelt)
  return misspelt.leftA.length === 0 || misspelt.leftB.length === 0 ? 'doubtful' : 'differs'
}

interface Pairs {
  count: number
  leftA: Word[]
  leftB: Word[]
}

/** Pairs off as many words as possible, each with one that fits (augmenting paths; there are few words). */
function pair(wordsA: Word[], wordsB: Word[], fits: (a: Word, b: Word) => boolean): Pairs {
  const partners = new Map<Word, Word>()
  const place = (a: Word, tried: Set<Word>): boolean => {
    for (const b of wordsB) {
      if (tried.has(b) || !fits(a, b)) continue
      tried.add(b)
      const other = partners.get(b)
      if (other && !place(other, tried)) continue
      partners.set(b, a)
      return true
    }
    return false
  }
  for (const a of wordsA) place(a, new Set())
  const placed = new Set(partners.values())
  return {
    count: partners.size,
    leftA: wordsA.filter((a) => !placed.has(a)),
    leftB: wordsB.filter((b) => !partners.has(b)),
  }
}

/** Most words and letters of names that are turned round: real ones have fewer. */
const TURNED_WORDS = 8
const TURNED_LETTERS = 80

/** Whether the names differ in their gaps, and in which of the words come first: DELACRUZ MARIA, María de la Cruz. */
const isTurned = (text: Word, words: Word[]): boolean =>
  words.length <= TURNED_WORDS &&
  text.letters.length <= TURNED_LETTERS &&
  words.some((_, at) => agree(text, joined([...words.slice(at), ...words.slice(0, at)])))

const isShortened = (a: Word, b: Word): boolean =>
  (a.letters.length === 1 && begins(a, b)) || (b.letters.length === 1 && begins(b, a))

/** What some states write for an umlaut and others for the bare vowel counts as either: MUELLER, MULLER. */
function loosened(word: Word): Word {
  const letters: string[][] = []
  for (const ways of word.letters) {
    const [before] = letters.at(-1) ?? []
    if (ways[0] === 'E' && before !== undefined && ['A', 'O', 'U'].includes(before))
      letters.splice(-1, 1, [before, `${before}E`])
    else letters.push(ways)
  }
  return { ...word, letters }
}

/** Fewest and most letters of a word of which one may be wrong. */
const LONG_WORD = 5
const LONGEST_WORD = 40

/** Whether one letter of a long word is another, missing, or added. */
function isMisspelt(a: Word, b: Word): boolean {
  const [short, long] = a.letters.length <= b.letters.length ? [a, b] : [b, a]
  const isSwapped = short.letters.length === long.letters.length
  if (short.letters.length < LONG_WORD || long.letters.length > LONGEST_WORD) return false
  if (long.letters.length - short.letters.length > 1) return false
  return long.letters.some((_, at) => {
    const without = (word: Word) => ({ ...word, letters: word.letters.toSpliced(at, 1) })
    return agree(isSwapped ? without(short) : short, without(long))
  })
}
