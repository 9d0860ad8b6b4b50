import { Date as CqlDate, DateTime, Interval } from 'cql-execution'
import { isJsonObject } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json-value.ts'
import { OperatorError } from '../run/run-errors.ts'
import { fields } from './calendar.ts'
import { decimalText } from './decimals.ts'
import { fieldOf, isMoment, type Moment } from './durations.ts'
import { addOperator, type Evaluation, equals, replaceOperator } from './operators.ts'

/** Digits after the point; of a literal as written, for a double has no trailing zeros. */
function fractionDigits(value: number, node?: JsonObject): number {
  const operand = Array.isArray(node?.operand) ? node.operand[0] : node?.operand
  const isLiteral = isJsonObject(operand) && operand.type === 'Literal' && typeof operand.value === 'string'
  const text = isLiteral ? String(operand.value) : decimalText(value)
  return text.split('.')[1]?.length ?? 0
}

const least = [1, 1, 1, 0, 0, 0, 0]
/** Number of digits that stand for a precision (CQL 1.5, Precision) → number of fields. */
const dateDigits: Record<number, number> = { 4: 1, 6: 2, 8: 3, 10: 4, 12: 5, 14: 6, 17: 7 }
const timeDigits: Record<number, number> = { 2: 4, 4: 5, 6: 6, 9: 7 }

/** Highest or lowest value that a value of less precision can stand for (CQL 1.5, HighBoundary, LowBoundary). */
function boundary(high: boolean) {
  return ({ args: [arg, digits], node }: Evaluation) => {
    if (arg === null || arg === undefined) return null
    if (typeof arg === 'number')
      return decimalBoundary(arg, { high, digits: typeof digits === 'number' ? digits : 8, node })
    if (isMoment(arg)) return dateBoundary(arg, high, typeof digits === 'number' ? digits : undefined)
    throw new OperatorError('boundaries are known of Decimal, Date, DateTime and Time')
  }
}

function decimalBoundary(
  value: number,
  { high, digits, node }: { high: boolean; digits: number; node: JsonObject },
): number | null {
  if (digits > 8 || digits < 0) return null
  const own = fractionDigits(value, node)
  if (own >= digits) return Math.trunc(value * 10 ** digits) / 10 ** digits
  // The interval a number stands for grows away from zero.
  const grows = high === value >= 0
  const size = grows ? 10 ** -own - 10 ** -digits : 0
  return Number((value + (value >= 0 ? size : -size)).toFixed(digits))
}

function dateBoundary(value: Moment, high: boolean, digits: number | undefined): Moment | null {
  const time = value instanceof DateTime && value.isTime()
  const most = value instanceof DateTime ? 7 : 3
  const count = digits === undefined ? most : (time ? timeDigits : dateDigits)[digits]
  if (count === undefined || count > most) return null
  const filled: (number | null)[] = []
  for (const [index, field] of fields.entries()) {
    const own = fieldOf(value, field) ?? (high ? greatest(index, filled) : (least[index] ?? 0))
    filled.push(index < count ? own : null)
  }
  const [year, month, day, hour, minute, second, millisecond] = filled
  if (!(value instanceof DateTime)) return new CqlDate(year, month, day)
  const made = new DateTime(year, month, day, hour, minute, second, millisecond, value.timezoneOffset)
  made.timezoneOffset = value.timezoneOffset
  return made
}

function greatest(index: number, [year, month]: (number | null)[]): number {
  // Day 0 of the next month is the last of this one.
  if (index === 2) return new Date(Date.UTC(year ?? 2000, month ?? 12, 0)).getUTCDate()
  return [9999, 12, 31, 23, 59, 59, 999][index] ?? 0
}

/** Installs precision, boundaries and `point from`. */
export function correctBoundaries(): void {
  addOperator('HighBoundary', boundary(true))
  addOperator('LowBoundary', boundary(false))
  replaceOperator('Precision', ({ args: [arg], node, original }) =>
    typeof arg === 'number' ? fractionDigits(arg, node) : original(),
  )
  addOperator('PointFrom', ({ args: [arg] }) => {
    if (arg === null || arg === undefined) return null
    if (!(arg instanceof Interval)) throw new OperatorError('point from needs an interval')
    const { low, high } = arg.toClosed()
    if (low == null || high == null) return null
    if (equals(low, high) === true) return low
    throw new OperatorError('point from needs an interval of one point')
  })
}
