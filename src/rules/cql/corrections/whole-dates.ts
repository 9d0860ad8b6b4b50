/**
 * Differences and durations between two dates that are known to the day. The executor counts them by way of a date library, whose
 * arithmetic on zones costs ten times what a rule costs otherwise; between whole dates they are sums (CQL 1.5, Difference and Duration).
 * What is less certain, or counted in weeks, stays with the executor.
 */
import { createRequire } from 'node:module'
import { Date as CqlDate } from 'cql-execution'

// The executor does not export the class of its results from the entry.
const { Uncertainty }: { Uncertainty: new (low: number, high: number) => unknown } = createRequire(import.meta.url)(
  'cql-execution/lib/datatypes/uncertainty',
)

type Between = (this: CqlDate, other: unknown, unit: string | undefined) => unknown

/** Makes the executor's dates count so. */
export function countWholeDates(): void {
  const { differenceBetween, durationBetween } = CqlDate.prototype
  replace('differenceBetween', differenceBetween, (from, to, unit) => {
    if (unit === 'day') return dayNumber(to) - dayNumber(from)
    if (unit === 'month') return (to.year - from.year) * 12 + to.month - from.month
    return unit === 'year' ? to.year - from.year : undefined
  })
  replace('durationBetween', durationBetween, (from, to, unit) => {
    if (unit === 'day') return dayNumber(to) - dayNumber(from)
    if (unit !== 'month' && unit !== 'year') return undefined
    const isBackwards = dayNumber(to) < dayNumber(from)
    const months = isBackwards ? monthsBetween(to, from) : monthsBetween(from, to)
    const whole = unit === 'month' ? months : Math.trunc(months / 12)
    return isBackwards && whole !== 0 ? -whole : whole
  })
}

interface Whole {
  year: number
  month: number
  day: number
}

function replace(
  name: 'differenceBetween' | 'durationBetween',
  original: Between,
  count: (from: Whole, to: Whole, unit: string | undefined) => number | undefined,
): void {
  const replaced: Between = function (other, unit) {
    const [from, to] = [wholeDate(this), other instanceof CqlDate ? wholeDate(other) : undefined]
    const counted = from && to && count(from, to, unit)
    return counted === undefined ? original.call(this, other, unit) : new Uncertainty(counted, counted)
  }
  Object.defineProperty(CqlDate.prototype, name, { value: replaced, writable: true, configurable: true })
}

function wholeDate({ year, month, day }: CqlDate): Whole | undefined {
  return year == null || month == null || day == null ? undefined : { year, month, day }
}

/** Days of the Gregorian calendar; years before 100 are no years of the last century. */
function dayNumber({ year, month, day }: Whole): number {
  return Math.round(new Date(0).setUTCFullYear(year, month - 1, day) / 86_400_000)
}

/** Whole months from a date to a later one; a month from its 31st ends on the last day of a shorter one. */
function monthsBetween(from: Whole, to: Whole): number {
  const months = (to.year - from.year) * 12 + to.month - from.month
  const last = new Date(Date.UTC(2000, 0, 1))
  last.setUTCFullYear(to.year, to.month, 0)
  return to.day < Math.min(from.day, last.getUTCDate()) ? months - 1 : months
}
