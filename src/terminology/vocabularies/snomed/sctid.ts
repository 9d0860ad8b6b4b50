/** Identifiers of SNOMED CT (SCTID): partition and check digit by Verhoeff (SNOMED CT Release File Specification, 5.2). */

/** Digits of the dihedral group of order ten: d(j, k), and the permutations by position. */
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
]
const PERMUTATION = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
]

/** Whether the last digit of a number in text is the check digit of the others. */
function isChecked(digits: string): boolean {
  let check = 0
  for (let at = 0; at < digits.length; at++) {
    const digit = Number(digits[digits.length - 1 - at])
    check = Number(PRODUCT[check]?.[Number(PERMUTATION[at % 8]?.[digit])])
  }
  return check === 0
}

/** Whether it is an identifier of any component: 6 to 18 digits, no leading zero, with its check digit. */
export const isSctid = (text: string): boolean => /^[1-9]\d{5,17}$/.test(text) && isChecked(text)
