import { EclError } from './ecl-error.ts'
import type { EclExpression, EclSubExpression } from './syntax.ts'

/** Characters of the longest expression that is read: room for ten thousand concepts joined by OR. */
const longestExpression = 200_000

/** Brackets within brackets that are read, of whatever kind. */
const deepestNesting = 256

const isSpace = (code: number) => code === 32 || code === 9 || code === 10 || code === 13
const isDigit = (code: number) => code >= 48 && code <= 57
const isAlpha = (code: number) => (code >= 65 && code <= 90) || (code >= 97 && code <= 122)

/** What the parsers of the parts of an expression share: the text, a position in it, and each other. */
export interface EclParser {
  readonly reader: EclReader
  expression(): EclExpression
  subExpression(): EclSubExpression
}

/** The text of an expression, read from left to right. */
export class EclReader {
  readonly text: string
  /** Offset of what is read next. */
  at = 0
  #depth = 0
  #closing: Map<number, number> | undefined

  constructor(text: string) {
    this.text = text
    if (text.length > longestExpression)
      this.fail(`the expression has ${text.length} characters; at most ${longestExpression} are read`, 0)
  }

  /** @throws EclError always */
  fail(reason: string, at = this.at): never {
    throw new EclError('syntax', reason, { text: this.text, at })
  }

  /** @throws EclError that names what was expected, and what stands there instead */
  expected(what: string): never {
    return this.fail(`expected ${what}, found ${this.found()}`)
  }

  /** What stands at the position, for a message. */
  found(): string {
    if (this.at >= this.text.length) return 'the end'
    const word = this.text.slice(this.at, this.at + 60).split(/\s/u)[0] ?? ''
    if (word !== '') return JSON.stringify(word.slice(0, 30))
    const code = this.text.charCodeAt(this.at).toString(16).toUpperCase()
    return `U+${code.padStart(4, '0')}, which is no space of the language`
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length
  }

  /** Skips spaces and comments; true when there was one. */
  space(): boolean {
    const from = this.at
    for (;;) {
      if (isSpace(this.text.charCodeAt(this.at))) this.at++
      else if (this.text.startsWith('/*', this.at)) {
        const end = this.text.indexOf('*/', this.at + 2)
        if (end < 0) this.fail('the comment has no end')
        this.at = end + 2
      } else return this.at > from
    }
  }

  looksAt(symbol: string): boolean {
    return this.text.startsWith(symbol, this.at)
  }

  /** Takes a symbol when it stands there. */
  take(symbol: string): boolean {
    if (!this.looksAt(symbol)) return false
    this.at += symbol.length
    return true
  }

  /** @throws EclError when the symbol does not stand there */
  need(symbol: string): void {
    if (!this.take(symbol)) this.expected(`'${symbol}'`)
  }

  looksAtDigit(): boolean {
    return isDigit(this.text.charCodeAt(this.at))
  }

  looksAtLetter(): boolean {
    return isAlpha(this.text.charCodeAt(this.at))
  }

  /** The letters that stand there, which are not taken. */
  word(): string {
    let end = this.at
    while (isAlpha(this.text.charCodeAt(end))) end++
    return this.text.slice(this.at, end)
  }

  /** Takes a whole word, whatever its case. */
  takeWord(wanted: string): boolean {
    const word = this.word()
    if (word.toLowerCase() !== wanted.toLowerCase()) return false
    this.at += word.length
    return true
  }

  /** Takes digits; an empty text when there are none. */
  digits(): string {
    const from = this.at
    while (isDigit(this.text.charCodeAt(this.at))) this.at++
    return this.text.slice(from, this.at)
  }

  /** Takes what matches a sticky pattern; undefined when nothing does. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }

  /** Tries to read something; where that fails nothing was read. */
  attempt<T>(read: () => T): T | undefined {
    const from = this.at
    const depth = this.#depth
    try {
      return read()
    } catch (error) {
      if (!(error instanceof EclError)) throw error
      this.at = from
      this.#depth = depth
      return undefined
    }
  }

  /** Reads what stands within brackets. @throws EclError when brackets stand within too many others */
  nested<T>(read: () => T): T {
    if (++this.#depth > deepestNesting) this.fail(`brackets stand within more than ${deepestNesting} others`)
    const value = read()
    this.#depth--
    return value
  }

  /** Offset behind the bracket that closes the one at an offset; undefined when there is none. */
  behindClosing(open: number): number | undefined {
    this.#closing ??= closingBrackets(this.text)
    return this.#closing.get(open)
  }
}

/** For every round bracket the offset behind its counterpart; those in texts, terms and comments are none. */
function closingBrackets(text: string): Map<number, number> {
  const closing = new Map<number, number>()
  const open: number[] = []
  const skip = /"(?:[^"\\]|\\.)*"|\|[^|]*\||\/\*[\s\S]*?\*\/|[()]/g
  for (const { 0: found, index } of text.matchAll(skip)) {
    if (found === '(') open.push(index)
    else if (found === ')') {
      const start = open.pop()
      if (start !== undefined) closing.set(start, index + 1)
    }
  }
  return closing
}
