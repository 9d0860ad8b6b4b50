/**
 * Texts that are looked for in terms: words that begin so, in any order, or a whole term with wildcards (ECL 2.2, 6.8). Letters are
 * compared without case; a letter without a mark finds it with one, a marked letter only itself (5.5, asymmetric search of UTS #10).
 */

import { lowerCase, WORDS, withoutMarks, wordsOf } from '../../term-words.ts'
import type { EclSearchTerm } from '../syntax/syntax.ts'

/** Letters that are no variant of another one in a language (CLDR, collation), and what they are a variant of instead. */
const OWN_LETTERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sv: { å: 'å', ä: 'ä', ö: 'ö', ø: 'ö' },
  fi: { å: 'å', ä: 'ä', ö: 'ö', ø: 'ö' },
  da: { å: 'å', ø: 'ø', ö: 'ø', ä: 'ä' },
  nb: { å: 'å', ø: 'ø', ö: 'ø', ä: 'ä' },
  nn: { å: 'å', ø: 'ø', ö: 'ø', ä: 'ä' },
  no: { å: 'å', ø: 'ø', ö: 'ø', ä: 'ä' },
  es: { ñ: 'ñ' },
  et: { õ: 'õ', ä: 'ä', ö: 'ö', ü: 'ü', š: 'š', ž: 'ž' },
}

/** The letter without its marks, in a language. */
function baseLetter(letter: string, language: string): string {
  return OWN_LETTERS[language]?.[letter] ?? withoutMarks(letter)
}

/** Whether a letter that is looked for finds one of a term. */
const finds = (wanted: string, letter: string, language: string): boolean =>
  wanted === letter || (letter > '~' && baseLetter(letter, language) === wanted)

/** Whether a text from a position on begins so; both are folded. */
function beginsWith(text: string, at: number, { wanted, language }: { wanted: string; language: string }): boolean {
  if (at + wanted.length > text.length) return false
  for (let i = 0; i < wanted.length; i++) if (!finds(wanted.charAt(i), text.charAt(at + i), language)) return false
  return true
}

/** A text as it is meant: without the marks of its quotation. */
export const unescaped = (text: string): string => text.replace(/\\(["\\*])/g, '$1')

/** A term that is looked at, folded once for all that is looked for in it. */
export interface FoldedTerm {
  readonly text: string
  readonly words: readonly string[]
}

/** A term made ready for tests. */
export function foldedTerm(term: string): FoldedTerm {
  const text = lowerCase(term)
  let words: readonly string[] | undefined
  return {
    text,
    get words() {
      words ??= wordsOf(term)
      return words
    },
  }
}

/** Something to look for in terms. */
export interface TermTest {
  test(term: FoldedTerm, language: string): boolean
  /** Words that a term must have words beginning with, all of them; empty where nothing is known. */
  words: readonly string[]
}

/** Letters that are compared in the time of one step. */
const lettersPerStep = 8

/** What texts cost for each term in which they are looked for, in steps. */
export const weightOfTerms = (terms: readonly EclSearchTerm[]): number =>
  terms.reduce((total, { text }) => total + 2 + Math.ceil(text.length / lettersPerStep), 0)

/** What a quoted text looks for: words unless it says `wild:`. */
export function termTest({ kind, text }: EclSearchTerm): TermTest {
  return kind === 'wild' ? wildTest(text) : wordTest(unescaped(text))
}

function wordTest(text: string): TermTest {
  const wanted = wordsOf(text)
  const mark = lowerCase(text.trim())
  // Marks alone are no words: such a text is looked for as it stands.
  if (wanted.length === 0) return { words: [], test: (term, language) => contains(term.text, mark, language) }
  return {
    words: wanted,
    test: ({ words }, language) =>
      wanted.every((each) => words.some((word) => beginsWith(word, 0, { wanted: each, language }))),
  }
}

const contains = (text: string, wanted: string, language: string): boolean => {
  for (let at = 0; at + wanted.length <= text.length; at++) if (beginsWith(text, at, { wanted, language })) return true
  return false
}

/** Pieces between wildcards; each is found at the first place that it can have, which never makes a later one fail. */
function wildTest(text: string): TermTest {
  const all = piecesOf(text).map(lowerCase)
  const words = knownWords(all)
  const [first = '', ...others] = all
  const last = others.pop()
  if (last === undefined)
    return {
      words,
      test: ({ text: term }, language) =>
        term.length === first.length && beginsWith(term, 0, { wanted: first, language }),
    }
  // Wildcards side by side are one.
  const pieces = { first, between: others.filter((each) => each !== ''), last }
  return { words, test: ({ text: term }, language) => matchesPieces(term, pieces, language) }
}

/** The text cut at every `*` that has no `\` before it. */
function piecesOf(text: string): string[] {
  const pieces = ['']
  for (const [part] of text.matchAll(/\\["\\*]|[^\\]/gu)) {
    if (part === '*') pieces.push('')
    else pieces.push(pieces.pop() + (part.length > 1 ? unescaped(part) : part))
  }
  return pieces
}

interface Pieces {
  first: string
  between: readonly string[]
  last: string
}

function matchesPieces(term: string, { first, between, last }: Pieces, language: string): boolean {
  if (term.length < first.length + last.length || !beginsWith(term, 0, { wanted: first, language })) return false
  const end = term.length - last.length
  if (!beginsWith(term, end, { wanted: last, language })) return false
  let at = first.length
  for (const wanted of between) {
    while (at + wanted.length <= end && !beginsWith(term, at, { wanted, language })) at++
    if (at + wanted.length > end) return false
    at += wanted.length
  }
  return true
}

/** Words that begin in a piece: those behind a mark, and the first of a piece that begins the term. */
function knownWords(pieces: readonly string[]): string[] {
  return pieces.flatMap((piece, index) => {
    const words = [...piece.matchAll(WORDS)]
    return words.filter((each) => each.index > 0 || index === 0).map(([word]) => word)
  })
}
