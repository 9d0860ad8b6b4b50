/**
 * The language of `_filter` (https://hl7.org/fhir/R4/search_filter.html#grammar), from text to tree. It knows no types and no
 * parameters. One pass from left to right, nothing is looked at twice; depth, length and number of tests are bounded.
 */
import { badRequest, type FhirError } from '../error.ts'

/** All comparisons of the language. */
const filterOperators = [
  ...['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'lt', 'ge', 'le', 'ap', 'sa', 'eb'],
  ...['pr', 'po', 'ss', 'sb', 'in', 'ni', 're'],
] as const

/** A comparison of the language. */
export type FilterOperator = (typeof filterOperators)[number]

/** One name of a path; `has` stands before it where it is a reverse chain. */
export interface FilterStep {
  /** Column, from 1. */
  at: number
  name: string
  has?: { type: string; by: string }
  /** What stands in brackets: what the resource that the name refers to must meet. */
  filter?: FilterNode
}

/** A comparison: path, operator, value. */
export interface FilterTest {
  kind: 'test'
  path: FilterStep[]
  operator: FilterOperator
  value: string
  /** Column of the operator, and of the value. */
  operatorAt: number
  valueAt: number
}

/** A filter. `and` and `or` have no precedence: they are taken from left to right. */
export type FilterNode = FilterTest | { kind: 'and' | 'or'; parts: FilterNode[] } | { kind: 'not'; part: FilterNode }

const mostCharacters = 10_000
const mostDepth = 20
const mostTests = 50

/** 400 that says where in the filter something is wrong; columns count from 1. */
export function filterError(
  column: number,
  text: string,
  code: 'invalid' | 'not-supported' | 'too-costly' = 'invalid',
): FhirError {
  const expression = 'http._filter'
  return badRequest({ text: `_filter, column ${column}: ${text}`, expression, diagnostics: `column ${column}` }, code)
}

/** Reads a filter. @throws FhirError 400 with the column */
export function readFilter(text: string): FilterNode {
  if (text.length > mostCharacters)
    throw filterError(mostCharacters + 1, `longer than ${mostCharacters} characters.`, 'too-costly')
  return new Reader(text).whole()
}

class Reader {
  readonly #text: string
  #at = 0
  #tests = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): FilterNode {
    const node = this.#filter(0)
    this.#space()
    if (this.#at < this.#text.length) throw this.#wanted('"and", "or" or the end')
    return node
  }

  #filter(depth: number): FilterNode {
    if (depth > mostDepth) throw filterError(this.#at + 1, `more than ${mostDepth} levels of brackets.`, 'too-costly')
    let node = this.#term(depth)
    for (;;) {
      const from = this.#at
      const hasSpace = this.#space()
      const word = this.#word()
      if (!hasSpace || (word !== 'and' && word !== 'or')) {
        this.#at = from
        return node
      }
      const next = this.#term(depth)
      const before = 'parts' in node && node.kind === word ? node.parts : [node]
      node = { kind: word, parts: [...before, next] }
    }
  }

  #term(depth: number): FilterNode {
    this.#space()
    const from = this.#at
    const word = this.#word()
    if (word === 'not') {
      this.#space()
      if (this.#text[this.#at] === '(') return { kind: 'not', part: this.#bracketed(depth) }
    }
    this.#at = from
    if (this.#text[from] !== '(') return this.#test(depth)
    return this.#bracketed(depth)
  }

  #bracketed(depth: number): FilterNode {
    this.#at++
    const node = this.#filter(depth + 1)
    this.#space()
    if (this.#text[this.#at] !== ')') throw this.#wanted('")"')
    this.#at++
    return node
  }

  #test(depth: number): FilterTest {
    if (++this.#tests > mostTests) throw filterError(this.#at + 1, `more than ${mostTests} comparisons.`, 'too-costly')
    const path = [this.#step(depth)]
    while (this.#text[this.#at] === '.') {
      this.#at++
      path.push(this.#step(depth))
    }
    const last = path.at(-1)
    if (last?.filter) throw this.#wanted('"." and a parameter after the brackets')
    this.#gap('a comparison')
    const operatorAt = this.#at + 1
    const word = this.#word()
    const operator = filterOperators.find((each) => each === word)
    if (!operator) throw filterError(operatorAt, `a comparison is wanted: ${filterOperators.join(' ')}.`)
    this.#gap('a value')
    const valueAt = this.#at + 1
    return { kind: 'test', path, operator, value: this.#value(), operatorAt, valueAt }
  }

  #step(depth: number): FilterStep {
    const at = this.#at + 1
    let name = this.#name()
    const step: FilterStep = { at, name }
    if (name === '_has') {
      const type = this.#afterColon()
      const by = this.#afterColon()
      step.has = { type, by }
      name = this.#afterColon()
      step.name = name
    }
    if (this.#text[this.#at] !== '[') return step
    this.#at++
    step.filter = this.#filter(depth + 1)
    this.#space()
    if (this.#text[this.#at] !== ']') throw this.#wanted('"]"')
    this.#at++
    return step
  }

  #afterColon(): string {
    if (this.#text[this.#at] !== ':') throw this.#wanted('":", as in _has:Type:reference:parameter')
    this.#at++
    return this.#name()
  }

  #name(): string {
    const from = this.#at
    if (!isNameStart(this.#code())) throw this.#wanted('the name of a search parameter')
    while (isNameStart(this.#code()) || isDigit(this.#code()) || this.#text[this.#at] === '-') this.#at++
    return this.#text.slice(from, this.#at)
  }

  /** A word of small letters, or nothing. */
  #word(): string {
    const from = this.#at
    for (let code = this.#code(); code >= 97 && code <= 122; code = this.#code()) this.#at++
    return this.#text.slice(from, this.#at)
  }

  #value(): string {
    const from = this.#at
    if (this.#text[from] === '"') return this.#quoted()
    while (this.#at < this.#text.length && !isEnd(this.#text[this.#at] ?? '')) this.#at++
    if (this.#at === from) throw this.#wanted('a value')
    return this.#text.slice(from, this.#at)
  }

  #quoted(): string {
    const from = this.#at
    for (this.#at++; this.#text[this.#at] !== '"'; this.#at++) {
      if (this.#at >= this.#text.length) throw filterError(from + 1, 'the quote is never closed.')
      if (this.#text[this.#at] === '\\') this.#at++
    }
    this.#at++
    const next = this.#text[this.#at]
    if (next !== undefined && !isEnd(next)) throw this.#wanted('a space or a bracket after the quote')
    try {
      return String(JSON.parse(this.#text.slice(from, this.#at)))
    } catch {
      throw filterError(from + 1, 'this is not a string of JSON.')
    }
  }

  #code(): number {
    return this.#text.charCodeAt(this.#at)
  }

  /** Passes over white space; whether there was any. */
  #space(): boolean {
    const from = this.#at
    while (isSpace(this.#text[this.#at] ?? '')) this.#at++
    return this.#at > from
  }

  #gap(next: string): void {
    if (!this.#space()) throw this.#wanted(`a space and ${next}`)
  }

  #wanted(what: string): FhirError {
    return filterError(this.#at + 1, `${what} is wanted here.`)
  }
}

const isSpace = (character: string): boolean => /^\s$/u.test(character)
const isEnd = (character: string): boolean => character === ')' || character === ']' || isSpace(character)
const isDigit = (code: number): boolean => code >= 48 && code <= 57
const isNameStart = (code: number): boolean => code === 95 || (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
