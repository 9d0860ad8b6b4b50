import { Interval, Quantity, Ratio } from 'cql-execution'
import { and, type Ternary } from '../../three-valued.ts'
import { calendarUnit, monthsOf } from './calendar.ts'
import { decimalText } from './decimals.ts'
import { after, type Comparison, equals, replaceComparison, replaceOperator } from './operators.ts'

/**
 * Equality of lists and tuples is a conjunction (CQL 1.5, Equal): one pair that differs makes it false, also beside one that is
 * unknown. Null elements of both sides are equal.
 */
const equality =
  (original: Comparison): Comparison =>
  (a, b) => {
    if (a == null || b == null) return null
    // Most of what is compared are codes.
    if (typeof a === 'string' && typeof b === 'string') return a === b
    if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && pairs(a, b, equals)
    if (isTuple(a) && isTuple(b)) return sameNames(a, b) && pairs(Object.values(a), valuesLike(a, b), equals)
    if (a instanceof Quantity && b instanceof Quantity) return original(withUnit(a), withUnit(b))
    // Term by term; as quotients they are equivalent.
    if (a instanceof Ratio && b instanceof Ratio)
      return and([equals(a.numerator, b.numerator), equals(a.denominator, b.denominator)])
    // A Long that a double cannot hold.
    if (typeof a === 'bigint' || typeof b === 'bigint') return a === b
    return original(a, b)
  }

/** A quantity without unit has the unit 1 (CQL 1.5, Quantity). */
const withUnit = (quantity: Quantity) => (quantity.unit ? quantity : new Quantity(quantity.value, '1'))

/** A value that stands at the same place in both: two nulls count as the same. */
const pairs = (a: unknown[], b: unknown[], compare: Comparison): Ternary =>
  and(a.map((each, index) => (each == null && b[index] == null) || compare(each, b[index])))

/** Tuples are plain objects; every other structured value has a class that compares itself. */
const isTuple = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

const sameNames = (a: object, b: object) =>
  Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((name) => Object.hasOwn(b, name))

const valuesLike = (names: object, values: Record<string, unknown>) => Object.keys(names).map((name) => values[name])

/** Equivalence is never unknown: what has no common unit, or only one side has, is not equivalent (CQL 1.5, Equivalent). */
const equivalence =
  (original: Comparison): Comparison =>
  (a, b) => {
    const same: Comparison = equivalence(original)
    if (a == null || b == null) return a == null && b == null
    if (Array.isArray(a) && Array.isArray(b))
      return a.length === b.length && a.every((each, index) => same(each, b[index]) === true)
    if (isTuple(a) && isTuple(b))
      return sameNames(a, b) && Object.keys(a).every((name) => same(a[name], b[name]) === true)
    if (a instanceof Quantity && b instanceof Quantity) return equivalentDurations(a, b) ?? equals(a, b) === true
    // Interval[1, 5) is Interval[1, 4] (start of, end of); a bound that nobody knows is like another one.
    if (a instanceof Interval && b instanceof Interval) return same(a.start(), b.start()) && same(a.end(), b.end())
    if (typeof a === 'number' && typeof b === 'number') return equivalentNumbers(a, b)
    if (typeof a === 'bigint' || typeof b === 'bigint') return a === b
    return original(a, b) === true
  }

/** Decimals are equivalent when they are equal at the precision of the less precise one. */
function equivalentNumbers(a: number, b: number): boolean {
  const digits = Math.min(...[a, b].map((each) => decimalText(each).split('.')[1]?.length ?? 0))
  const cut = (value: number) => Math.round(value * 10 ** digits)
  return cut(a) === cut(b)
}

const calendarDays: Record<string, number> = { year: 365, month: 30 }
const ucumOf: Record<string, string> = { year: 'a', month: 'mo' }

/** For equivalence a calendar month is 30 days, a year 365, and both are their UCUM units; undefined for other units. */
function equivalentDurations(a: Quantity, b: Quantity): boolean | undefined {
  const [left, right] = [calendarUnit(a.unit), calendarUnit(b.unit)]
  if (left === undefined && right === undefined) return undefined
  if (left !== undefined && ucumOf[left] === b.unit) return a.value === b.value
  if (right !== undefined && ucumOf[right] === a.unit) return a.value === b.value
  if (left !== undefined && right !== undefined) return monthsOf(a) === monthsOf(b)
  const days = ({ value, unit }: Quantity) => {
    const factor = calendarDays[calendarUnit(unit) ?? ''] ?? (/^days?$/.test(String(unit)) ? 1 : undefined)
    return factor === undefined ? undefined : value * factor
  }
  const [before, after] = [days(a), days(b)]
  return before === undefined || after === undefined ? undefined : before === after
}

/** Installs equality and equivalence, for the operators and for everything that compares elements. */
export function correctEquality(): void {
  replaceComparison('equals', equality)
  replaceComparison('equivalent', equivalence)
  // The executor leaves an unknown answer of a part as it is.
  replaceOperator('Equivalent', ({ original }) => after(original(), (same) => same === true))
}
