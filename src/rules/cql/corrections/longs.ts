import type { JsonObject } from '../../../base/json-value.ts'
import { OperatorError } from '../run/run-errors.ts'
import { addLimits, addOperator, type Evaluation, operandTypes, replaceOperator, staticType } from './operators.ts'

/**
 * Values of Long (CQL 1.5, Long): a JavaScript number where one holds it exactly, else a bigint. The two never stand for the same value,
 * so that `===` compares them.
 */
export type Long = number | bigint

const least = -(2n ** 63n)
const greatest = 2n ** 63n - 1n

/** The Long of a whole number; null where it is out of range. */
export function long(value: bigint): Long | null {
  if (value < least || value > greatest) return null
  const short = Number(value)
  return Number.isSafeInteger(short) ? short : value
}

/** An Integer; null where it is out of range. */
export const integer = (value: number): number | null => (value >= -(2 ** 31) && value < 2 ** 31 ? value : null)

/** Whether a value can be a Long. */
export const isLong = (value: unknown): value is Long =>
  typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))

const isBig = (value: unknown) => typeof value === 'bigint'

/** Long of a text that is one as a whole; null for any other. */
const read = (text: string) => (/^[+-]?\d+$/.test(text) ? long(BigInt(text.replace(/^\+/, ''))) : null)

function toLong({ args: [arg], node }: Evaluation): unknown {
  // 2⁶³ stands behind a minus sign alone: literals are held against their range when they are translated.
  if (typeof arg === 'string') return node.ofLiteral === true ? BigInt(arg) : read(arg)
  if (typeof arg === 'boolean') return arg ? 1 : 0
  return isLong(arg) ? arg : null
}

/** Comparisons are in every rule, and Longs in hardly any. */
const mayHaveLongs = (node: JsonObject) => operandTypes(node).some((type) => type === undefined || type === 'Long')

const orders: Record<string, (a: Long, b: Long) => boolean> = {
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
}

/** The counterpart or size of a number; the least Integer has none. What `Power` makes of an Integer may be a fraction. */
const ofOne =
  (compute: (value: bigint) => bigint) =>
  ({ args: [arg], node, original }: Evaluation): unknown => {
    if (typeof arg === 'bigint') return long(compute(arg))
    const isInteger = typeof arg === 'number' && Number.isInteger(arg) && staticType(node) === 'Integer'
    return isInteger ? integer(Number(compute(BigInt(arg)))) : original()
  }

/** Installs what the executor does not do with Longs; sums and products of them are among the numbers. */
export function correctLongs(): void {
  addLimits('{urn:hl7-org:elm-types:r1}Long', least, greatest)
  addOperator('ToLong', toLong)
  addOperator('ConvertsToLong', ({ args: [arg] }) => {
    if (arg === null || arg === undefined) return null
    return typeof arg === 'boolean' || isLong(arg) || (typeof arg === 'string' && read(arg) !== null)
  })
  for (const [name, compare] of Object.entries(orders))
    replaceOperator(
      name,
      ({ args: [a, b], original }) => (isLong(a) && isLong(b) && (isBig(a) || isBig(b)) ? compare(a, b) : original()),
      mayHaveLongs,
    )
  replaceOperator(
    'Negate',
    ofOne((value) => -value),
  )
  replaceOperator(
    'Abs',
    ofOne((value) => (value < 0n ? -value : value)),
  )
}

/** Refuses a Long that a double cannot hold where a Decimal is wanted: it is never rounded. */
export function refuseBig(value: unknown): void {
  if (isBig(value)) throw new OperatorError('Long values beyond 2^53 cannot be made Decimals')
}
