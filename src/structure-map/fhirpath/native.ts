import type { Json } from '../../base/json-value.ts'
import type { SafeRegex } from '../../base/regex.ts'
import { safeRegex } from '../../fhir/safe-regex.ts'
import type { Expression } from '../language/parse-expression.ts'
import { children, type Node, textSteps } from '../model/nodes.ts'
import { INFERRED, isA, plainTypeName, r4Type, type Type, UNKNOWN } from '../model/types.ts'
import { addCalendarUnits } from '../run/date-operation.ts'
import { type Frame, spend } from '../run/run.ts'
import { type CompiledExpression, type ExpressionHost, NeedsEngine } from './expression-types.ts'
import { NATIVE_FUNCTIONS } from './native-functions.ts'
import {
  booleanNode,
  compare,
  EMPTY,
  equal,
  isTemporal,
  quantityNode,
  singleIndex,
  singleNumber,
  singleText,
  truth,
  valueNode,
} from './native-values.ts'
import { type Scope, slotOf } from './scope.ts'

/** Compiles an expression to closures; undefined when it holds something that only the full engine knows. */
export function compileNative(
  expression: Expression,
  scope: Scope,
  host: ExpressionHost,
): CompiledExpression | undefined {
  const part = (each: Expression) => compileNative(each, scope, host)
  switch (expression.kind) {
    case 'literal': {
      const nodes = [literalNode(expression)]
      return () => nodes
    }
    case 'quantity': {
      const nodes = quantityNode(expression.value, expression.unit)
      return () => nodes
    }
    case 'empty':
      return () => EMPTY
    case 'this':
      return expression.name === '$this' ? (_, focus) => focus : undefined
    case 'variable':
      return variable(expression.name, scope)
    case 'group':
      return part(expression.inner)
    case 'member':
      return member(expression, scope, host)
    case 'index': {
      const target = part(expression.target)
      const index = part(expression.index)
      if (!target || !index) return undefined
      return (frame, focus) => {
        const nodes = target(frame, focus)
        const at = singleIndex(index(frame, focus))
        const found = at === undefined ? undefined : nodes[at]
        return found ? [found] : EMPTY
      }
    }
    case 'call':
      return call(expression, scope, host)
    case 'type':
      return isSystemName(expression.type)
        ? undefined
        : typeTest(expression.operator, part(expression.operand), host.findType(expression.type))
    case 'unary': {
      const operand = part(expression.operand)
      const sign = expression.operator === '-' ? -1 : 1
      return (
        operand &&
        ((frame, focus) => {
          const value = singleNumber(operand(frame, focus))
          return value === undefined ? EMPTY : valueNode(sign * value)
        })
      )
    }
    case 'binary':
      return binary(expression.operator, part(expression.left), part(expression.right))
    default:
      return undefined
  }
}

function literalNode({ type, value, exact }: Extract<Expression, { kind: 'literal' }>): Node {
  if (type === 'date' || type === 'dateTime' || type === 'time')
    return { value, type: r4Type(type) ?? UNKNOWN, system: true }
  return { value, type: INFERRED[type], ...(exact === undefined ? {} : { exact }) }
}

function variable(name: string, scope: Scope): CompiledExpression | undefined {
  const slot = slotOf(scope, name)
  if (slot !== undefined) return readSlot(slot)
  return scope.constants.get(name)
}

function readSlot(slot: number): CompiledExpression {
  return (frame) => {
    const node = frame.slots[slot]
    return node && (node.value !== undefined || node.extra) ? [node] : EMPTY
  }
}

function member(
  expression: Extract<Expression, { kind: 'member' }>,
  scope: Scope,
  host: ExpressionHost,
): CompiledExpression | undefined {
  const { name } = expression
  if (!expression.target) {
    const bound = variable(name, scope)
    if (bound) return bound
    if (!isTypeLike(name)) return (frame, focus) => childrenOf(focus, name, frame)
    const type = host.findType(name)
    return (frame, focus) => {
      if (type && focus.some((each) => matchesType(each, type) && !isNamed(each, name)))
        throw new NeedsEngine('a type at the start of a path')
      return ofNameOrChildren(focus, name, frame)
    }
  }
  const target = compileNative(expression.target, scope, host)
  if (!target) return undefined
  if (isTypeLike(name)) return (frame, focus) => ofNameOrChildren(target(frame, focus), name, frame)
  return (frame, focus) => childrenOf(target(frame, focus), name, frame)
}

/** Names of elements are not written so, names of types that start a path are (http://hl7.org/fhirpath/N1/#path-selection). */
const isTypeLike = (name: string): boolean => /^[A-Z]/.test(name)

/** Whether a node is a resource, or an instance of a logical model, that calls itself so. */
function isNamed({ value }: Node, name: string): boolean {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && value.resourceType === name
}

function ofNameOrChildren(nodes: Node[], name: string, frame: Frame): Node[] {
  return nodes.flatMap((each) => (isNamed(each, name) ? [each] : childrenOf([each], name, frame)))
}

function childrenOf(nodes: Node[], name: string, { run }: Frame): Node[] {
  const [only] = nodes
  if (!only) return EMPTY
  if (only.system) throw new NeedsEngine('an element of what has none')
  const found = nodes.length === 1 ? children(only, name) : nodes.flatMap((each) => children(each, name))
  if (found.length > 1 || nodes.length > 1) spend(run, nodes.length + found.length)
  return found
}

function call(
  expression: Extract<Expression, { kind: 'call' }>,
  scope: Scope,
  host: ExpressionHost,
): CompiledExpression | undefined {
  const { name, target } = expression
  const input = target ? compileNative(target, scope, host) : (((_, focus) => focus) as CompiledExpression)
  if (!input) return undefined
  const [first] = expression.arguments
  if ((name === 'is' || name === 'as' || name === 'ofType') && first && expression.arguments.length === 1) {
    const type = typeArgument(expression)
    return type === undefined || isSystemName(type) ? undefined : typeTest(name, input, host.findType(type))
  }
  if (name === 'matches' && first?.kind === 'literal' && first.type === 'string' && expression.arguments.length === 1)
    return matchesLiteral(input, String(first.value))
  const native = Object.hasOwn(NATIVE_FUNCTIONS, name) ? NATIVE_FUNCTIONS[name] : undefined
  if (!native?.arity.includes(expression.arguments.length)) return undefined
  const args: CompiledExpression[] = []
  for (const each of expression.arguments) {
    const compiled = compileNative(each, scope, host)
    if (!compiled) return undefined
    args.push(compiled)
  }
  const isOfText = TEXT_FUNCTIONS.has(name)
  return (frame, focus) => {
    const items = input(frame, focus)
    const value = isOfText ? items[0]?.value : undefined
    const steps = items.length + (typeof value === 'string' ? textSteps(value) : 0)
    if (steps > 1) spend(frame.run, steps)
    return native.run({ input: items, frame, focus, arguments: args, host })
  }
}

/** Functions that go through a text. */
const TEXT_FUNCTIONS = new Set(
  'contains endsWith indexOf length lower matches replace replaceMatches startsWith substring trim upper'.split(' '),
)

/** The pattern of most conditions is a literal: it is looked at once. */
function matchesLiteral(input: CompiledExpression, pattern: string): CompiledExpression {
  let regex: SafeRegex | undefined
  return (frame, focus) => {
    const text = singleText(input(frame, focus))
    if (text === undefined) return EMPTY
    if (text.length > 64) spend(frame.run, textSteps(text))
    regex ??= safeRegex(pattern, 's')
    return booleanNode(regex.test(text))
  }
}

/** The type that `is()`, `as()` or `ofType()` asks for; undefined for another call. */
export function typeArgument({ name, arguments: args }: Extract<Expression, { kind: 'call' }>): string | undefined {
  const [first] = args
  return (name === 'is' || name === 'as' || name === 'ofType') && first ? typeName(first) : undefined
}

/** `FHIR.Patient` as argument of `ofType` is parsed as a path. */
function typeName(expression: Expression): string | undefined {
  if (expression.kind !== 'member') return undefined
  if (!expression.target) return expression.name
  const before = typeName(expression.target)
  return before === undefined ? undefined : `${before}.${expression.name}`
}

function typeTest(
  operator: 'is' | 'as' | 'ofType',
  operand: CompiledExpression | undefined,
  type: Type | undefined,
): CompiledExpression | undefined {
  if (!operand || !type) return undefined
  return (frame, focus) => {
    const nodes = operand(frame, focus)
    if (nodes.some(isOfSystem)) throw new NeedsEngine('the type of a value that is not of FHIR')
    if (operator !== 'ofType' && nodes.length > 1) throw new NeedsEngine('is and as on several items')
    const [only] = nodes
    if (operator === 'is') return only ? booleanNode(matchesType(only, type)) : EMPTY
    return nodes.filter((each) => matchesType(each, type))
  }
}

/** Whether a node may be of one of FHIRPath's own types, or of none that is known. */
function isOfSystem({ type, system }: Node): boolean {
  return system === true || type.inferred === true || SYSTEM_IN_ENGINE.has(type.name)
}

/** The engine takes ids, the urls of extensions, and extensions for values of FHIRPath's own types, as R4 defines them. */
const SYSTEM_IN_ENGINE = new Set(['id', 'uri', 'Extension'])

/** `String` is `System.String`, and no FHIR type. */
const isSystemName = (name: string): boolean => plainTypeName(name) !== name && !name.startsWith('FHIR.')

/** Whether a node is of a type; what was inferred from JSON counts as every type with that JSON. */
export function matchesType(node: Node, type: Type): boolean {
  if (node.type.kind === 'unknown') {
    const { value } = node
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return false
    return type !== UNKNOWN && type.name !== '' && value.resourceType === type.name
  }
  return isA(node.type, type) || (node.type.inferred === true && isA(r4Type(node.type.name) ?? UNKNOWN, type))
}

type Operator = (left: Node[], right: Node[]) => Node[]

const OPERATORS: Record<string, Operator> = {
  '=': (left, right) => booleanNode(equal(left, right)),
  '!=': (left, right) => {
    const same = equal(left, right)
    return booleanNode(same === undefined ? undefined : !same)
  },
  '<': (left, right) => ordered(left, right, (order) => order < 0),
  '<=': (left, right) => ordered(left, right, (order) => order <= 0),
  '>': (left, right) => ordered(left, right, (order) => order > 0),
  '>=': (left, right) => ordered(left, right, (order) => order >= 0),
  in: (left, right) => membership(left, right),
  contains: (left, right) => membership(right, left),
  '&': (left, right) => valueNode(textOrEmpty(left) + textOrEmpty(right)),
  '+': add,
  '-': subtract,
  '*': (left, right) => arithmetic(left, right, (a, b) => a * b),
  div: (left, right) => arithmetic(left, right, (a, b) => (b === 0 ? undefined : Math.trunc(a / b))),
  mod: (left, right) => arithmetic(left, right, (a, b) => (b === 0 ? undefined : a % b)),
}

function ordered(left: Node[], right: Node[], test: (order: number) => boolean): Node[] {
  const order = compare(left, right)
  return booleanNode(order === undefined ? undefined : test(order))
}

function membership(item: Node[], list: Node[]): Node[] {
  if (item.length === 0) return EMPTY
  if (item.length > 1) throw new NeedsEngine('membership of several items')
  return booleanNode(list.some((each) => equal(item, [each]) === true))
}

function textOrEmpty(nodes: Node[]): string {
  const [only] = nodes
  if (!only) return ''
  if (nodes.length > 1 || typeof only.value !== 'string' || only.system)
    throw new NeedsEngine('& on other than strings')
  return only.value
}

function add(left: Node[], right: Node[]): Node[] {
  const [a] = left
  const [b] = right
  if (!a || !b) return EMPTY
  if (left.length > 1 || right.length > 1) throw new NeedsEngine('+ on several items')
  if (a.system && a.type.name === 'Quantity') throw new NeedsEngine('+ of quantities')
  if (isTemporal(a)) return moved(a, b, 1)
  if (typeof a.value === 'string' && typeof b.value === 'string' && !isTemporal(b)) return valueNode(a.value + b.value)
  return arithmetic(left, right, (x, y) => x + y)
}

function subtract(left: Node[], right: Node[]): Node[] {
  const [a] = left
  const [b] = right
  if (a && b && left.length === 1 && right.length === 1 && isTemporal(a)) return moved(a, b, -1)
  return arithmetic(left, right, (x, y) => x - y)
}

function moved(date: Node, quantity: Node, sign: 1 | -1): Node[] {
  const { value } = quantity
  if (date.type.name === 'time') throw new NeedsEngine('a time of day')
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new NeedsEngine('a date and something else')
  const { value: amount, unit } = value
  if (typeof amount !== 'number' || typeof unit !== 'string') throw new NeedsEngine('a date and something else')
  const result = addCalendarUnits(String(date.value), sign * amount, unit)
  if (result === undefined) throw new NeedsEngine('a date of lower precision')
  const type = date.type.name === 'instant' ? (r4Type('dateTime') ?? UNKNOWN) : date.type
  return [{ value: result, type, system: true }]
}

/** On whole numbers; decimals keep more digits in the full engine. */
function arithmetic(left: Node[], right: Node[], compute: (a: number, b: number) => number | undefined): Node[] {
  const a = singleNumber(left)
  const b = singleNumber(right)
  if (a === undefined || b === undefined) return EMPTY
  if (!Number.isInteger(a) || !Number.isInteger(b)) throw new NeedsEngine('arithmetic on decimals')
  const result = compute(a, b)
  return result === undefined ? EMPTY : valueNode(result)
}

function binary(
  operator: string,
  left: CompiledExpression | undefined,
  right: CompiledExpression | undefined,
): CompiledExpression | undefined {
  if (!left || !right) return undefined
  if (operator === 'and')
    return (frame, focus) => booleanNode(and(truth(left(frame, focus)), truth(right(frame, focus))))
  if (operator === 'or') return (frame, focus) => booleanNode(or(truth(left(frame, focus)), truth(right(frame, focus))))
  if (operator === 'implies') {
    return (frame, focus) => {
      const condition = truth(left(frame, focus))
      return booleanNode(or(condition === undefined ? undefined : !condition, truth(right(frame, focus))))
    }
  }
  const compute = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined
  if (!compute) return undefined
  if (!COMPARING.has(operator)) return (frame, focus) => compute(left(frame, focus), right(frame, focus))
  return (frame, focus) => {
    const [a, b] = [left(frame, focus), right(frame, focus)]
    if (isHeavy(a) && isHeavy(b)) spend(frame.run, weigh(a) + weigh(b))
    else if (operator === 'in' || operator === 'contains') spend(frame.run, a.length + b.length)
    return compute(a, b)
  }
}

const COMPARING = new Set(['=', '!=', 'in', 'contains'])

/** Whether to compare these may take long: several, or an object. */
function isHeavy(nodes: Node[]): boolean {
  return nodes.length > 1 || (typeof nodes[0]?.value === 'object' && nodes[0].value !== null)
}

function weigh(nodes: Node[]): number {
  return nodes.reduce((weight, { value }) => weight + weighValue(value), 0)
}

function weighValue(value: Json | undefined): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce<number>((weight, each) => weight + weighValue(each), 1)
}

function and(left: boolean | undefined, right: boolean | undefined): boolean | undefined {
  if (left === false || right === false) return false
  return left === undefined || right === undefined ? undefined : true
}

function or(left: boolean | undefined, right: boolean | undefined): boolean | undefined {
  if (left === true || right === true) return true
  return left === undefined || right === undefined ? undefined : false
}
