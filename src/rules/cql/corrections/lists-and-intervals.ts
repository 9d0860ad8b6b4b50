import { Interval, Quantity } from 'cql-execution'
import { and, or } from '../../three-valued.ts'
import { OperatorError } from '../run/run-errors.ts'
import { addOperator, convertUnit, type Evaluation, equals, replaceOperator } from './operators.ts'

const same = (a: unknown, b: unknown) => (a == null && b == null) || equals(a, b) === true

/** Whether an element is the item; null is only itself, and an unknown element may be anything. */
function isItem(element: unknown, item: unknown): boolean | null {
  if (item == null) return element == null
  return element == null ? null : equals(element, item)
}

/** `properly contains`: contains the item, and something else (CQL 1.5, Proper Contains); in an interval not as a bound. */
function properlyContains(container: unknown, item: unknown, precision: string | undefined): boolean | null {
  if (container === null || container === undefined) return null
  if (Array.isArray(container)) {
    const found = container.map((each) => isItem(each, item))
    return and([or(found), or(found.map((each) => (each === null ? null : !each)))])
  }
  if (item === null || item === undefined) return null
  const interval = container as Interval
  const { low, high } = interval.toClosed()
  const bound = or([low, high].map((each) => samePoint(each, item, precision)))
  return and([interval.contains(item, precision), bound === null ? null : !bound])
}

function samePoint(a: unknown, b: unknown, precision: string | undefined): boolean | null {
  const date = a as { sameAs?: (other: unknown, precision?: string) => boolean | null } | null
  return date && typeof date.sameAs === 'function' && precision ? date.sameAs(b, precision) : equals(a, b)
}

const precisionOf = ({ node }: Evaluation) =>
  typeof node.precision === 'string' ? node.precision.toLowerCase() : undefined

/** More points are no question of a rule, and the executor makes them all at once. */
const mostPoints = 100_000
const millisecondsOf: Record<string, number> = {
  week: 604_800_000,
  day: 86_400_000,
  hour: 3_600_000,
  minute: 60_000,
  second: 1000,
  millisecond: 1,
}

/** About how many points an interval has; `per` 0 has no end. */
function pointsOf(interval: Interval, per: unknown): number {
  const { low, high } = interval
  if (low == null || high == null) return 0
  const step = per instanceof Quantity ? Math.abs(per.value) : 1
  if (typeof low === 'number') return (high - low) / step
  if (low instanceof Quantity) {
    const unit = per instanceof Quantity ? per.unit : low.unit
    const last = convertUnit(high.value, high.unit ?? '1', unit ?? '1') ?? high.value
    const first = convertUnit(low.value, low.unit ?? '1', unit ?? '1') ?? low.value
    return (last - first) / step
  }
  if (typeof low.getDateTime !== 'function' && typeof low.toJSDate !== 'function') return 0
  const time = (point: typeof low): number => Number((point.getDateTime?.() ?? point).toJSDate())
  const unit = String((per instanceof Quantity ? per.unit : undefined) ?? low.getPrecision()).replace(/s$/, '')
  return (time(high) - time(low)) / step / (millisecondsOf[unit] ?? 2_000_000_000)
}

function checkPoints([argument, per]: unknown[]): void {
  let points = 0
  for (const each of [argument].flat()) if (each instanceof Interval) points += pointsOf(each, per)
  if (points > mostPoints) throw new Error(`expand would give more than ${mostPoints} points`)
}

/** `expand` of one interval gives points; a list without intervals gives an empty list (CQL 1.5, Expand). */
async function expand({ args, original }: Evaluation): Promise<unknown> {
  checkPoints(args)
  const [argument] = args
  if (Array.isArray(argument)) return argument.every((each) => each == null) ? [] : original()
  const expanded = await original()
  return Array.isArray(expanded) ? expanded.map((each: Interval) => each.low) : expanded
}

/** An interval that ends before it starts is an error (CQL 1.5, interval selector). */
function checkInterval(interval: unknown): unknown {
  if (!(interval instanceof Interval) || interval.low == null || interval.high == null) return interval
  if (typeof interval.low === 'number') {
    const { low, high } = interval.toClosed()
    if (low > high) throw new OperatorError('the interval ends before it starts')
  } else if (typeof interval.low.after === 'function' && interval.low.after(interval.high) === true) {
    throw new OperatorError('the interval ends before it starts')
  }
  return interval
}

const calendarDays: Record<string, number> = { year: 365, month: 30 }
const ucumOf: Record<string, string> = { year: 'a', month: 'mo' }

/** `year` or `month` of a calendar unit, singular or plural. */
const calendarUnit = (unit: unknown) => /^(year|month)s?$/.exec(String(unit ?? ''))?.[1]

/** Calendar and UCUM durations above the week are not comparable (CQL 1.5, Quantity, comparing): equality of them is null. */
function mixesCalendars(a: unknown, b: unknown): boolean {
  if (!(a instanceof Quantity) || !(b instanceof Quantity)) return false
  const [left, right] = [calendarUnit(a.unit), calendarUnit(b.unit)]
  const ucum = (unit: unknown) => Object.values(ucumOf).includes(String(unit))
  return (left !== undefined && ucum(b.unit)) || (right !== undefined && ucum(a.unit))
}

const months = ({ value }: Quantity, unit: string) => value * (unit === 'year' ? 12 : 1)

/** For equivalence a calendar month is 30 days, a year 365, and both are their UCUM units. */
function equivalentDurations(a: Quantity, b: Quantity): boolean | undefined {
  const [left, right] = [calendarUnit(a.unit), calendarUnit(b.unit)]
  if (left === undefined && right === undefined) return undefined
  if (left !== undefined && ucumOf[left] === b.unit) return a.value === b.value
  if (right !== undefined && ucumOf[right] === a.unit) return a.value === b.value
  if (left !== undefined && right !== undefined) return months(a, left) === months(b, right)
  const days = ({ value, unit }: Quantity) => {
    const factor = calendarDays[calendarUnit(unit) ?? ''] ?? (/^days?$/.test(String(unit)) ? 1 : undefined)
    return factor === undefined ? undefined : value * factor
  }
  const [before, after] = [days(a), days(b)]
  return before === undefined || after === undefined ? undefined : before === after
}

/** Equality where the executor differs from the specification; undefined elsewhere. */
function correctedEquality(a: unknown, b: unknown): boolean | null | undefined {
  if (mixesCalendars(a, b)) return null
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.some((each) => each == null))
    return a.every((each, index) => same(each, b[index])) ? true : undefined
  return undefined
}

/** Equivalence is never unknown: values without a common unit are not equivalent (CQL 1.5, Equivalent). */
const known = async (result: Promise<unknown>) => (await result) === true

/** `starts`, `ends`: a closed bound that is null is the least or greatest value of the type (CQL 1.5, interval). */
const withClosedBounds = ({ args, original }: Evaluation) =>
  original(args.map((each) => (each instanceof Interval ? each.toClosed() : each)))

/** A bound of an intersection that lies somewhere is not known. */
async function intersect({ original }: Evaluation): Promise<unknown> {
  const made = await original()
  if (!(made instanceof Interval)) return made
  const isOpen = (bound: unknown) => (bound as { isUncertainty?: boolean } | null)?.isUncertainty === true
  const [low, high] = [isOpen(made.low), isOpen(made.high)]
  if (!low && !high) return made
  return new Interval(low ? null : made.low, high ? null : made.high, made.lowClosed && !low, made.highClosed && !high)
}

function equivalent({ args: [a, b], original }: Evaluation): unknown {
  if (a instanceof Quantity && b instanceof Quantity) {
    const durations = equivalentDurations(a, b)
    return durations === undefined ? known(original()) : durations
  }
  if (a instanceof Interval && b instanceof Interval) {
    const [left, right] = [a.toClosed(), b.toClosed()]
    return same(left.low, right.low) && same(left.high, right.high)
  }
  if (typeof a !== 'number' || typeof b !== 'number') return known(original())
  // Decimals are equivalent when they are equal at the precision of the less precise one.
  const digits = Math.min(...[a, b].map((each) => String(each).split('.')[1]?.length ?? 0))
  const cut = (value: number) => Math.round(value * 10 ** digits)
  return cut(a) === cut(b)
}

/** Installs the corrections of lists, intervals and equality. */
export function correctListsAndIntervals(): void {
  addOperator('ProperContains', (call) => properlyContains(call.args[0], call.args[1], precisionOf(call)))
  addOperator('ProperIn', (call) => properlyContains(call.args[1], call.args[0], precisionOf(call)))
  replaceOperator('Expand', expand)
  replaceOperator('Interval', async ({ original }) => checkInterval(await original()))
  replaceOperator('Equal', ({ args, original }) => {
    const corrected = correctedEquality(args[0], args[1])
    return corrected === undefined ? original() : corrected
  })
  replaceOperator('NotEqual', ({ args, original }) => {
    const corrected = correctedEquality(args[0], args[1])
    return corrected === undefined ? original() : corrected === null ? null : !corrected
  })
  replaceOperator('Equivalent', equivalent)
  replaceOperator('Starts', withClosedBounds)
  replaceOperator('Ends', withClosedBounds)
  replaceOperator('Intersect', intersect)
}
