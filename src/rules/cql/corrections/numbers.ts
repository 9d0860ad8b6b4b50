import { Quantity } from 'cql-execution'
import { OperatorError } from '../run/run-errors.ts'
import { addOperator, convertUnit, type Evaluation, replaceOperator, staticType } from './operators.ts'

const integerLimit = 2 ** 31
const longLimit = 2 ** 63
/** CQL Decimal: 20 digits before the point, 8 after it. */
const decimalLimit = 1e20
const step = 1e-8

/** Cuts the noise of binary fractions: a Decimal has 8 digits after the point. */
function decimal(value: number): number | null {
  if (!Number.isFinite(value) || Math.abs(value) >= decimalLimit) return null
  return Math.abs(value) < 2 ** 53 * step ? Number(value.toFixed(8)) : value
}

function inRange(value: number, type: string | undefined): number | null {
  if (type === 'Decimal') return decimal(value)
  return Math.abs(value) < (type === 'Long' ? longLimit : integerLimit) || value === -integerLimit ? value : null
}

/**
 * Arithmetic by static type. The executor takes every whole number for an Integer, so that a Decimal or Long above 2³¹ became null;
 * dates that leave the calendar are errors (CQL 1.5, Add, Subtract).
 */
function arithmetic(compute: (a: number, b: number) => number) {
  return async ({ args, node, original }: Evaluation) => {
    const [a, b] = args
    const type = staticType(node)
    if (typeof a === 'number' && typeof b === 'number' && (type === 'Decimal' || type === 'Long'))
      return inRange(compute(a, b), type)
    const left = a as { isDateTime?: boolean; isDate?: boolean } | null
    const isMoment = left?.isDateTime === true || left?.isDate === true
    const result = await (isMoment && b instanceof Quantity
      ? original([a, duration(b, left?.isDate === true)])
      : original())
    if (result === null && b !== null && (left?.isDateTime || left?.isDate))
      throw new OperatorError('the date is out of range')
    return result
  }
}

/**
 * A duration as it is added to a moment: above the second its fraction is ignored; hours and less cannot be added to a Date
 * (CQL 1.5, Add, Date and time).
 */
function duration(given: Quantity, toDate: boolean): Quantity {
  const unit = String(given.unit ?? '')
  const isShort = /^(?:hours?|minutes?|seconds?|milliseconds?|h|min|s|ms)$/.test(unit)
  if (toDate && isShort) throw new OperatorError('hours, minutes and seconds cannot be added to a Date')
  if (/^(?:seconds?|milliseconds?|s|ms)$/.test(unit)) return given
  return new Quantity(Math.trunc(given.value), given.unit)
}

/** Whole part of a division or rest, of numbers or of quantities of one dimension. */
function division(compute: (a: number, b: number) => number) {
  return ({ args, original }: Evaluation) => {
    const [a, b] = args
    if (args.some((each) => (each as { isUncertainty?: boolean } | null)?.isUncertainty))
      throw new OperatorError('the operand is uncertain')
    if (!(a instanceof Quantity) || !(b instanceof Quantity)) return original()
    const divisor = convertUnit(b.value, b.unit ?? '1', a.unit ?? '1')
    const value = divisor === null || divisor === 0 ? null : decimal(compute(a.value, divisor))
    return value === null ? null : new Quantity(value, a.unit)
  }
}

/** Next value up or down: one step of the static type; past the end is an error (CQL 1.5, Successor). */
function neighbour(direction: 1 | -1) {
  return async ({ args, node, original }: Evaluation) => {
    const [arg] = args
    if (arg === null || arg === undefined) return null
    const type = staticType(node)
    if (typeof arg === 'number' && (type === 'Decimal' || type === 'Long'))
      return inRange(arg + direction * (type === 'Long' ? 1 : step), type)
    if (arg instanceof Quantity) return new Quantity(decimal(arg.value + direction * step), arg.unit)
    const result = await original()
    if (result === null)
      throw new OperatorError(`there is no value ${direction > 0 ? 'above the greatest' : 'below the least'}`)
    return result
  }
}

/** Whole numbers out of Decimals that do not fit an Integer are null. */
const whole = async ({ original }: Evaluation) => {
  const result = await original()
  return typeof result === 'number' ? inRange(result, 'Integer') : result
}

/** Infinite results are errors; the logarithm of a negative number is null, as the executor has it. */
const finite = async ({ args: [arg], original }: Evaluation) => {
  const result = await original()
  if (result === null && typeof arg === 'number' && arg >= 0) throw new OperatorError('the result is out of range')
  return result
}

const long = ({ args: [arg] }: Evaluation) => {
  if (typeof arg === 'boolean') return arg ? 1 : 0
  if (typeof arg === 'string') return /^[+-]?\d+$/.test(arg) ? safeLong(Number(arg)) : null
  return typeof arg === 'number' ? arg : null
}

/** The executor counts in doubles; a Long that a double cannot hold is refused, never rounded. */
function safeLong(value: number): number {
  if (Number.isSafeInteger(value)) return value
  throw new OperatorError('Long values beyond 2^53 are not supported')
}

/** Installs the corrections of arithmetic. */
export function correctNumbers(): void {
  replaceOperator(
    'Add',
    arithmetic((a, b) => a + b),
  )
  replaceOperator(
    'Subtract',
    arithmetic((a, b) => a - b),
  )
  replaceOperator(
    'Multiply',
    arithmetic((a, b) => a * b),
  )
  replaceOperator(
    'Modulo',
    division((a, b) => a % b),
  )
  replaceOperator(
    'TruncatedDivide',
    division((a, b) => Math.trunc(a / b)),
  )
  replaceOperator('Successor', neighbour(1))
  replaceOperator('Predecessor', neighbour(-1))
  for (const name of ['Ceiling', 'Floor', 'Truncate']) replaceOperator(name, whole)
  for (const name of ['Ln', 'Exp']) replaceOperator(name, finite)
  replaceOperator('Round', async ({ args: [arg], original }) =>
    // Halves go away from zero, also below it.
    typeof arg === 'number' && arg < 0 ? -((await original([-arg])) as number) : original(),
  )
  addOperator('ToLong', long)
  addOperator('ConvertsToLong', ({ args: [arg] }) => {
    if (arg === null || arg === undefined) return null
    return typeof arg === 'number' || typeof arg === 'boolean' || (typeof arg === 'string' && /^[+-]?\d+$/.test(arg))
  })
}
