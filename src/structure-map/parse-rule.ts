import { type Cursor, describeToken, SyntaxFault } from './cursor.ts'
import { type Expression, parseExpression, readLiteral } from './expression.ts'
import { DEFAULT, EXPRESSION, extend, LIST_MODE, POSITION } from './extensions.ts'
import type { Comment, Token } from './lexer.ts'
import {
  type Argument,
  type Dependent,
  defaultRuleName,
  type Rule,
  type RuleSource,
  type RuleTarget,
  SHORT_FORM,
  TRANSFORMS,
  type Transform,
} from './structure.ts'

const SOURCE_LIST_MODES = ['first', 'not_first', 'last', 'not_last', 'only_one'] as const
const TARGET_LIST_MODES = ['first', 'last', 'collate'] as const
/** Words that the grammar allows as names although they are keywords elsewhere. */
const RESERVED = new Set(['then', 'true', 'false'])
const NESTING_LIMIT = 100

/** Reads `{ rules }`; a rule that cannot be read is reported and left out. */
export function parseRules(cursor: Cursor, context: { depth: number; counter: { rules: number } }): Rule[] {
  if (context.depth > NESTING_LIMIT) cursor.fail(`Rules nest deeper than ${NESTING_LIMIT}`)
  cursor.expect('{', 'before the rules')
  const rules: Rule[] = []
  while (!cursor.is('}')) {
    if (cursor.token.kind === 'end') cursor.fail("Expected '}' after the rules, found the end of the text")
    const start = cursor.index()
    try {
      rules.push(...parseRule(cursor, context))
    } catch (fault) {
      if (!(fault instanceof SyntaxFault)) throw fault
      skipRule(cursor, start)
    }
  }
  cursor.advance()
  return rules
}

/** Goes behind the `;` that ends a broken rule, or to the `}` of the block it stands in. */
function skipRule(cursor: Cursor, start: number): void {
  if (cursor.index() === start && !cursor.is('}')) cursor.advance()
  for (let depth = 0; cursor.token.kind !== 'end'; cursor.advance()) {
    if (cursor.is('{')) depth++
    else if (cursor.is('}') && depth-- === 0) return
    else if (cursor.is(';') && depth === 0) {
      cursor.advance()
      return
    } else if (cursor.is('group') && cursor.peek(2).text === '(') return
  }
}

function parseRule(cursor: Cursor, context: { depth: number; counter: { rules: number } }): Rule[] {
  const before = cursor.takeComments()
  const from = cursor.index()
  const first = cursor.token
  const place = cursor.position(first)
  const rule: Rule = { name: '', source: [] }
  extend(rule, { url: POSITION, valueString: `${place.line}:${place.column}` })
  context.counter.rules++
  const ordinal = context.counter.rules
  do rule.source.push(parseSource(cursor))
  while (cursor.take(','))
  let batch: string[] | undefined
  if (cursor.take('->')) {
    batch = batchElements(cursor, rule)
    if (!batch) rule.target = parseTargets(cursor)
  }
  if (cursor.take('then')) parseDependents(cursor, rule, { depth: context.depth + 1, counter: context.counter })
  const name = ruleName(cursor)
  cursor.expect(';', 'at the end of the rule')
  document(rule, [...before, ...ownComments(cursor)])
  cursor.mark(rule, from)
  if (batch) return batch.map((element) => batchRule(rule, element, name ?? ''))
  markShortForm(rule)
  rule.name = name ?? unnamed(cursor, rule, { first, ordinal })
  return [rule]
}

/** Comments read so far, but for those on their own line before the token under the cursor: they belong to what follows. */
export function ownComments(cursor: Cursor): Comment[] {
  const next = cursor.token.comments
  const taken = cursor.takeComments()
  cursor.returnComments(next.filter((each) => !each.trailing))
  return taken.filter((each) => each.trailing || !next.includes(each))
}

/** Adds comments to the documentation of an element, one line each. */
export function document(element: { documentation?: string | undefined }, comments: Comment[]): void {
  const lines = comments
    .flatMap((each) => each.text.split('\n').map((line) => line.trim()))
    .filter((line) => line !== '')
  if (lines.length === 0) return
  element.documentation = [...(element.documentation !== undefined ? [element.documentation] : []), ...lines].join('\n')
}

/** `src -> tgt: a, b;` */
function batchElements(cursor: Cursor, rule: Rule): string[] | undefined {
  if (cursor.peek(1).text !== ':' || cursor.peek(1).kind !== 'symbol') return undefined
  const [source] = rule.source
  const context = readName(cursor, 'the target')
  if (rule.source.length !== 1 || source?.element) cursor.fail('A batch takes one source variable on its left')
  cursor.expect(':', 'after the target')
  rule.target = [{ context, contextType: 'variable' }]
  const elements: string[] = []
  do elements.push(readName(cursor, 'an element'))
  while (cursor.take(','))
  return elements
}

function batchRule(rule: Rule, element: string, prefix: string): Rule {
  const [source] = rule.source
  const [target] = rule.target ?? []
  return {
    ...rule,
    name: prefix + element,
    source: [{ context: source?.context ?? '', element, variable: SHORT_FORM }],
    target: [
      { context: target?.context ?? '', contextType: 'variable', element, variable: SHORT_FORM, transform: 'create' },
    ],
  }
}

function markShortForm(rule: Rule): void {
  const [source] = rule.source
  const [target] = rule.target ?? []
  if (!source?.element || !target?.element || rule.source.length > 1 || (rule.target?.length ?? 0) > 1) return
  const extended = target.transform || target.variable || target.listMode || target.extension
  if (source.variable || extended || rule.rule || rule.dependent) return
  source.variable = SHORT_FORM
  target.variable = SHORT_FORM
  target.transform = 'create'
}

function ruleName(cursor: Cursor): string | undefined {
  const { token } = cursor
  if (token.kind !== 'double' && token.kind !== 'string') return undefined
  cursor.advance()
  if (token.kind === 'string') cursor.lenient('single-quoted-name', token, 'A rule name takes double quotes')
  // Underscores are no part of an id either, but they are everywhere and do no harm.
  if (!/^[A-Za-z0-9\-._]{1,64}$/.test(token.value)) {
    cursor.lenient('rule-name-with-spaces', token, `Rule name ${describeToken(token)} is not a valid id`)
  }
  return token.value
}

function unnamed(cursor: Cursor, rule: Rule, at: { first: Token; ordinal: number }): string {
  const given = defaultRuleName(rule)
  if (given !== undefined) return given
  cursor.lenient('unnamed-rule', at.first, 'This rule needs a name, because its source is not a single element')
  return `rule-${at.ordinal}`
}

/** A name as variable, element, group or type; quotes are taken off. */
export function readName(cursor: Cursor, what: string): string {
  const { token } = cursor
  if (token.kind === 'double' || token.kind === 'string') {
    cursor.lenient('quoted-element', token, `Names take backticks, not quotes: ${token.text}`)
  } else if (token.kind !== 'identifier' && token.kind !== 'delimited') {
    cursor.fail(`Expected the name of ${what}, found ${describeToken(token)}`)
  } else if (token.kind === 'identifier' && RESERVED.has(token.text)) {
    cursor.fail(`Expected the name of ${what}, found the keyword '${token.text}'`)
  }
  if (token.value === '') cursor.fail(`The name of ${what} is empty`)
  cursor.advance()
  return token.value
}

/** Words that have a meaning in the grammar and are taken as variable names all the same. */
const KEYWORDS = new Set(
  'map uses alias imports conceptmap prefix let group extends source target queried produced types where check log default as then first not_first last not_last only_one share collate single'.split(
    ' ',
  ),
)

/** A variable; a keyword as name is noted, because the strict grammar of names does not have it. */
export function readVariable(cursor: Cursor, what: string): string {
  const { token } = cursor
  if (token.kind === 'double' || token.kind === 'string') {
    cursor.fail(`Expected the name of ${what}, found ${describeToken(token)}`)
  }
  const name = readName(cursor, what)
  if (token.kind === 'identifier' && (KEYWORDS.has(name) || name.startsWith('_'))) {
    cursor.lenient('keyword-as-name', token, `'${name}' is a keyword; write \`${name}\``)
  }
  return name
}

function readPath(cursor: Cursor): string[] {
  const path: string[] = []
  while (cursor.take('.')) path.push(readName(cursor, 'an element'))
  return path
}

function parseSource(cursor: Cursor): RuleSource {
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
    const { type, value } = expression
    Object.assign(source, { [`defaultValue${type.charAt(0).toUpperCase()}${type.slice(1)}`]: value })
  } else extend(source, { url: DEFAULT, valueString: cursor.render(expression.from, expression.to) })
  return 3
}

function parseTargets(cursor: Cursor): RuleTarget[] {
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
    return operand.type === 'integer' ? { valueInteger: -operand.value } : { valueDecimal: -operand.value }
  }
  if (expression.kind !== 'literal') return undefined
  const { type, value } = expression
  if (type === 'string') return stringArgument(String(value))
  if (type === 'boolean') return { valueBoolean: value === true }
  if (type === 'integer') return { valueInteger: Number(value) }
  return type === 'decimal' ? { valueDecimal: Number(value) } : undefined
}

function plainPath(expression: Expression): string | undefined {
  if (expression.kind !== 'member') return undefined
  if (!expression.target) return expression.name
  const before = plainPath(expression.target)
  return before === undefined ? undefined : `${before}.${expression.name}`
}

function parseDependents(cursor: Cursor, rule: Rule, context: { depth: number; counter: { rules: number } }): void {
  if (!cursor.is('{')) {
    const dependents: Dependent[] = []
    do dependents.push(parseDependent(cursor))
    while (cursor.take(','))
    rule.dependent = dependents
    if (!cursor.is('{')) return
  }
  const outer = cursor.takeComments()
  const rules = parseRules(cursor, context)
  if (rules.length > 0) rule.rule = rules
  cursor.returnComments([...outer, ...cursor.takeComments()])
}

function parseDependent(cursor: Cursor): Dependent {
  const name = readName(cursor, 'a group')
  cursor.expect('(', `after the group ${name}`)
  const variable: string[] = []
  while (!cursor.is(')')) {
    if (cursor.is(',')) {
      cursor.lenient('empty-argument', cursor.token, `An argument of ${name} is missing`)
      cursor.advance()
      continue
    }
    const expression = parseExpression(cursor)
    variable.push(cursor.render(expression.from, expression.to))
    if (!cursor.is(')')) cursor.expect(',', `after the argument of ${name}`)
  }
  cursor.advance()
  return { name, variable }
}
