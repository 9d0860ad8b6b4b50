import { isSctid } from '../sctid.ts'
import {
  type ConceptReference,
  type Expression,
  type ExpressionAttribute,
  ExpressionError,
  type ExpressionValue,
  type SubExpression,
} from './expression.ts'

/** Longest text that is read, and how deep expressions may be nested in it. */
export const LONGEST = 4_000
const DEEPEST = 20

/**
 * Reads an expression (SNOMED CT Compositional Grammar 2.x, with the syntax of version 1 for numbers).
 * @throws ExpressionError with the position of what is not understood
 */
export function parseExpression(text: string): Expression {
  if (text.length > LONGEST) throw new ExpressionError(`The expression is longer than ${LONGEST} characters`, LONGEST)
  return new Parser(text).whole()
}

/** Whether a text may be an expression and is no plain identifier. */
export const looksLikeExpression = (text: string): boolean =>
  /^\s*(?:===|<<<)?\s*\d{6,18}\s*[|:+]|^\s*(?:===|<<<)/.test(text)

/** Recursive descent; one method for each rule of the grammar. */
class Parser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): Expression {
    this.#space()
    const definition = this.#takes('<<<') ? '<<<' : '==='
    if (definition === '===') this.#takes('===')
    const expression = this.#expression(0)
    if (this.#at < this.#text.length) throw this.#unexpected('the end of the expression')
    return { definition, ...expression }
  }

  #expression(depth: number): SubExpression {
    const focus = [this.#concept()]
    while (this.#takes('+')) focus.push(this.#concept())
    const refined: SubExpression = { focus, ungrouped: [], groups: [] }
    if (this.#takes(':')) this.#refinement(refined, depth)
    return refined
  }

  #refinement({ ungrouped, groups }: SubExpression, depth: number): void {
    if (!this.#isNext('{')) {
      ungrouped.push(this.#attribute(depth))
      while (this.#takes(',')) {
        if (this.#isNext('{')) break
        ungrouped.push(this.#attribute(depth))
      }
      if (!this.#isNext('{')) return
    }
    // A comma between groups may be left out.
    do groups.push(this.#group(depth))
    while (this.#takes(',') || this.#isNext('{'))
  }

  #group(depth: number): ExpressionAttribute[] {
    if (!this.#takes('{')) throw this.#unexpected('a group of attributes')
    const group = [this.#attribute(depth)]
    while (this.#takes(',')) group.push(this.#attribute(depth))
    if (!this.#takes('}')) throw this.#unexpected("',' or '}'")
    return group
  }

  #attribute(depth: number): ExpressionAttribute {
    const name = this.#concept()
    if (!this.#takes('=')) throw this.#unexpected("'='")
    return { name, value: this.#value(depth) }
  }

  #value(depth: number): ExpressionValue {
    if (this.#isNext('(')) {
      if (depth >= DEEPEST) throw new ExpressionError(`Expressions are nested deeper than ${DEEPEST}`, this.#at)
      this.#takes('(')
      const nested = this.#expression(depth + 1)
      if (!this.#takes(')')) throw this.#unexpected("')'")
      return { nested }
    }
    const concrete = this.#matches(/#[+-]?(?:0|[1-9]\d*)(?:\.\d+)?|"(?:[^"\\]|\\["\\])*"|true\b|false\b/iy)
    if (concrete === undefined) return { concept: this.#concept() }
    return { concrete: /^[tf]/i.test(concrete) ? concrete.toLowerCase() : concrete.replace(/^#\+/, '#') }
  }

  #concept(): ConceptReference {
    const at = this.#at
    const id = this.#matches(/\d+/y)
    if (id === undefined) throw this.#unexpected('a concept')
    if (!isSctid(id)) throw new ExpressionError(`'${id}' is no identifier of SNOMED CT`, at)
    const bar = this.#at
    if (!this.#takes('|')) return { id, at }
    const end = this.#text.indexOf('|', this.#at)
    if (end < 0) throw new ExpressionError('The term is not ended by a bar', bar)
    const term = this.#text.slice(this.#at, end).trim()
    if (term === '') throw new ExpressionError('There is no term between the bars', bar)
    this.#at = end + 1
    this.#space()
    return { id, term, at }
  }

  #isNext(sign: string): boolean {
    return this.#text.startsWith(sign, this.#at)
  }

  #takes(sign: string): boolean {
    if (!this.#isNext(sign)) return false
    this.#at += sign.length
    this.#space()
    return true
  }

  #matches(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found === undefined) return undefined
    this.#at += found.length
    this.#space()
    return found
  }

  #space(): void {
    while (/[ \t\r\n]/.test(this.#text.charAt(this.#at))) this.#at++
  }

  #unexpected(expected: string): ExpressionError {
    const found = this.#at < this.#text.length ? `'${[...this.#text.slice(this.#at, this.#at + 20)][0]}'` : 'nothing'
    return new ExpressionError(`Expected ${expected}, found ${found}`, this.#at)
  }
}
