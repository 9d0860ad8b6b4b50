import { Interval, Quantity } from 'cql-execution'
import { millisecondsOf } from '../../../base/calendar-units.ts'
import { timeWord } from './calendar.ts'
import { isMoment, type Moment } from './durations.ts'
import { after, convertUnit, type Evaluation, replaceOperator } from './operators.ts'

/** More points are no question of a rule, and the executor makes them all at once. */
const mostPoints = 100_000
/** A step of months or years is at least that long. */
const longStep = 2_000_000_000

/** About how many points an interval has; `per` 0 has no end. */
function pointsOf({ low, high }: Interval, per: unknown): number {
  if (low == null || high == null) return 0
  const step = per instanceof Quantity ? Math.abs(per.value) : 1
  if (typeof low === 'number') return (high - low) / step
  if (low instanceof Quantity) {
    const unit = String((per instanceof Quantity ? per.unit : low.unit) ?? '1')
    const last = convertUnit(high.value, high.unit ?? '1', unit) ?? high.value
    const first = convertUnit(low.value, low.unit ?? '1', unit) ?? low.value
    return (last - first) / step
  }
  if (!isMoment(low) || !isMoment(high)) return 0
  const word = timeWord((per instanceof Quantity ? per.unit : undefined) ?? low.getPrecision())
  return (timeOf(high) - timeOf(low)) / step / (millisecondsOf[word ?? ''] ?? longStep)
}

const timeOf = (moment: Moment) => moment.getDateTime().toJSDate().getTime()

function checkPoints([argument, per]: unknown[]): void {
  let points = 0
  for (const each of [argument].flat()) if (each instanceof Interval) points += pointsOf(each, per)
  if (points > mostPoints) throw new Error(`expand would give more than ${mostPoints} points`)
}

/** Integers per a fraction are points at that step: `Interval[10.1, 10.1]`, not up to the next one (CQL 1.5, Expand). */
const isFractional = (intervals: unknown[], per: unknown) =>
  per instanceof Quantity &&
  !Number.isInteger(per.value) &&
  intervals.every((each) => !(each instanceof Interval) || Number.isInteger(each.low ?? each.high))

/** `expand` of one interval gives points; a list without intervals gives an empty list (CQL 1.5, Expand). */
function expand({ args, original }: Evaluation): unknown {
  checkPoints(args)
  const [argument, per] = args
  if (Array.isArray(argument) && argument.every((each) => each == null)) return []
  return after(original(), (expanded) => pointsIn(expanded, argument, per))
}

function pointsIn(expanded: unknown, argument: unknown, per: unknown): unknown {
  if (!Array.isArray(expanded)) return expanded
  const made: Interval[] = expanded.filter((each) => each instanceof Interval)
  if (!Array.isArray(argument)) return made.map(({ low }) => low)
  return isFractional(argument, per) ? made.map(({ low }) => new Interval(low, low)) : made
}

/** Installs the corrections of `expand`. */
export function correctExpansion(): void {
  replaceOperator('Expand', expand)
}
