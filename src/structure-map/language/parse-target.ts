import { keepExactNumber } from '../../base/exact-number.ts'
import { decimalText } from '../model/decimal-text.ts'
import { EXPRESSION, extend, LIST_MODE } from '../model/extensions.ts'
import { type Argument, type RuleTarget, TRANSFORMS, type Transform } from '../model/structure.ts'
import type { Cursor } from './cursor.ts'
import { type Expression, parseExpression, readLiteral } from './parse-expression.ts'
import { readName, readPath, readVariable } from './parse-name.ts'

const TARGET_LIST_MODES = ['first', 'last', 'collate'] as const

/** The targets of a rule: `ctx.element = transform as v mode`, or a transform alone. */
export function parseTargets(cursor: Cursor): RuleTarget[] {
  const targets: RuleTarget[] = []
  do targets.push(parseTarget(cursor))
  while (cursor.take(','))
  return targets
}

function parseTarget(cursor: Cursor): RuleTarget {
  const from = cursor.index()
  const target: RuleTarget = { contextType: 'variable' }
  const { token } = cursor
  const next = cursor.peek(1)
  if (cursor.is('(') || token.kind === 'string' || token.kind === 'number' || token.kind === 'date') {
    parseTransform(cursor, target)
  } else if (next.text === '(' && next.kind === 'symbol') {
    parseTransform(cursor, target)
  } else {
    target.context = readVariable(cursor, 'a target')
    const path = readPath(cursor)
    if (path.length > 0) target.element = path.join('.')
    if (cursor.take('=')) parseTransform(cursor, target)
  }
  targetModes(cursor, target)
  if (cursor.take('as')) {
    target.variable = readVariable(cursor, 'a variable')
    targetModes(cursor, target)
  }
  if (target.context === undefined) delete target.context
  cursor.mark(target, from)
  return target
}

function targetModes(cursor: Cursor, target: RuleTarget): void {
  for (;;) {
    const mode = TARGET_LIST_MODES.find((each) => cursor.is(each))
    if (mode) {
      cursor.advance()
      target.listMode = [...(target.listMode ?? []), mode]
    } else if (cursor.take('share')) {
      target.listMode = [...(target.listMode ?? []), 'share']
      target.listRuleId = readName(cursor, 'the shared list rule')
    } else if (cursor.take('single')) {
      extend(target, { url: LIST_MODE, valueCode: 'single' })
    } else return
  }
}

function parseTransform(cursor: Cursor, target: RuleTarget): void {
  const { token } = cursor
  const next = cursor.peek(1)
  if (cursor.is('(')) {
    const expression = parseExpression(cursor, true)
    const inner = expression.kind === 'group' ? expression.inner : expression
    evaluate(target, cursor.render(inner.from, inner.to))
    return
  }
  if ((token.kind === 'identifier' || token.kind === 'delimited') && next.text === '(' && next.kind === 'symbol') {
    parseCall(cursor, target)
    return
  }
  const argument = parseArgument(cursor)
  if (argument.extension) evaluate(target, argument.valueString ?? '')
  else {
    target.transform = 'copy'
    target.parameter = [argument]
  }
}

function evaluate(target: RuleTarget, expression: string): void {
  target.transform = 'evaluate'
  target.parameter = [{ valueString: expression }]
}

function parseCall(cursor: Cursor, target: RuleTarget): void {
  const name = cursor.token.value
  const known = TRANSFORMS.find((each): each is Transform => each === name)
  if (!known) cursor.fail(`Unknown transform '${name}'; known are ${TRANSFORMS.join(', ')}`)
  cursor.advance()
  cursor.expect('(', 'after the transform')
  target.transform = known
  const args: Argument[] = []
  while (!cursor.is(')')) {
    if (cursor.is(',')) {
      cursor.lenient('empty-argument', cursor.token, `An argument of ${known} is missing`)
      cursor.advance()
      continue
    }
    args.push(known === 'evaluate' && args.length > 0 ? expressionArgument(cursor) : parseArgument(cursor))
    if (!cursor.is(')')) {
      const comma = cursor.expect(',', `after the argument of ${known}`)
      if (cursor.is(')')) cursor.lenient('empty-argument', comma, `The last argument of ${known} is missing`)
    }
  }
  cursor.advance()
  if (args.length > 0) target.parameter = args
}

function expressionArgument(cursor: Cursor): Argument {
  const expression = parseExpression(cursor)
  const inner = expression.kind === 'group' ? expression.inner : expression
  return { valueString: cursor.render(inner.from, inner.to) }
}

/** A literal, a variable, a path of plain names, or any other expression (then marked with an extension). */
function parseArgument(cursor: Cursor): Argument {
  const { token } = cursor
  if (token.kind === 'double') {
    const literal = readLiteral(cursor)
    if (!cursor.is('.') && literal?.kind === 'literal') return stringArgument(String(literal.value))
    cursor.fail('A string in double quotes stands alone here')
  }
  return argumentOf(cursor, parseExpression(cursor, true))
}

function argumentOf(cursor: Cursor, expression: Expression): Argument {
  const literal = literalArgument(expression)
  if (literal) return literal
  const path = plainPath(expression)
  if (path) return { valueId: path }
  const inner = expression.kind === 'group' ? expression.inner : expression
  return {
    extension: [{ url: EXPRESSION, valueBoolean: true }],
    valueString: cursor.render(inner.from, inner.to),
  }
}

/** FHIR has no empty strings, so an empty literal is kept as an expression. */
function stringArgument(value: string): Argument {
  return value === ''
    ? { extension: [{ url: EXPRESSION, valueBoolean: true }], valueString: "''" }
    : { valueString: value }
}

function literalArgument(expression: Expression): Argument | undefined {
  if (expression.kind === 'unary' && expression.operator === '-') {
    const { operand } = expression
    if (operand.kind !== 'literal' || typeof operand.value !== 'number') return undefined
    return operand.type === 'integer'
      ? { valueInteger: -operand.value }
      : decimalArgument(-operand.value, `-${operand.exact ?? operand.value}`)
  }
  if (expression.kind !== 'literal') return undefined
  const { type, value } = expression
  if (type === 'string') return stringArgument(String(value))
  if (type === 'boolean') return { valueBoolean: value === true }
  if (type === 'integer') return { valueInteger: Number(value) }
  return type === 'decimal' ? decimalArgument(Number(value), expression.exact ?? String(value)) : undefined
}

function decimalArgument(value: number, text: string): Argument {
  const argument: Argument = { valueDecimal: value }
  const exact = decimalText(text)
  if (exact !== undefined) keepExactNumber(argument, 'valueDecimal', exact)
  return argument
}

function plainPath(expression: Expression): string | undefined {
  if (expression.kind !== 'member') return undefined
  if (!expression.target) return expression.name
  const before = plainPath(expression.target)
  return before === undefined ? undefined : `${before}.${expression.name}`
}
