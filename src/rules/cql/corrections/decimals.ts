/**
 * CQL Decimal (CQL 1.5, Decimal) has 20 digits before the point and 8 after it. The double 1e20 is none, but as near to the greatest one
 * as doubles are, and stands for it.
 */
export const greatestDecimal = 1e20

/** The distance of two Decimals that are next to each other. */
export const decimalStep = 1e-8

/** Cuts the noise of binary fractions; null for what is out of the range of Decimal. */
export function decimal(value: number): number | null {
  if (!Number.isFinite(value) || Math.abs(value) >= greatestDecimal) return null
  return Math.abs(value) < 2 ** 53 * decimalStep ? Number(value.toFixed(8)) : value
}

/** The text of a Decimal, without exponent, which CQL does not know. */
export function decimalText(value: number): string {
  const text = String(value)
  if (Math.abs(value) >= greatestDecimal) return `${value < 0 ? '-' : ''}99999999999999999999.99999999`
  return text.includes('e-') ? value.toFixed(8).replace(/\.?0+$/, '') : text
}

const digits = 8
const one = 10n ** BigInt(digits)

/** A Decimal as a whole number of its smallest steps. */
const steps = (value: number) => BigInt(value.toFixed(digits).replace('.', ''))

/** The rest of a division of Decimals, as they are written: of doubles, `1.0 mod 0.1` would be almost 0.1. NaN for a divisor of 0. */
export function remainder(a: number, b: number): number {
  const divisor = steps(b)
  return divisor === 0n ? Number.NaN : Number(steps(a) % divisor) / Number(one)
}

/** The whole part of a division of Decimals, as they are written. NaN for a divisor of 0. */
export function wholeQuotient(a: number, b: number): number {
  const divisor = steps(b)
  return divisor === 0n ? Number.NaN : Number(steps(a) / divisor)
}

/** A Decimal rounded to so many digits after the point, halves away from zero, as it is written: 1.005 is 1.01. */
export function rounded(value: number, places: number): number {
  if (Math.abs(value) >= greatestDecimal) return value
  const most = Math.min(places, digits)
  const size = Number(`${Math.round(Number(`${decimalText(Math.abs(value))}e${most}`))}e${-most}`)
  return value < 0 ? -size : size
}
