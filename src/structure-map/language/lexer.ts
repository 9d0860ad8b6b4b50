/** What a token is. `double` is a string in double quotes, `delimited` a name in backticks, `metadata` a `/// key = value` line. */
type TokenKind = 'identifier' | 'delimited' | 'string' | 'double' | 'number' | 'date' | 'symbol' | 'metadata' | 'end'

/** A comment, without its marks. */
export interface Comment {
  text: string
  /** Begins on the line on which the token before it ended. */
  trailing: boolean
}

/** One token with the comments and the space before it. */
export interface Token {
  kind: TokenKind
  /** As it stands in the text. */
  text: string
  /** Names and strings without quotes and escapes; otherwise the text. */
  value: string
  offset: number
  end: number
  /** White space or a comment stands before it. */
  spaced: boolean
  /** Is the first of its line. */
  fresh: boolean
  comments: Comment[]
}

/** What the scanner could not read; it goes on after it. */
export interface LexicalError {
  offset: number
  length: number
  message: string
}

const IDENTIFIER = /\$?[A-Za-z_][A-Za-z0-9_]*/y
const NUMBER = /\d+(?:\.\d+|L\b)?/y
const DATE =
  /@(?:T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?|\d{4}(?:-\d\d(?:-\d\d)?)?(?:T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)?)?)/y
const SYMBOL = /->|\.\.|<<|>>|==|!=|!~|<=|>=|[-.,;:(){}[\]=<>+*/|&~%#!?@]/y
const METADATA = /\/\/\/[ \t]*[A-Za-z_][\w.[\]-]*[ \t]*=[ \t]*/y
const SPACE = /\s+/y
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', f: '\f' }

/** Splits FML (FHIRPath included) into tokens; the last one is of kind `end`. Never throws. */
export function tokenize(text: string): { tokens: Token[]; errors: LexicalError[] } {
  const scanner: Scanner = { text, at: text.charCodeAt(0) === 0xfeff ? 1 : 0, errors: [], unclosed: new Set() }
  const tokens: Token[] = []
  for (;;) {
    const token = next(scanner)
    tokens.push(token)
    if (token.kind === 'end') return { tokens, errors: scanner.errors }
  }
}

interface Scanner {
  text: string
  at: number
  errors: LexicalError[]
  /** Quotes of which one was never closed: looking for its end from every later one would take the square of the text. */
  unclosed: Set<string>
}

function match({ text, at }: Scanner, pattern: RegExp): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

function skipTrivia(scanner: Scanner): Pick<Token, 'spaced' | 'fresh' | 'comments'> {
  const { text } = scanner
  const before = scanner.at
  const comments: Comment[] = []
  let fresh = before <= 1
  for (;;) {
    const space = match(scanner, SPACE)
    if (space !== undefined) {
      scanner.at += space.length
      fresh ||= space.includes('\n')
      continue
    }
    const { at } = scanner
    if (text[at] !== '/' || (text[at + 1] !== '/' && text[at + 1] !== '*')) break
    if (text.startsWith('///', at) && match(scanner, METADATA) !== undefined) break
    comments.push({ text: text[at + 1] === '/' ? lineComment(scanner) : blockComment(scanner), trailing: !fresh })
  }
  return { spaced: scanner.at > before, fresh, comments }
}

function lineComment(scanner: Scanner): string {
  const end = lineEnd(scanner.text, scanner.at)
  const comment = scanner.text
    .slice(scanner.at, end)
    .replace(/^\/\/+/, '')
    .trim()
  scanner.at = end
  return comment
}

function blockComment(scanner: Scanner): string {
  const { text, at, errors } = scanner
  const close = text.indexOf('*/', at + 2)
  if (close < 0) errors.push({ offset: at, length: 2, message: 'This comment is never closed with */' })
  scanner.at = close < 0 ? text.length : close + 2
  return text.slice(at + 2, close < 0 ? text.length : close).trim()
}

function quoted(scanner: Scanner, quote: string): string {
  const { text } = scanner
  const start = scanner.at
  const end = scanner.unclosed.has(quote) ? lineEnd(text, start) : text.length
  let value = ''
  for (scanner.at++; scanner.at < end; scanner.at++) {
    const char = text[scanner.at] ?? ''
    if (char === quote) {
      scanner.at++
      return value
    }
    value += char === '\\' ? escaped(scanner) : char
  }
  scanner.unclosed.add(quote)
  scanner.errors.push({ offset: start, length: 1, message: `This ${quote} is never closed` })
  scanner.at = lineEnd(text, start)
  return text.slice(start + 1, scanner.at)
}

function escaped(scanner: Scanner): string {
  const { text } = scanner
  const char = text[++scanner.at] ?? ''
  if (char === 'u') {
    const digits = /^[0-9a-fA-F]{4}/.exec(text.slice(scanner.at + 1, scanner.at + 5))?.[0]
    if (digits) {
      scanner.at += 4
      return String.fromCharCode(Number.parseInt(digits, 16))
    }
  }
  if (Object.hasOwn(ESCAPES, char)) return ESCAPES[char] ?? ''
  if (char !== '' && '\'"`\\/'.includes(char)) return char
  scanner.errors.push({
    offset: scanner.at - 1,
    length: 2,
    message: `Unknown escape \\${char}; allowed are \\\\ \\' \\" \\\` \\/ \\n \\r \\t \\f \\uXXXX`,
  })
  return char
}

function metadata(scanner: Scanner, prefix: string): string {
  const { text } = scanner
  scanner.at += prefix.length
  const { at } = scanner
  if (text.startsWith('"""', at)) {
    const close = text.indexOf('"""', at + 3)
    if (close < 0) scanner.errors.push({ offset: at, length: 3, message: 'This """ is never closed' })
    scanner.at = close < 0 ? text.length : close + 3
    const value = text.slice(at + 3, close < 0 ? text.length : close)
    return `"""${value.replace(/^[ \t]*\r?\n/, '').replace(/\r?\n[ \t]*$/, '')}`
  }
  scanner.at = lineEnd(text, at)
  return text.slice(at, scanner.at).trim()
}

function next(scanner: Scanner): Token {
  const { text } = scanner
  const trivia = skipTrivia(scanner)
  const offset = scanner.at
  const make = (kind: TokenKind, value?: string): Token => {
    const raw = text.slice(offset, scanner.at)
    return { kind, text: raw, value: value ?? raw, offset, end: scanner.at, ...trivia }
  }
  if (offset >= text.length) return make('end')
  const char = text[offset] ?? ''
  if (char === "'" || char === '"' || char === '`') {
    const value = quoted(scanner, char)
    return make(char === "'" ? 'string' : char === '"' ? 'double' : 'delimited', value)
  }
  for (const [kind, pattern] of PATTERNS) {
    const found = match(scanner, pattern)
    if (found === undefined) continue
    if (kind === 'metadata') return make(kind, metadata(scanner, found))
    scanner.at += found.length
    return make(kind)
  }
  const length = (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1
  scanner.errors.push({ offset, length, message: `Unexpected character ${text.slice(offset, offset + length)}` })
  scanner.at += length
  return make('symbol')
}

const PATTERNS: [TokenKind, RegExp][] = [
  ['metadata', METADATA],
  ['identifier', IDENTIFIER],
  ['number', NUMBER],
  ['date', DATE],
  ['symbol', SYMBOL],
]

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  if (end < 0) return text.length
  return text[end - 1] === '\r' ? end - 1 : end
}
