/** Nodes of ELM as JavaScript expressions. Whatever is not written here is the step that it was compiled to, called from the code. */
import { isJsonObject } from '../../../../base/json.ts'
import type { Json, JsonObject } from '../../../../base/json-value.ts'
import { objectsOf, optionalText, type Place, textOf } from '../place.ts'
import { valueSetOf } from '../steps/coded.ts'
import { ofOneSource } from '../steps/named-operators.ts'
import { computeOf } from '../steps/operators.ts'
import { castOf, literalOf, makerOf } from '../steps/plain.ts'
import { wholeOf } from '../steps/queries.ts'
import { isMemberName, type Writing } from './code.ts'

/** The code of one type of node; undefined where it is left to its step. */
type Writer = (node: JsonObject, place: Place, writing: Writing) => string | undefined

/** A node as an expression. @throws TooLong */
export function expressionCode(node: Json | undefined, place: Place, writing: Writing): string {
  if (!isJsonObject(node)) return stepCode(node, place, writing)
  writing.count()
  const type = textOf(node, 'type')
  const write = Object.hasOwn(writers, type) ? writers[type] : operatorCode
  return write?.(node, place, writing) ?? stepCode(node, place, writing)
}

/** The step of a node, called in a frame with the names that it may ask for. */
const stepCode = (node: Json | undefined, place: Place, { constant }: Writing): string =>
  `${constant(place.build(node))}(${frameCode(place)})`

function frameCode({ slots }: Place): string {
  const names: string[] = []
  for (const slot of slots) names[slot] = `n${slot}`
  return `{ slots: [${Array.from(names, (each) => each ?? 'undefined').join(', ')}], run: r }`
}

const withOperands =
  (write: (operands: string[]) => string): Writer =>
  (node, place, writing) => {
    const { operand } = node
    const operands = Array.isArray(operand) ? operand : [operand]
    return write(operands.map((each) => expressionCode(each, place, writing)))
  }

const literal: Writer = (node, _, { constant }) => {
  const value = literalOf(node)
  const isPlain = typeof value === 'boolean' || (Number.isSafeInteger(value) && !Object.is(value, -0))
  return isPlain ? `${value}` : constant(value)
}

const named: Writer = (node, place) => `n${place.slotOf(textOf(node, 'name'))}`

/** A define or a parameter, which nothing within a define is given to. */
const asked: Writer = (node, place, { constant }) => `${constant(place.build(node))}(r.bare)`

const property: Writer = (node, place, writing) => {
  const path = textOf(node, 'path')
  if (!isMemberName(path)) return undefined
  const scope = optionalText(node, 'scope')
  const source = scope === undefined ? expressionCode(node.source, place, writing) : `n${place.slotOf(scope)}`
  const holder = writing.variable()
  const read = `((${holder} = ${source}) == null ? null : elementOf(${holder}["${path}"], ${holder}, "${path}"))`
  const key = elementKey(node, place)
  if (key === undefined) return read
  const known = writing.variableOf(key)
  return `(${known} === undefined ? ${known} = ${read} : ${known})`
}

/** What an element of a name, or of such an element, is known by within a function; undefined for an element of anything else. */
function elementKey(node: JsonObject, place: Place): string | undefined {
  const path = textOf(node, 'path')
  if (!isMemberName(path)) return undefined
  const scope = optionalText(node, 'scope')
  if (scope !== undefined) return `${place.slotOf(scope)}.${path}`
  const { source } = node
  if (!isJsonObject(source)) return undefined
  if (namedTypes.has(source.type)) return `${place.slotOf(textOf(source, 'name'))}.${path}`
  const of = source.type === 'Property' ? elementKey(source, place) : undefined
  return of && `${of}.${path}`
}

/** Names of which each stands for one value in a run of a function. */
const namedTypes: ReadonlySet<unknown> = new Set(['AliasRef', 'QueryLetRef', 'OperandRef'])

const call: Writer = (node, place, writing) => {
  const operands = objectsOf(node, 'operand')
  const [only, ...others] = place.surroundings.functions(
    textOf(node, 'name'),
    optionalText(node, 'libraryName'),
    operands.length,
  )
  if (!only || others.length > 0) return undefined
  const code = operands.map((each) => expressionCode(each, place, writing))
  const names = code.map(() => writing.variable())
  const given = code.map((each, at) => `${names[at]} = ${each}, `).join('')
  const isNothing = names.map((each) => `${each} === undefined`).join(' || ')
  const name = writing.constant(only)
  const called = `${name}.direct === undefined ? ${name}.body({ slots: [${names.join(', ')}], run: r }) : ${name}.direct(${['r', ...names].join(', ')})`
  return `(${given}${isNothing === '' ? '' : `${isNothing} ? nothing() : `}${called})`
}

const condition: Writer = (node, place, writing) => {
  const [when, then, otherwise] = [node.condition, node.then, node.else].map((each) =>
    expressionCode(each, place, writing),
  )
  return `(holds(${when}) ? ${then} : ${otherwise})`
}

const choice: Writer = (node, place, writing) => {
  if (node.comparand != null) return undefined
  const items = objectsOf(node, 'caseItem').map(
    (item) => `holds(${expressionCode(item.when, place, writing)}) ? ${expressionCode(item.then, place, writing)} : `,
  )
  return `(${items.join('')}${expressionCode(node.else, place, writing)})`
}

const coalesce: Writer = (node, place, writing) => {
  const operands = objectsOf(node, 'operand')
  // Of one operand alone the elements are meant, where it is a list.
  if (operands.length < 2) return undefined
  return `(${operands.map((each) => expressionCode(each, place, writing)).join(' ?? ')} ?? null)`
}

const list: Writer = (node, place, writing) =>
  `[${objectsOf(node, 'element')
    .map((each) => expressionCode(each, place, writing))
    .join(', ')}]`

function elementsCode(node: JsonObject, place: Place, writing: Writing): string | undefined {
  const elements = objectsOf(node, 'element')
  if (!elements.every(({ name }) => typeof name === 'string' && isMemberName(name))) return undefined
  const members = elements.map((each) => `"${textOf(each, 'name')}": ${expressionCode(each.value, place, writing)}`)
  return `{ ${members.join(', ')} }`
}

const tuple: Writer = (node, place, writing) => {
  const elements = elementsCode(node, place, writing)
  return elements && `(${elements})`
}

const instance: Writer = (node, place, writing) => {
  const make = makerOf(node)
  const elements = make && elementsCode(node, place, writing)
  return elements && `${writing.constant(make)}(${elements})`
}

const cast: Writer = (node, place, writing) =>
  `${writing.constant(castOf(node))}(${expressionCode(node.operand, place, writing)})`

const inValueSet: Writer = (node, place, writing) => {
  const code = writing.variable()
  const valueSet = writing.constant(valueSetOf(node.valueset, place))
  return `((${code} = ${expressionCode(node.code, place, writing)}) == null ? false : ${valueSet}(r.bare).hasMatch(${code}))`
}

const operatorCode: Writer = (node, place, writing) => {
  const source = Object.hasOwn(ofOneSource, String(node.type)) ? ofOneSource[String(node.type)] : undefined
  if (source) return `${writing.constant(source)}(${expressionCode(node.source, place, writing)})`
  const compute = computeOf(node)
  if (!compute) return undefined
  const operands = Array.isArray(node.operand) ? node.operand : [node.operand]
  const code = operands.map((each) => expressionCode(each, place, writing))
  return `${writing.constant(compute)}([${code.join(', ')}], r.bare)`
}

/** A query over one source, as two functions: one goes through the source, one is for each of its elements. */
const query: Writer = (node, place, writing) => {
  const [source, ...others] = objectsOf(node, 'source')
  const result = node.return
  if (!source || others.length > 0 || !isJsonObject(result)) return undefined
  if (node.aggregate != null || objectsOf(node, 'relationship').length > 0) return undefined
  const from = expressionCode(source.expression, place, writing)
  const outer = ['r', ...place.slots.map((each) => `n${each}`)].join(', ')
  const first = place.within(textOf(source, 'alias'))
  const row = writing.addFunction((own) => {
    const lines: string[] = []
    let inner = first.place
    for (const each of objectsOf(node, 'let')) {
      const code = expressionCode(each.expression, inner, own)
      const next = inner.within(textOf(each, 'identifier'))
      lines.push(`const n${next.slot} = bound(${code});`)
      inner = next.place
    }
    if (node.where != null) lines.push(`if (!holds(${expressionCode(node.where, inner, own)})) return;`)
    lines.push(`rows.push(${expressionCode(result.expression, inner, own)});`)
    return `(${outer}, n${first.slot}, rows) {\n${own.declarations()}${lines.join('\n')}\n}`
  })
  const whole = wholeOf(node)
  const rows = whole ? `${writing.constant(whole)}(rows)` : 'rows'
  const through = writing.addFunction(
    () => `(${outer}, list) {
if (list == null) return null;
const rows = [];
if (!Array.isArray(list)) {
${row}(${outer}, list, rows);
return firstOf(${rows});
}
for (let at = 0; at < list.length; at++) ${row}(${outer}, bound(list[at]), rows);
return ${rows};
}`,
  )
  return `${through}(${outer}, ${from})`
}

const writers: Readonly<Record<string, Writer>> = {
  Literal: literal,
  Null: () => 'null',
  And: withOperands((operands) => `conjunction(${operands.join(', ')})`),
  Or: withOperands((operands) => `disjunction(${operands.join(', ')})`),
  Not: withOperands((operands) => `negation(${operands.join(', ')})`),
  IsTrue: withOperands(([operand]) => `(${operand} === true)`),
  IsFalse: withOperands(([operand]) => `(${operand} === false)`),
  IsNull: withOperands(([operand]) => `(${operand} == null)`),
  Exists: withOperands((operands) => `isThere(${operands.join(', ')})`),
  If: condition,
  Case: choice,
  Coalesce: coalesce,
  List: list,
  Tuple: tuple,
  Instance: instance,
  As: cast,
  AliasRef: named,
  QueryLetRef: named,
  OperandRef: named,
  ExpressionRef: asked,
  ParameterRef: asked,
  FunctionRef: call,
  Property: property,
  InValueSet: inValueSet,
  Query: query,
}
