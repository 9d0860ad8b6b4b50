/** Words of terms, as they are looked for and as an index has them. */

const PLAIN = /^[ -~]*$/

/** Runs of letters, digits and marks. */
export const WORDS = /[\p{L}\p{N}\p{M}]+/gu

/** Lower case, marks joined to their letters. */
export function lowerCase(text: string): string {
  const lower = text.toLowerCase()
  return PLAIN.test(lower) ? lower : lower.normalize('NFC')
}

/** Words of a text, lower case. */
export const wordsOf = (text: string): string[] => lowerCase(text).match(WORDS) ?? []

/** Letters with a stroke, which Unicode does not take apart. */
const STROKED: Readonly<Record<string, string>> = { ø: 'o', đ: 'd', ł: 'l', ħ: 'h', ŧ: 't' }

/** A word in lower case without the marks of its letters: `sjögren` and `sjøgren` are `sjogren`. */
export function withoutMarks(word: string): string {
  if (PLAIN.test(word)) return word
  const letters = word.normalize('NFD').replace(/\p{M}+/gu, '')
  return letters.replace(/[øđłħŧ]/gu, (letter) => STROKED[letter] ?? letter) || word
}

/** Words of a term as an index of terms has them and is asked: whichever marks are looked for, the term is found. */
export const indexWords = (term: string): string[] => wordsOf(term).map(withoutMarks)
