import { extend, POSITION } from '../model/extensions.ts'
import { type Dependent, defaultRuleName, type Rule, SHORT_FORM } from '../model/structure.ts'
import { type Cursor, describeToken, SyntaxFault } from './cursor.ts'
import { document, ownComments } from './documentation.ts'
import type { Token } from './lexer.ts'
import { parseExpression } from './parse-expression.ts'
import { readName } from './parse-name.ts'
import { parseSource } from './parse-source.ts'
import { parseTargets } from './parse-target.ts'

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
      for (const rule of parseRule(cursor, context)) rules.push(rule)
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
