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
