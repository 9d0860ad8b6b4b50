import { Quantity, Ratio } from 'cql-execution'
import { parseDate, parseDateTime, parseTime } from '../run/temporal.ts'
import { isCalendarWord, mixesCalendar, monthsOf } from './calendar.ts'
import { decimalText } from './decimals.ts'
import { refuseBig } from './longs.ts'
import { type Evaluation, replaceConversion, replaceOperator } from './operators.ts'

/**
 * A text converts when all of it is a value of the type, else it is null (CQL 1.5, ToInteger, ToDecimal, ToQuantity). The executor reads
 * as much of its beginning as it can: `12abc` would be 12.
 */
const readers: Record<string, (text: string) => unknown> = {
  Integer: (text) => (/^[+-]?\d+$/.test(text) ? inRange(Number(text), -(2 ** 31), 2 ** 31 - 1) : null),
  Decimal: (text) => (/^[+-]?\d+(?:\.\d+)?$/.test(text) ? inRange(Number(text), -1e20, 1e20) : null),
  Quantity: readQuantity,
}

const inRange = (value: number, low: number, high: number) => (value >= low && value <= high ? value : null)

function readQuantity(text: string): Quantity | null {
  const [, number, unit = '1', word] = /^([+-]?\d+(?:\.\d+)?)\s*(?:'([^']+)'|([a-z]+))?$/.exec(text) ?? []
  if (number === undefined || (word !== undefined && !isCalendarWord(word))) return null
  try {
    return new Quantity(Number(number), word ?? unit)
  } catch {
    // No unit of UCUM, or a number out of range.
    return null
  }
}

/** `convert … to months`: the translator writes the word as the code of UCUM; of years of the calendar it means the calendar's. */
const calendarTargets: Record<string, { word: string; months: number }> = {
  a: { word: 'year', months: 12 },
  mo: { word: 'month', months: 1 },
}

/** Texts of moments: the whole of one must be a moment that exists. The executor reads them, for it knows the offset of the clock. */
const moments: Record<string, (text: string) => unknown> = {
  Date: parseDate,
  DateTime: (text) => parseDateTime(text, 0),
  // A zone may stand behind a time and has no meaning there.
  Time: (text) => parseTime(text.replace(/^T/, '').replace(/(?:Z|[+-]\d\d:\d\d)$/, '')),
}

/** Installs the corrections of conversions between types and units. */
export function correctConversions(): void {
  for (const [type, read] of Object.entries(readers)) {
    replaceOperator(`To${type}`, ({ args: [arg], original }) => {
      if (type === 'Decimal') refuseBig(arg)
      if (typeof arg === 'bigint') return null
      return typeof arg === 'string' ? read(arg) : original()
    })
    replaceOperator(`ConvertsTo${type}`, ({ args: [arg], original }) =>
      typeof arg === 'string' ? read(arg) !== null : original(),
    )
  }
  for (const [type, read] of Object.entries(moments)) {
    const isJunk = (arg: unknown) => typeof arg === 'string' && read(arg) === undefined
    replaceOperator(`To${type}`, ({ args: [arg], original }) => (isJunk(arg) ? null : original()))
    replaceOperator(`ConvertsTo${type}`, ({ args: [arg], original }) => (isJunk(arg) ? false : original()))
  }
  replaceOperator('ToString', ({ args: [arg], original }: Evaluation) => {
    if (typeof arg === 'bigint') return arg.toString()
    if (arg instanceof Ratio) return `${arg.numerator}:${arg.denominator}`
    return typeof arg === 'number' ? decimalText(arg) : original()
  })
  replaceOperator('ConvertQuantity', ({ args: [arg, unit], original }) => {
    const months = arg instanceof Quantity ? monthsOf(arg) : undefined
    const target = months === undefined ? undefined : calendarTargets[String(unit)]
    return months === undefined || target === undefined ? original() : new Quantity(months / target.months, target.word)
  })
  // Units that UCUM calls arbitrary ([IU]) are the same as themselves.
  replaceConversion((original) => (value, from, to, adjustPrecision) => {
    if (from === to) return value
    return mixesCalendar(from, to) ? null : original(value, from, to, adjustPrecision)
  })
}
