import { Interval } from 'cql-execution'
import { isJsonObject } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json-value.ts'
import { and, not, or, type Ternary } from '../../three-valued.ts'
import { properlyHolds } from './intervals.ts'
import {
  addOperator,
  type Comparison,
  type Evaluation,
  equals,
  precisionOf,
  replaceOperator,
  type SortItem,
  sorting,
} from './operators.ts'

/** Whether an element is the item; null is only itself (CQL 1.5, Contains). */
const isItem: Comparison = (element, item) =>
  element == null || item == null ? element == null && item == null : equals(element, item)

/** `contains`: whether one of the elements is the item; unknown while one may be. */
function contains(list: unknown[], item: unknown): Ternary {
  let found: Ternary = false
  for (const each of list) {
    const same = isItem(each, item)
    if (same === true) found = true
    else if (same === null && found === false) found = null
  }
  return found
}

/** `properly contains`: contains the item, and something else (CQL 1.5, Proper Contains); whether a null is something else is unknown. */
function properlyContains(list: unknown[], item: unknown): Ternary {
  const isOther = list.map((each) => (each == null && item != null ? null : not(isItem(each, item))))
  return and([contains(list, item), or(isOther)])
}

/** Proper containment of an item at one place of the operands in the other; a list that is null holds nothing. */
const properly =
  (container: 0 | 1) =>
  (call: Evaluation): Ternary => {
    const [holder, item] = [call.args[container], call.args[1 - container]]
    if (Array.isArray(holder)) return properlyContains(holder, item)
    if (holder instanceof Interval) return properlyHolds(holder, item, precisionOf(call))
    return isList(call.node, container) ? false : null
  }

/** Kind of the static type of an operand, as far as ELM tells it. */
function typeKind({ operand }: JsonObject, at: number) {
  const node = Array.isArray(operand) ? operand[at] : undefined
  const type = isJsonObject(node) ? node.resultTypeSpecifier : undefined
  return isJsonObject(type) ? type.type : undefined
}

const isList = (node: JsonObject, at: number) => typeKind(node, at) === 'ListTypeSpecifier'
const mayBeList = (node: JsonObject, at: number) => typeKind(node, at) !== 'IntervalTypeSpecifier'

/** Installs the corrections of lists. */
export function correctLists(): void {
  const holds = (call: Evaluation, container: unknown, item: unknown) =>
    Array.isArray(container) ? contains(container, item) : call.original()
  replaceOperator(
    'Contains',
    (call) => holds(call, call.args[0], call.args[1]),
    (node) => mayBeList(node, 0),
  )
  replaceOperator(
    'In',
    (call) => holds(call, call.args[1], call.args[0]),
    (node) => mayBeList(node, 1),
  )
  addOperator('ProperContains', properly(0))
  addOperator('ProperIn', properly(1))
}

/** What is answered when the first value is the lower or the higher one. */
type Order = Pick<SortItem, 'low_order' | 'high_order'>

interface Comparable {
  before(other: unknown): boolean | null | undefined
  after(other: unknown): boolean | null | undefined
}

/** Dates, times and quantities compare themselves: as texts, moments of different offsets would come in the wrong order. */
const isComparable = (value: unknown): value is Comparable =>
  typeof value === 'object' && value !== null && 'before' in value && typeof value.before === 'function'

/** Nulls are lower than anything (CQL 1.5, sort); of moments that cannot be told apart the less precise one is lower. */
export function orderOf({ low_order: low, high_order: high }: Order, a: unknown, b: unknown): number {
  if (a === b || (a == null && b == null)) return 0
  if (a == null || b == null) return a == null ? low : high
  if (isComparable(a) && isComparable(b)) {
    const [isBefore, isAfter] = [a.before(b), a.after(b)]
    if (isBefore || isAfter) return isBefore ? low : high
    if (isBefore === false && isAfter === false) return 0
    // Not known, for one is less precise: it comes first, as its text does.
    return orderOf({ low_order: low, high_order: high }, String(a), String(b))
  }
  return a < b ? low : a > b ? high : 0
}

/** Installs the corrections of `sort`. */
export function correctSorting(): void {
  sorting.ByDirection.prototype.exec = async function (_context, a, b) {
    return orderOf(this, a, b)
  }
  sorting.ByExpression.prototype.exec = async function (context, a, b) {
    const value = (element: unknown) => this.expression?.execute(context.childContext(element))
    return orderOf(this, await value(a), await value(b))
  }
}
