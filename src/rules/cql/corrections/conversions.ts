import { Quantity, Ratio } from 'cql-execution'
import { parseDate, parseDateTime, parseTime } from '../run/temporal.ts'
import { calendarUnit } from './calendar.ts'
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

const calendarUnits = /^(?:year|month|week|day|hour|minute|second|millisecond)s?$/

function readQuantity(text: string): Quantity | null {
  const [, number, unit = '1', word] = /^([+-]?\d+(?:\.\d+)?)\s*(?:'([^']+)'|([a-z]+))?$/.exec(text) ?? []
  if (number === undefined || (word !== undefined && !calendarUnits.test(word))) return null
  try {
    return new Quantity(Number(number), word ?? unit)
  } catch {
    // No unit of UCUM, or a number out of range.
    return null
  }
}

/**
 * Years and months of the calendar vary in length: they are compared with each other alone, neither with units of UCUM nor with days
 * (CQL 1.5, Equal, Quantity).
 */
const mixes = (from: string, to: string) => (calendarUnit(from) === undefined) !== (calendarUnit(to) === undefined)

/** Texts of moments: the whole of one must be a moment that exists. The executor reads them, for it knows the offset of the clock. */
const moments: Record<string, (text: string) => unknown> = {
  Date: parseDate,
  DateTime: (text) => parseDateTime(text, 0),
  Time: (text) => parseTime(text.replace(/^T/, '')),
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
  // Units that UCUM calls arbitrary ([IU]) are the same as themselves.
  replaceConversion((original) => (value, from, to, adjustPrecision) => {
    if (from === to) return value
    return mixes(from, to) ? null : original(value, from, to, adjustPrecision)
  })
}
