/** True, false, or null for unknown (CQL 1.5, three-valued logic). */
export type Ternary = boolean | null

/** False when one is false, else unknown when one is; true for none. */
export function and(values: Ternary[]): Ternary {
  if (values.includes(false)) return false
  return values.includes(null) ? null : true
}

/** True when one is true, else unknown when one is; false for none. */
export function or(values: Ternary[]): Ternary {
  if (values.includes(true)) return true
  return values.includes(null) ? null : false
}

/** Whether the number of true ones lies in a range; unknown while the unknown ones could decide it. */
export function countTrue(values: Ternary[], least: number, most: number): Ternary {
  const sure = values.filter((each) => each === true).length
  const possible = values.filter((each) => each !== false).length
  if (sure > most || possible < least) return false
  return sure >= least && possible <= most ? true : null
}

/** The opposite; unknown stays unknown. */
export const not = (value: Ternary): Ternary => (value === null ? null : !value)
