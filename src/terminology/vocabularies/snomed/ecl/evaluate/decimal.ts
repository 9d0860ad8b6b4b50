/** A decimal number, exactly: digits without point, and how many of them stand behind it. */
export interface Decimal {
  digits: bigint
  scale: number
}

const DECIMAL = /^([+-]?)([0-9]{1,100})(?:\.([0-9]{1,100}))?$/

/** Undefined for a text that is no number. */
export function decimalOf(text: string): Decimal | undefined {
  const found = DECIMAL.exec(text)
  if (!found) return undefined
  const [, sign = '', whole = '', fraction = ''] = found
  const digits = BigInt(whole + fraction)
  return { digits: sign === '-' ? -digits : digits, scale: fraction.length }
}

/** Negative, 0 or positive, as a is below, equal to or above b. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale)
  const left = a.digits * 10n ** BigInt(scale - a.scale)
  const right = b.digits * 10n ** BigInt(scale - b.scale)
  return left < right ? -1 : left > right ? 1 : 0
}
