import type { Json } from '../../base/json-value.ts'
import type { Node } from '../model/nodes.ts'
import { r4Type, UNKNOWN } from '../model/types.ts'
import { addCalendarUnits } from '../run/date-operation.ts'
import { spend } from '../run/run.ts'
import { type CompiledExpression, NeedsEngine } from './expression-types.ts'
import { booleanNode, compare, EMPTY, equal, isTemporal, singleNumber, truth, valueNode } from './native-values.ts'

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

/** A binary operator over compiled operands; undefined for one that only the full engine knows. */
export function compileOperator(
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
