/** What a token is. `double` is a string in double quotes, `delimited` a name in backticks, `metadata` a `/// key = value` line. */
export type TokenKind =
  | 'identifier'
  | 'delimited'
  | 'string'
  | 'double'
  | 'number'
  | 'date'
  | 'symbol'
  | 'metadata'
  | 'end'

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
  const scanner = createScanner(text)
  const tokens: Token[] = []
  let token = scanner.next()
  for (; token.kind !== 'end'; token = scanner.next()) tokens.push(token)
  tokens.push(token)
  return { tokens, errors: scanner.errors }
}

interface Scanner {
  next(): Token
  errors: LexicalError[]
}

function createScanner(text: string): Scanner {
  const errors: LexicalError[] = []
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0]
  }

  function skipTrivia(): { spaced: boolean; comments: Comment[] } {
    const before = at
    const comments: Comment[] = []
    let fresh = before === 0
    for (;;) {
      const space = match(SPACE)
      if (space !== undefined) {
        at += space.length
        fresh ||= space.includes('\n')
        continue
      }
      if (text[at] !== '/' || (text[at + 1] !== '/' && text[at + 1] !== '*')) break
      if (text[at + 2] === '/' && text[at + 1] === '/' && match(METADATA) !== undefined) break
      const comment = text[at + 1] === '/' ? lineComment() : blockComment()
      comments.push({ text: comment, trailing: !fresh })
    }
    return { spaced: at > before, comments }
  }

  function lineComment(): string {
    const end = lineEnd(text, at)
    const comment = text.slice(at, end).replace(/^\/\/+/, '').trim()
    at = end
    return comment
  }

  function blockComment(): string {
    const close = text.indexOf('*/', at + 2)
    if (close < 0) errors.push({ offset: at, length: 2, message: 'This comment is never closed with */' })
    const end = close < 0 ? text.length : close + 2
    const comment = text.slice(at + 2, close < 0 ? text.length : close).trim()
    at = end
    return comment
  }

  function quoted(quote: string): string {
    const start = at
    let value = ''
    for (at++; at < text.length; at++) {
      const char = text[at] ?? ''
      if (char === quote) {
        at++
        return value
      }
      value += char === '\\' ? escaped() : char
    }
    errors.push({ offset: start, length: 1, message: `This ${quote} is never closed` })
    at = lineEnd(text, start)
    return text.slice(start + 1, at)
  }

  function escaped(): string {
    const char = text[++at] ?? ''
    if (char === 'u') {
      const digits = /^[0-9a-fA-F]{4}/.exec(text.slice(at + 1, at + 5))?.[0]
      if (digits) {
        at += 4
        return String.fromCharCode(Number.parseInt(digits, 16))
      }
    }
    if (char in ESCAPES) return ESCAPES[char] ?? ''
    if ('\'"`\\/'.includes(char)) return char
    errors.push({
      offset: at - 1,
      length: 2,
      message: `Unknown escape \\${char}; allowed are \\\\ \\' \\" \\\` \\/ \\n \\r \\t \\f \\uXXXX`,
    })
    return char
  }

  function metadata(prefix: string): string {
    at += prefix.length
    if (text.startsWith('"""', at)) {
      const close = text.indexOf('"""', at + 3)
      if (close < 0) errors.push({ offset: at, length: 3, message: 'This """ is never closed' })
      const value = text.slice(at + 3, close < 0 ? text.length : close)
      at = close < 0 ? text.length : close + 3
      return `"""${value.replace(/^[ \t]*\r?\n/, '').replace(/\r?\n[ \t]*$/, '')}`
    }
    const end = lineEnd(text, at)
    const value = text.slice(at, end).trim()
    at = end
    return value
  }

  function next(): Token {
    const trivia = skipTrivia()
    const offset = at
    const make = (kind: TokenKind, value?: string): Token => {
      const raw = text.slice(offset, at)
      return { kind, text: raw, value: value ?? raw, offset, end: at, ...trivia }
    }
    if (at >= text.length) return make('end')
    const char = text[at] ?? ''
    if (char === "'" || char === '"' || char === '`') {
      const value = quoted(char)
      return make(char === "'" ? 'string' : char === '"' ? 'double' : 'delimited', value)
    }
    for (const [kind, pattern] of PATTERNS) {
      const found = match(pattern)
      if (found === undefined) continue
      if (kind === 'metadata') return make(kind, metadata(found))
      at += found.length
      return make(kind)
    }
    const length = (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
    errors.push({ offset, length, message: `Unexpected character ${text.slice(at, at + length)}` })
    at += length
    return next()
  }

  return { next, errors }
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
