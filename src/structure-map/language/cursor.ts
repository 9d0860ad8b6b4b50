import { type IssueCode, issue } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'
import { type Comment, type Token, tokenize } from './lexer.ts'
import { describePosition, type Position, positionFinder, type Span } from './position.ts'

/** System of the codes that name a lenient form, `fml-lenient-<name>`. */
const LENIENT_SYSTEM = 'http://vidimus.org/fhir/CodeSystem/fml-lenient'

/** Most issues that one text is reported for; what comes after is noise. */
const ISSUE_LIMIT = 1000

/** Ends the parsing of one rule or declaration; the parser goes on behind it. */
export class SyntaxFault extends Error {}

/** Walks over the tokens of one map and collects what is wrong with it. */
export interface Cursor {
  /** The token under the cursor. */
  readonly token: Token
  peek(ahead: number): Token
  advance(): Token
  /** Whether the token under the cursor is that symbol or bare word. */
  is(text: string): boolean
  /** Steps over it when it is there. */
  take(text: string): boolean
  /** Steps over it or fails. */
  expect(text: string, where: string): Token
  /** Records an error at the token under the cursor and throws. */
  fail(message: string): never
  error(at: Token, message: string): void
  /** Records a form that the specification does not allow: a warning, or an error when strict. */
  lenient(name: string, at: Token | Position, message: string): void
  index(): number
  /** Text of the tokens from one index to before another: one space where there was any, strings in single quotes. */
  render(from: number, to: number, asEngineWants?: boolean): string
  /** Keeps where an element stood: from the token with that index to the one before the cursor. */
  mark(element: object, from: number): void
  spanOf(element: object): Span | undefined
  position(token: Token): Position
  /** Comments met since the last call. */
  takeComments(): Comment[]
  /** Puts comments in front of those met since. */
  returnComments(kept: Comment[]): void
  readonly issues: Issue[]
}

/** A cursor at the first token; `strict` makes errors of lenient forms. */
export function createCursor(text: string, strict: boolean): Cursor {
  const { tokens: scanned, errors } = tokenize(text)
  const tokens = withoutLateMetadata(scanned)
  const find = positionFinder(text)
  const issues: Issue[] = []
  const end = tokens[tokens.length - 1] as Token // tokenize always gives at least the end token
  const spans = new WeakMap<object, Span>()
  let at = 0
  const comments = commentsFrom(tokens[0])

  const report = (severity: 'error' | 'warning', at: Position, message: string, lenient?: string) => {
    if (issues.length < ISSUE_LIMIT) issues.push(positionedIssue(severity, at, message, lenient))
  }
  for (const each of errors) report('error', find(each.offset), each.message)
  const unread = new Set(errors.map((each) => each.offset))

  const cursor: Cursor = {
    get token() {
      return tokens[at] ?? end
    },
    peek: (ahead) => tokens[at + ahead] ?? end,
    advance() {
      const token = cursor.token
      if (at < tokens.length - 1) {
        at++
        comments.meet(cursor.token)
      }
      return token
    },
    is(text) {
      const { token } = cursor
      return token.text === text && (token.kind === 'symbol' || token.kind === 'identifier')
    },
    take(text) {
      if (!cursor.is(text)) return false
      cursor.advance()
      return true
    },
    expect(text, where) {
      if (!cursor.is(text)) cursor.fail(`Expected '${text}' ${where}, found ${describeToken(cursor.token)}`)
      return cursor.advance()
    },
    fail(message) {
      cursor.error(cursor.token, message)
      throw new SyntaxFault(message)
    },
    error(token, message) {
      // What the scanner could not read there has been told.
      if (!unread.has(token.offset)) report('error', find(token.offset), message)
      // So much is wrong that more of it helps nobody: the rest is passed over.
      if (issues.length >= ISSUE_LIMIT) at = tokens.length - 1
    },
    lenient: (name, at, message) =>
      report(strict ? 'error' : 'warning', 'line' in at ? at : find(at.offset), message, name),
    index: () => at,
    render: (from, to, asEngineWants = false) => renderTokens(tokens, { from, to, asEngineWants }),
    mark(element, from) {
      const offset = (tokens[from] ?? end).offset
      spans.set(element, { ...find(offset), offset, length: Math.max(0, (tokens[at - 1] ?? end).end - offset) })
    },
    spanOf: (element) => spans.get(element),
    position: (token) => find(token.offset),
    takeComments: comments.take,
    returnComments: comments.giveBack,
    issues,
  }
  return cursor
}

/** Comments that have been met and belong to nothing yet. */
function commentsFrom(first: Token | undefined) {
  let met: Comment[] = [...(first?.comments ?? [])]
  return {
    meet({ comments }: Token) {
      for (const each of comments) met.push(each)
    },
    take() {
      const taken = met
      met = []
      return taken
    },
    giveBack(kept: Comment[]) {
      met = [...kept, ...met]
    },
  }
}

/** An issue whose `diagnostics` starts with line and column. */
export function positionedIssue(
  severity: 'error' | 'warning',
  position: Position,
  message: string,
  lenient?: string,
): Issue {
  const code: IssueCode = lenient ? 'informational' : 'invalid'
  return issue(severity === 'error' ? 'invalid' : code, {
    severity,
    text: message,
    diagnostics: `${describePosition(position)}: ${message}`,
    ...(lenient ? { coding: { system: LENIENT_SYSTEM, code: `fml-lenient-${lenient}` } } : {}),
  })
}

/** How a token is named in a message. */
export function describeToken(token: Token): string {
  if (token.kind === 'end') return 'the end of the text'
  const text = token.text.length > 40 ? `${token.text.slice(0, 40)}…` : token.text
  return token.kind === 'string' || token.kind === 'double' ? text : `'${text}'`
}

/** Writes a FHIRPath string literal. */
export function quoteString(value: string): string {
  return `'${escapeText(value, "'")}'`
}

/** Escapes a text for a literal in that quote. */
export function escapeText(value: string, quote: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to be escaped
  return value.replace(/[\\'"`\u0000-\u001f]/g, (char) => {
    if (char === '\\') return '\\\\'
    if (char === "'" || char === '"' || char === '`') return char === quote ? `\\${char}` : char
    return CONTROL[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** A `/// key = value` line after the first group is an ordinary comment. */
function withoutLateMetadata(tokens: Token[]): Token[] {
  const group = tokens.findIndex((token) => token.kind === 'identifier' && token.text === 'group')
  if (group < 0 || !tokens.some((token, index) => index > group && token.kind === 'metadata')) return tokens
  const kept: Token[] = []
  let carried: Comment[] = []
  for (const [index, token] of tokens.entries()) {
    if (index > group && token.kind === 'metadata') {
      for (const comment of token.comments) carried.push(comment)
      carried.push({ text: token.text.replace(/^\/+/, '').trim(), trailing: false })
    } else if (carried.length > 0) {
      kept.push({ ...token, spaced: true, comments: carried.concat(token.comments) })
      carried = []
    } else kept.push(token)
  }
  return kept
}

const CONTROL: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\f': '\\f' }

function renderTokens(
  tokens: Token[],
  { from, to, asEngineWants }: { from: number; to: number; asEngineWants: boolean },
): string {
  let text = ''
  for (let i = from; i < to; i++) {
    const token = tokens[i]
    if (!token) break
    if (i > from && token.spaced) text += ' '
    const isWord = asEngineWants && token.kind === 'identifier' && isReserved(token, tokens[i - 1])
    text += token.kind === 'double' ? quoteString(token.value) : isWord ? `\`${token.text}\`` : token.text
  }
  return text
}

/** Words that the grammar of FHIRPath keeps for itself (http://hl7.org/fhirpath/N1/#keywords) and maps use as names: `text.div`, `year`. */
function isReserved({ text }: Token, before: Token | undefined): boolean {
  if (before?.text === '.') return RESERVED.test(text) || CALENDAR_UNIT.test(text)
  return before?.kind !== 'number' && CALENDAR_UNIT.test(text)
}

const RESERVED = /^(?:and|div|implies|mod|or|xor)$/
const CALENDAR_UNIT = /^(?:year|month|week|day|hour|minute|second|millisecond)s?$/
