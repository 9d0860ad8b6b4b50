import { millisecondsOf } from '../../base/calendar-units.ts'
import { TransformFault, ValueFault } from './fault.ts'

/** A `dateOp`: the standard has no definition of it, this is the engine's own. */
export interface DateOperation {
  /** FHIR date, dateTime or instant. */
  value: string | undefined
  /** `add`, `subtract`, `truncate`, `now`. */
  operation: string
  amount: string | undefined
  /** `years months weeks days hours minutes seconds milliseconds`, singular or plural; for `truncate` the finest that is kept. */
  unit: string | undefined
  now: Date
}

/** Operations of `dateOp`. */
export const DATE_OPERATIONS = ['add', 'subtract', 'truncate', 'now']

const UNITS = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond'] as const
type Unit = (typeof UNITS)[number]
const PARTS = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/

/**
 * Calculates with a date in its own zone and precision: `add` and `subtract` keep both (an amount finer than the
 * precision counts only in whole units of it), a day that the month does not have becomes its last; `truncate` cuts to
 * a unit; `now` is the time of the run. TransformFault when the value is no date or the operation is unknown.
 */
export function dateOperation(given: DateOperation): string | undefined {
  const operation = given.operation.toLowerCase()
  if (operation === 'now') return given.now.toISOString()
  if (given.value === undefined) return undefined
  const parts = PARTS.exec(given.value)
  if (!parts || !isOnCalendar(parts)) throw new ValueFault('dateOp() needs a date')
  const unit = readUnit(given.unit ?? (operation === 'truncate' ? given.amount : undefined))
  if (operation === 'truncate') return truncate(given.value, unit)
  if (operation !== 'add' && operation !== 'subtract') {
    throw new TransformFault(`dateOp() knows add, subtract, truncate and now, not '${given.operation}'`)
  }
  const amount = Number(given.amount)
  if (!Number.isInteger(amount)) throw new ValueFault('dateOp() needs a whole number')
  return add(parts, operation === 'add' ? amount : -amount, unit)
}

/**
 * A date or date-time plus a number of calendar units, for FHIRPath: undefined when the value is not as precise as the
 * unit, or to the minute alone, which have rules of their own. Parts of a unit are dropped, as the expectations published with WHO's maps have it.
 */
export function addCalendarUnits(value: string, amount: number, unit: string): string | undefined {
  const parts = PARTS.exec(value)
  const known = UNITS.find((each) => each === unit.replace(/s$/, ''))
  if (!parts || !known) return undefined
  const [, , month, day, hour, , second, fraction] = parts
  if (hour !== undefined && (second === undefined || (known === 'millisecond' && fraction === undefined)))
    return undefined
  const coarse = known === 'year' || (known === 'month' && month) || ((known === 'week' || known === 'day') && day)
  return coarse || hour !== undefined ? add(parts, Math.trunc(amount), known) : undefined
}

/** Whether a text is a date or date-time as `dateOp` takes it. */
export function isDateText(text: string): boolean {
  const parts = PARTS.exec(text)
  return parts !== null && isOnCalendar(parts)
}

function isOnCalendar([, year, month = '1', day = '1']: RegExpExecArray): boolean {
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  return date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day)
}

/** Whether `dateOp` knows a unit, in singular or plural. */
export const isDateUnit = (text: string): boolean => UNITS.some((each) => each === text.toLowerCase().replace(/s$/, ''))

function readUnit(text: string | undefined): Unit {
  const name = (text ?? 'day').toLowerCase().replace(/s$/, '')
  const unit = UNITS.find((each) => each === name)
  if (!unit) throw new TransformFault(`dateOp() knows the units ${UNITS.join(', ')}, not '${text}'`)
  return unit
}

const LENGTHS: Record<Unit, number> = {
  year: 4,
  month: 7,
  week: 10,
  day: 10,
  hour: 13,
  minute: 16,
  second: 19,
  millisecond: 23,
}

function truncate(value: string, unit: Unit): string {
  if (value.length <= 10 || LENGTHS[unit] <= 10) return value.slice(0, LENGTHS[unit])
  const zone = /(Z|[+-]\d\d:\d\d)$/.exec(value)?.[1] ?? ''
  const kept = value.slice(0, value.length - zone.length).slice(0, LENGTHS[unit])
  return `${kept}${'YYYY-MM-DDT00:00:00'.slice(kept.length)}${zone}`
}

function add(parts: RegExpExecArray, amount: number, unit: Unit): string {
  const [value, year = '', month, day, hour, minute, second, fraction, zone = ''] = parts
  const time = Date.UTC(
    Number(year),
    Number(month ?? 1) - 1,
    Number(day ?? 1),
    Number(hour ?? 0),
    Number(minute ?? 0),
    Number(second ?? 0),
    Number((fraction ?? '0').padEnd(3, '0').slice(0, 3)),
  )
  const moved =
    unit === 'year' || unit === 'month'
      ? addMonths(time, unit === 'year' ? amount * 12 : amount)
      : time + amount * (millisecondsOf[unit] ?? 0)
  const date = new Date(moved)
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 1 || date.getUTCFullYear() > 9999) {
    throw new ValueFault('dateOp() leaves the years 1 to 9999')
  }
  const iso = date.toISOString()
  if (hour === undefined) return iso.slice(0, value.length)
  const seconds = fraction !== undefined ? `.${iso.slice(20, 23)}` : unit === 'millisecond' ? iso.slice(19, 23) : ''
  return `${iso.slice(0, 19)}${seconds}${zone}`
}

function addMonths(time: number, months: number): number {
  const date = new Date(time)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + months)
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, last))
  return date.getTime()
}
