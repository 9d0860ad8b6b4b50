import { keepExactNumber } from '../../base/exact-number.ts'
import { decimalText } from '../model/decimal-text.ts'
import { DEFAULT, extend } from '../model/extensions.ts'
import type { RuleSource } from '../model/structure.ts'
import { type Cursor, describeToken } from './cursor.ts'
import { parseExpression } from './parse-expression.ts'
import { readName, readPath, readVariable } from './parse-name.ts'

const SOURCE_LIST_MODES = ['first', 'not_first', 'last', 'not_last', 'only_one'] as const

/** One source of a rule: `ctx.element : Type min..max default (…) mode as v where (…) check (…) log (…)`. */
export function parseSource(cursor: Cursor): RuleSource {
  const from = cursor.index()
  const source: RuleSource = { context: readVariable(cursor, 'a source') }
  const path = readPath(cursor)
  if (path.length > 0) source.element = path.join('.')
  let rank = 0
  for (;;) {
    const { token } = cursor
    const found = sourceClause(cursor, source)
    if (found === 0) {
      cursor.mark(source, from)
      return source
    }
    if (found <= rank) cursor.lenient('clause-order', token, `'${token.text}' stands behind a clause that it precedes`)
    rank = found
  }
}

/** Reads one clause of a source; its rank in the order of the grammar, 0 when there is none. */
function sourceClause(cursor: Cursor, source: RuleSource): number {
  const { token } = cursor
  if (cursor.take(':')) {
    source.type = readName(cursor, 'a type')
    return 1
  }
  if (token.kind === 'number') return cardinality(cursor, source)
  if (token.kind !== 'identifier') return 0
  if (cursor.take('default')) return defaultClause(cursor, source)
  const mode = SOURCE_LIST_MODES.find((each) => each === token.text)
  if (mode && cursor.take(mode)) {
    source.listMode = mode
    return 4
  }
  if (cursor.take('as')) {
    source.variable = readVariable(cursor, 'a variable')
    return 5
  }
  if (cursor.take('where')) {
    source.condition = clause(cursor, 'where')
    return 6
  }
  if (cursor.take('check')) {
    source.check = clause(cursor, 'check')
    return 7
  }
  if (!cursor.take('log')) return 0
  source.logMessage = clause(cursor, 'log')
  return 8
}

function cardinality(cursor: Cursor, source: RuleSource): number {
  const min = cursor.advance()
  if (!/^\d+$/.test(min.text)) cursor.fail(`Expected a whole number, found '${min.text}'`)
  source.min = Number(min.text)
  cursor.expect('..', 'in the cardinality')
  const max = cursor.advance()
  if (max.text !== '*' && !/^\d+$/.test(max.text)) {
    cursor.error(max, `Expected a number or '*' as upper bound, found ${describeToken(max)}`)
  } else source.max = max.text
  return 2
}

function clause(cursor: Cursor, keyword: string): string {
  const { token } = cursor
  // `where (x) as v` binds a variable, although FHIRPath has an operator of that name.
  const expression = parseExpression(cursor, true)
  if (expression.kind === 'group') return cursor.render(expression.inner.from, expression.inner.to)
  cursor.lenient('bare-expression', token, `The expression of '${keyword}' takes parentheses`)
  return cursor.render(expression.from, expression.to)
}

function defaultClause(cursor: Cursor, source: RuleSource): number {
  const { token } = cursor
  let expression = parseExpression(cursor, true)
  if (expression.kind === 'group') expression = expression.inner
  else if (token.kind !== 'double')
    cursor.lenient('bare-expression', token, "The expression of 'default' takes parentheses")
  const { kind } = expression
  if (kind === 'literal' && expression.type !== 'time') {
    const { type, value, exact } = expression
    const member = `defaultValue${type.charAt(0).toUpperCase()}${type.slice(1)}`
    Object.assign(source, { [member]: value })
    const text = decimalText(exact)
    if (text !== undefined) keepExactNumber(source, member, text)
  } else extend(source, { url: DEFAULT, valueString: cursor.render(expression.from, expression.to) })
  return 3
}
