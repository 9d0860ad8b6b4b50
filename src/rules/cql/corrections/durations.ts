import { Date as CqlDate, DateTime, Quantity } from 'cql-execution'
import { millisecondsOf } from '../../../base/calendar-units.ts'
import { OperatorError } from '../run/run-errors.ts'
import { type Field, fields, timeWord } from './calendar.ts'

/** Date, DateTime or Time, which is a DateTime to the executor. */
export type Moment = DateTime | CqlDate

/** Whether a value is a Date, DateTime or Time. */
export const isMoment = (value: unknown): value is Moment => value instanceof DateTime || value instanceof CqlDate

/** A field of a moment; null where the moment is less precise. */
export function fieldOf(moment: Moment, field: Field): number | null {
  if (moment instanceof DateTime) return moment[field] ?? null
  return field === 'year' || field === 'month' || field === 'day' ? (moment[field] ?? null) : null
}

/** The finest field that a moment has. */
const precisionOf = (moment: Moment): Field => fields.findLast((field) => fieldOf(moment, field) !== null) ?? 'year'

const longest = fields.indexOf('hour')

/**
 * A duration as it is added to a moment (CQL 1.5, Add, Date and time): of years and months only the calendar's; above the second
 * without its fraction; one finer than the moment in the finest field that the moment has, cut: a month is 30 days then, a year 365.
 */
export function durationFor(moment: Moment, { value, unit }: Quantity): Quantity {
  const word = timeWord(unit)
  if (word === undefined)
    throw new OperatorError(
      'only years, months, weeks, days and parts of a day of the calendar can be added to a moment',
    )
  const finest = precisionOf(moment)
  // A week is counted in days.
  const size = fields.findIndex((field) => field === (word === 'week' ? 'day' : word))
  if (moment instanceof CqlDate && size >= longest)
    throw new OperatorError('hours, minutes and seconds cannot be added to a Date')
  if (moment instanceof DateTime && moment.isTime() && size < longest)
    throw new OperatorError('years, months, weeks and days cannot be added to a Time')
  if (size > fields.indexOf(finest)) return new Quantity(Math.trunc(coarser(value, word, finest)), finest)
  const isWhole = size < fields.indexOf('second')
  return new Quantity(isWhole ? Math.trunc(value) : value, word)
}

const day = millisecondsOf.day ?? 0

/** A duration in a coarser unit. */
function coarser(value: number, word: string, unit: Field): number {
  if (word === 'month') return value / 12
  const milliseconds = value * (millisecondsOf[word] ?? 0)
  if (unit === 'year') return milliseconds / (365 * day)
  return milliseconds / (unit === 'month' ? 30 * day : (millisecondsOf[unit] ?? 1))
}
