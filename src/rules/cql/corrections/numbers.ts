import { Quantity } from 'cql-execution'
import { OperatorError } from '../run/run-errors.ts'
import { isCalendarWord, isTimeUnit, mixesCalendar } from './calendar.ts'
import { decimal, decimalStep, remainder, rounded, wholeQuotient } from './decimals.ts'
import { durationFor, isMoment } from './durations.ts'
import { integer, isLong, long } from './longs.ts'
import {
  after,
  convertUnit,
  type Evaluation,
  isUncertain,
  replaceNamedOperator,
  replaceOperator,
  staticType,
} from './operators.ts'

/** One operation on numbers and, exactly, on whole ones; null where it has no result. */
interface Arithmetic {
  compute(a: number, b: number): number
  exact(a: bigint, b: bigint): bigint | null
  /** Of it a quantity may be a factor. */
  isProduct?: true
}

/** The result of an operation on two numbers of a static type; undefined for other operands and for Integers. */
function calculate([a, b]: unknown[], type: string | undefined, { compute, exact }: Arithmetic) {
  const isBig = typeof a === 'bigint' || typeof b === 'bigint'
  if (isLong(a) && isLong(b) && (type === 'Long' || isBig)) {
    const result = exact(BigInt(a), BigInt(b))
    return result === null ? null : long(result)
  }
  return typeof a === 'number' && typeof b === 'number' && type === 'Decimal' ? decimal(compute(a, b)) : undefined
}

/** Durations of the calendar and others; a number has the unit 1. */
const isMixed = ([a, b]: unknown[]) =>
  a instanceof Quantity &&
  b instanceof Quantity &&
  mixesCalendar(a.unit, b.unit) &&
  [a, b].every(({ unit }) => isTimeUnit(unit))

/** A duration of the calendar by a number: it stays one, where the executor would make it one of UCUM. Undefined for anything else. */
function scaled([a, b]: unknown[], { compute }: Pick<Arithmetic, 'compute'>): Quantity | null | undefined {
  if (!(a instanceof Quantity) || !(b instanceof Quantity) || !isCalendarWord(a.unit)) return undefined
  if ((b.unit ?? '1') !== '1' || b.value === 0) return undefined
  const value = decimal(compute(a.value, b.value))
  return value === null ? null : new Quantity(value, a.unit)
}

/**
 * Arithmetic by static type. The executor takes every whole number for an Integer, so that a Decimal or Long above 2³¹ became null;
 * dates that leave the calendar are errors (CQL 1.5, Add, Subtract).
 */
function arithmetic(operation: Arithmetic) {
  return ({ args, node, original }: Evaluation) => {
    const known = calculate(args, staticType(node), operation)
    if (known !== undefined) return known
    if (isMixed(args)) return null
    const times = operation.isProduct ? (scaled(args, operation) ?? scaled(args.toReversed(), operation)) : undefined
    if (times) return times
    const [moment, quantity] = args
    if (!isMoment(moment) || !(quantity instanceof Quantity)) return original()
    return after(original([moment, durationFor(moment, quantity)]), (result) => {
      if (result === null) throw new OperatorError('the date is out of range')
      return result
    })
  }
}

/** Whole part of a division or rest, of numbers or of quantities of one dimension. */
function division(operation: Arithmetic) {
  return ({ args, node, original }: Evaluation) => {
    const [a, b] = args
    if (args.some(isUncertain)) throw new OperatorError('the operand is uncertain')
    const isBig = typeof a === 'bigint' || typeof b === 'bigint'
    const known = calculate(args, isBig ? 'Long' : staticType(node), operation)
    if (known !== undefined) return known
    if (!(a instanceof Quantity) || !(b instanceof Quantity)) return original()
    const divisor = convertUnit(b.value, b.unit ?? '1', a.unit ?? '1')
    const value = divisor === null || divisor === 0 ? null : decimal(operation.compute(a.value, divisor))
    return value === null ? null : new Quantity(value, a.unit)
  }
}

/** Next value up or down: one step of the static type; past the end is an error (CQL 1.5, Successor). */
function neighbour(direction: 1 | -1) {
  return ({ args, node, original }: Evaluation) => {
    const [arg] = args
    if (arg === null || arg === undefined) return null
    const type = staticType(node)
    if (isLong(arg) && (type === 'Long' || typeof arg === 'bigint')) return long(BigInt(arg) + BigInt(direction))
    if (typeof arg === 'number' && type === 'Decimal') return decimal(arg + direction * decimalStep)
    if (arg instanceof Quantity) return new Quantity(decimal(arg.value + direction * decimalStep), arg.unit)
    return after(original(), (result) => {
      if (result === null)
        throw new OperatorError(`there is no value ${direction > 0 ? 'above the greatest' : 'below the least'}`)
      return result
    })
  }
}

/** Whole numbers out of Decimals that do not fit an Integer are null. */
const whole = ({ original }: Evaluation) =>
  after(original(), (result) => (typeof result === 'number' ? integer(result) : result))

/** Infinite results are errors; the logarithm of a negative number is null, as the executor has it. */
const finite = ({ args: [arg], original }: Evaluation) =>
  after(original(), (result) => {
    if (result === null && typeof arg === 'number' && arg >= 0) throw new OperatorError('the result is out of range')
    return result
  })

/** A power in the type of its operands: of Longs exactly, of Decimals without the noise of doubles. */
function power({ args, node, original }: Evaluation): unknown {
  const [base, exponent] = args
  const type = staticType(node)
  if (typeof base === 'number' && typeof exponent === 'number' && type === 'Decimal') return decimal(base ** exponent)
  if (type !== 'Long' || !isLong(base) || !isLong(exponent) || exponent < 0) return original()
  // Of what is greater in size than 1, the 64th power is out of range.
  if (exponent > 63 && base !== 0 && base !== 1 && base !== -1) return null
  return long(BigInt(base) ** (exponent > 63 ? (BigInt(exponent) % 2n) + 2n : BigInt(exponent)))
}

/** Installs the corrections of arithmetic. */
export function correctNumbers(): void {
  replaceOperator('Add', arithmetic({ compute: (a, b) => a + b, exact: (a, b) => a + b }))
  replaceOperator('Subtract', arithmetic({ compute: (a, b) => a - b, exact: (a, b) => a - b }))
  replaceOperator('Multiply', arithmetic({ compute: (a, b) => a * b, exact: (a, b) => a * b, isProduct: true }))
  replaceOperator('Modulo', division({ compute: remainder, exact: (a, b) => (b === 0n ? null : a % b) }))
  replaceOperator('TruncatedDivide', division({ compute: wholeQuotient, exact: (a, b) => (b === 0n ? null : a / b) }))
  // Of years and days there is neither a sum nor a ratio.
  replaceOperator('Divide', ({ args, original }) => {
    const [a, b] = args
    if (typeof a === 'number' && typeof b === 'number') return decimal(a / b)
    return isMixed(args) ? null : (scaled(args, { compute: (x, y) => x / y }) ?? original())
  })
  replaceOperator('Power', power)
  replaceOperator('Successor', neighbour(1))
  replaceOperator('Predecessor', neighbour(-1))
  for (const name of ['Ceiling', 'Floor', 'Truncate']) replaceOperator(name, whole)
  for (const name of ['Ln', 'Exp']) replaceOperator(name, finite)
  replaceNamedOperator('Round', ['arg', 'precision'], ([arg, places]) =>
    typeof arg === 'number' ? rounded(arg, typeof places === 'number' ? places : 0) : null,
  )
}
