/**
 * Identifiers of SNOMED CT (SCTID): 6 to 18 digits, of which the last is a check digit and the two before it say what kind of component
 * it is (SNOMED CT Release File Specifications, 6).
 */

/** Dihedral group of the pentagon (Verhoeff): product of row and column. */
const PRODUCT = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
].map((row) => [...row].map(Number))

/** How a digit is changed by its position, from the right, modulo 8. */
const PERMUTED = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
].map((row) => [...row].map(Number))

/** Whether the last digit fits the others. */
export function hasCheckDigit(id: string): boolean {
  let check = 0
  for (let i = 0; i < id.length; i++) {
    const digit = id.charCodeAt(id.length - 1 - i) - 48
    check = PRODUCT[check]?.[PERMUTED[i % 8]?.[digit] ?? 0] ?? 0
  }
  return check === 0
}

/** What is wrong with the form of an identifier; undefined for one of 6 to 18 digits that does not begin with 0. */
export function faultOfSctid(id: string): string | undefined {
  if (!/^[0-9]+$/.test(id)) return 'it has other characters than digits'
  if (id.length < 6 || id.length > 18) return `it has ${id.length} digits, and not 6 to 18`
  return id.startsWith('0') ? 'it begins with 0' : undefined
}

/** Whether it is an identifier of any component: 6 to 18 digits, no leading zero, with its check digit. */
export const isSctid = (text: string): boolean => /^[1-9]\d{5,17}$/.test(text) && hasCheckDigit(text)
