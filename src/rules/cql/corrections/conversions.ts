import { Quantity } from 'cql-execution'
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

/** A number without exponent, which CQL does not know. */
function decimalText(value: number): string {
  const text = String(value)
  return text.includes('e-') ? value.toFixed(8).replace(/\.?0+$/, '') : text
}

/** Units above the week of the calendar and of UCUM: durations of both kinds cannot be compared (CQL 1.5, Quantity). */
const calendarOf: Record<string, string> = { year: 'a', years: 'a', month: 'mo', months: 'mo' }

const mixes = (from: string, to: string) =>
  (from in calendarOf && Object.values(calendarOf).includes(to)) ||
  (to in calendarOf && Object.values(calendarOf).includes(from))

/** Installs the corrections of conversions between types and units. */
export function correctConversions(): void {
  for (const [type, read] of Object.entries(readers)) {
    replaceOperator(`To${type}`, ({ args: [arg], original }) => (typeof arg === 'string' ? read(arg) : original()))
    replaceOperator(`ConvertsTo${type}`, ({ args: [arg], original }) =>
      typeof arg === 'string' ? read(arg) !== null : original(),
    )
  }
  replaceOperator('ToString', ({ args: [arg], original }: Evaluation) =>
    typeof arg === 'number' ? decimalText(arg) : original(),
  )
  // Units that UCUM calls arbitrary ([IU]) are the same as themselves.
  replaceConversion((original) => (value, from, to, adjustPrecision) => {
    if (from === to) return value
    return mixes(from, to) ? null : original(value, from, to, adjustPrecision)
  })
}
