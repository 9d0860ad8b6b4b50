/** SNOMED CT identifiers made up for tests: valid of shape and check digit, in a namespace that stands for nobody. */

/** Namespace of everything made up here. */
const namespace = '1000999'

/** Partition of a component in a namespace (SNOMED CT Release File Specifications, 6.2). */
const partitions = { concept: '10', description: '11', relationship: '12' } as const

/** The identifier of an item of that kind. */
export function madeUpId(item: number, kind: keyof typeof partitions = 'concept'): string {
  const digits = `${item}${namespace}${partitions[kind]}`
  return digits + checkDigit(digits)
}

/** Verhoeff's check digit by the dihedral group of the pentagon, computed rather than looked up. */
export function checkDigit(digits: string): string {
  let check = 0
  const reversed = [...digits].reverse()
  reversed.forEach((digit, index) => {
    let permuted = Number(digit)
    for (let i = 0; i < (index + 1) % 8; i++) permuted = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4][permuted] ?? 0
    check = times(check, permuted)
  })
  const inverse = check < 5 ? (5 - check) % 5 : check
  return String(inverse)
}

/** The product of two symmetries of the pentagon: 0 to 4 turn it, 5 to 9 mirror it. */
function times(a: number, b: number): number {
  if (a < 5) return b < 5 ? (a + b) % 5 : ((a + b - 5) % 5) + 5
  return b < 5 ? ((a - 5 - b + 5) % 5) + 5 : (a - b + 5) % 5
}
