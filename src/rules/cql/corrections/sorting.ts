import { type SortItem, sorting } from './operators.ts'

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
