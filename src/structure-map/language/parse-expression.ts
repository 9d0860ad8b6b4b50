import { type Cursor, describeToken } from './cursor.ts'
import type { Token } from './lexer.ts'

/** Types of literals, named as in FHIRPath (http://hl7.org/fhirpath/N1/#literals). */
type LiteralType = 'string' | 'boolean' | 'integer' | 'decimal' | 'date' | 'dateTime' | 'time'

/** A parsed FHIRPath expression. `from` and `to` are token indexes of the cursor that read it. */
export type Expression = {
  from: number
  to: number
} /** `exact` is the text of a decimal, whose precision is part of its value. */ & (
  | { kind: 'literal'; type: LiteralType; value: string | number | boolean; exact?: string }
  | { kind: 'quantity'; value: number; unit: string }
  | { kind: 'empty' }
  | { kind: 'this'; name: '$this' | '$index' | '$total' }
  | { kind: 'variable'; name: string }
  | { kind: 'member'; target?: Expression; name: string }
  | { kind: 'call'; target?: Expression; name: string; arguments: Expression[] }
  | { kind: 'index'; target: Expression; index: Expression }
  | { kind: 'unary'; operator: '+' | '-'; operand: Expression }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression }
  | { kind: 'type'; operator: 'is' | 'as'; operand: Expression; type: string }
  | { kind: 'group'; inner: Expression }
)

/** Visits an expression and all that it is made of. */
export function visitExpression(expression: Expression, visit: (each: Expression) => void): void {
  visit(expression)
  for (const part of partsOf(expression)) visitExpression(part, visit)
}

/** The expressions that one is made of. */
export function partsOf(expression: Expression): Expression[] {
  switch (expression.kind) {
    case 'member':
      return expression.target ? [expression.target] : []
    case 'call':
      return [...(expression.target ? [expression.target] : []), ...expression.arguments]
    case 'index':
      return [expression.target, expression.index]
    case 'binary':
      return [expression.left, expression.right]
    case 'unary':
    case 'type':
      return [expression.operand]
    case 'group':
      return [expression.inner]
    default:
      return []
  }
}

/** Binding powers (http://hl7.org/fhirpath/N1/#operator-precedence); a higher one binds tighter. */
const POWERS: Record<string, number> = {
  implies: 1,
  or: 2,
  xor: 2,
  and: 3,
  in: 4,
  contains: 4,
  '=': 5,
  '~': 5,
  '!=': 5,
  '!~': 5,
  '<': 6,
  '<=': 6,
  '>': 6,
  '>=': 6,
  '|': 7,
  is: 8,
  as: 8,
  '+': 9,
  '-': 9,
  '&': 9,
  '*': 10,
  '/': 10,
  div: 10,
  mod: 10,
}
const UNARY_POWER = 11
const CALENDAR_UNIT = /^(year|month|week|day|hour|minute|second|millisecond)s?$/
/** Deeper nesting than any sensible map has; keeps hostile text from exhausting the stack. */
const DEPTH_LIMIT = 200

/**
 * Reads the longest FHIRPath expression at the cursor; that is how an expression without parentheses ends.
 * `withoutAs` leaves `as v` to the caller. Fails with a SyntaxFault.
 */
export function parseExpression(cursor: Cursor, withoutAs = false): Expression {
  return binary({ cursor, depth: 0 }, 0, withoutAs)
}

interface Reader {
  cursor: Cursor
  depth: number
}

function binary(reader: Reader, minimum: number, noAs: boolean): Expression {
  const { cursor } = reader
  if (++reader.depth > DEPTH_LIMIT) cursor.fail(`Expressions nest deeper than ${DEPTH_LIMIT}`)
  let left = prefix(reader, cursor.index(), noAs)
  for (;;) {
    const { kind, text: operator } = cursor.token
    const power =
      (kind === 'symbol' || kind === 'identifier') && Object.hasOwn(POWERS, operator) ? POWERS[operator] : undefined
    if (power === undefined || power <= minimum || (noAs && operator === 'as')) break
    cursor.advance()
    if (operator === 'is' || operator === 'as') {
      const type = typeName(cursor)
      left = { kind: 'type', operator, operand: left, type, from: left.from, to: cursor.index() }
    } else {
      const right = binary(reader, power, noAs)
      left = { kind: 'binary', operator, left, right, from: left.from, to: right.to }
    }
  }
  reader.depth--
  return left
}

function prefix(reader: Reader, from: number, noAs: boolean): Expression {
  const { cursor } = reader
  const { kind, text } = cursor.token
  if (kind !== 'symbol' || (text !== '+' && text !== '-')) return postfix(reader, term(reader, from), from)
  cursor.advance()
  const operand = binary(reader, UNARY_POWER, noAs)
  return { kind: 'unary', operator: text, operand, from, to: operand.to }
}

function postfix(reader: Reader, start: Expression, from: number): Expression {
  const { cursor } = reader
  let target = start
  for (;;) {
    if (cursor.take('.')) {
      target = invocation(reader, from, target)
    } else if (cursor.take('[')) {
      const index = binary(reader, 0, false)
      cursor.expect(']', 'after the index')
      target = { kind: 'index', target, index, from, to: cursor.index() }
    } else return target
  }
}

function term(reader: Reader, from: number): Expression {
  const { cursor } = reader
  const { token } = cursor
  const literal = readLiteral(cursor)
  if (literal) return literal
  if (cursor.take('(')) {
    const inner = binary(reader, 0, false)
    cursor.expect(')', 'to close the parenthesis')
    return { kind: 'group', inner, from, to: cursor.index() }
  }
  if (cursor.take('%')) return variable(cursor, from)
  if (cursor.is('{') && cursor.peek(1).text === '}') {
    cursor.advance()
    cursor.advance()
    return { kind: 'empty', from, to: cursor.index() }
  }
  if (token.kind === 'identifier' || token.kind === 'delimited') return invocation(reader, from)
  return cursor.fail(`Expected a FHIRPath expression, found ${describeToken(token)}`)
}

function variable(cursor: Cursor, from: number): Expression {
  const { token } = cursor
  if (token.kind === 'symbol' || token.kind === 'number' || token.kind === 'end') {
    cursor.fail('Expected the name of a variable after %')
  }
  cursor.advance()
  return { kind: 'variable', name: token.value, from, to: cursor.index() }
}

function invocation(reader: Reader, from: number, target?: Expression): Expression {
  const { cursor } = reader
  const { token } = cursor
  if (!isName(token)) cursor.fail(`Expected a name after '.', found ${describeToken(token)}`)
  if (/^\$(?!(?:this|index|total)$)/.test(token.value))
    cursor.fail(`Expected $this, $index or $total, found ${token.value}`)
  cursor.advance()
  if (token.value === '$this' || token.value === '$index' || token.value === '$total') {
    return { kind: 'this', name: token.value, from, to: cursor.index() }
  }
  const of = target ? { target } : {}
  if (token.kind === 'double' || !cursor.take('(')) {
    return { kind: 'member', name: token.value, ...of, from, to: cursor.index() }
  }
  const args: Expression[] = []
  while (!cursor.is(')')) {
    args.push(binary(reader, 0, false))
    if (!cursor.take(',')) break
  }
  cursor.expect(')', `after the arguments of ${token.value}`)
  return { kind: 'call', name: token.value, arguments: args, ...of, from, to: cursor.index() }
}

function isName(token: Token): boolean {
  return token.kind === 'identifier' || token.kind === 'delimited' || token.kind === 'double'
}

function typeName(cursor: Cursor): string {
  let name = ''
  do {
    const { token } = cursor
    if (token.kind !== 'identifier' && token.kind !== 'delimited') {
      cursor.fail(`Expected the name of a type, found ${describeToken(token)}`)
    }
    cursor.advance()
    name += name ? `.${token.value}` : token.value
  } while (cursor.take('.'))
  return name
}

/** Reads a literal when one stands at the cursor; double-quoted strings count and are noted as lenient. */
export function readLiteral(cursor: Cursor): Expression | undefined {
  const { token } = cursor
  const from = cursor.index()
  const made = (type: LiteralType, value: string | number | boolean): Expression => {
    cursor.advance()
    return { kind: 'literal', type, value, from, to: cursor.index() }
  }
  if (token.kind === 'string') return made('string', token.value)
  if (token.kind === 'double') {
    cursor.lenient('double-quoted-string', token, `FHIRPath strings take single quotes: ${token.text}`)
    return made('string', token.value)
  }
  if (token.kind === 'date') {
    const type = token.text[1] === 'T' ? 'time' : token.text.includes('T') ? 'dateTime' : 'date'
    return made(type, token.text.slice(type === 'time' ? 2 : 1))
  }
  if (token.kind === 'identifier' && (token.text === 'true' || token.text === 'false')) {
    return made('boolean', token.text === 'true')
  }
  return token.kind === 'number' ? numberLiteral(cursor, from) : undefined
}

function numberLiteral(cursor: Cursor, from: number): Expression {
  const { text } = cursor.advance()
  const value = Number(text.replace('L', ''))
  const unit = cursor.token
  if (unit.kind === 'string' || (unit.kind === 'identifier' && CALENDAR_UNIT.test(unit.text))) {
    cursor.advance()
    return { kind: 'quantity', value, unit: unit.value, from, to: cursor.index() }
  }
  const to = cursor.index()
  return text.includes('.')
    ? { kind: 'literal', type: 'decimal', value, exact: text, from, to }
    : { kind: 'literal', type: 'integer', value, from, to }
}
