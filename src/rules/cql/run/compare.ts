import { createRequire } from 'node:module'

// The executor does not export its equality from the entry; structured FHIR values need the same one for their elements.
const comparison: { equals(a: unknown, b: unknown): boolean | null } = createRequire(import.meta.url)(
  'cql-execution/lib/util/comparison',
)

interface Readable {
  get(field: string): unknown
}

/**
 * Equality of structured values (CQL 1.5, Equal, structured types): element by element; both absent counts as equal, one absent makes the
 * answer null unless another element differs.
 */
export function compareInstances(a: Readable, b: Readable, names: string[]): boolean | null {
  let unknown = false
  for (const name of names) {
    const left = a.get(name)
    const right = b.get(name)
    if (left == null && right == null) continue
    const same = comparison.equals(left, right)
    if (same === false) return false
    if (same === null) unknown = true
  }
  return unknown ? null : true
}
