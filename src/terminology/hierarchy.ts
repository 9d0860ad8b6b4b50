import type { ConceptRow } from './concept-index.ts'

/** Concepts numbered so that everything below a concept stands right behind it. */
export interface Hierarchy {
  /** Row number by ordinal: depth first, siblings as given. */
  order: number[]
  /** Ordinal of the parent in the tree, -1 at the top. */
  parent: Int32Array
  /** First ordinal behind the subtree. */
  end: Int32Array
  /** Parents beyond the one of the tree, where a concept has several. */
  extraParents: Map<number, number[]>
  rowOf(number: number): ConceptRow
}

/** Reads all rows and numbers them; a parent that is unknown or would close a circle is left out. */
export function buildHierarchy(given: Iterable<ConceptRow>): Hierarchy {
  const rows: ConceptRow[] = []
  const numberOf = new Map<string, number>()
  let related = false
  for (const row of given) {
    if (numberOf.has(row.code)) continue
    numberOf.set(row.code, rows.push(row) - 1)
    related ||= row.parents.length > 0
  }
  const rowOf = (number: number): ConceptRow => rows[number] ?? { code: '', parents: [] }
  if (!related) return flat(rows.length, rowOf)
  const up = treeParents(rows, numberOf)
  const firstChild = new Int32Array(rows.length).fill(-1)
  const nextSibling = new Int32Array(rows.length).fill(-1)
  for (let row = rows.length - 1; row >= 0; row--) {
    const parent = up[row] ?? -1
    if (parent < 0) continue
    nextSibling[row] = firstChild[parent] ?? -1
    firstChild[parent] = row
  }
  const numbered = numberDepthFirst(up, firstChild, nextSibling)
  return { ...numbered, extraParents: extraParentsOf(rows, numberOf, { ...numbered, up }), rowOf }
}

function flat(count: number, rowOf: Hierarchy['rowOf']): Hierarchy {
  const order = Array.from({ length: count }, (_, row) => row)
  const end = Int32Array.from(order, (row) => row + 1)
  return { order, parent: new Int32Array(count).fill(-1), end, extraParents: new Map(), rowOf }
}

/** The first known parent of every row, circles cut at the row that would close them. */
function treeParents(rows: ConceptRow[], numberOf: Map<string, number>): Int32Array {
  const up = new Int32Array(rows.length).fill(-1)
  rows.forEach((row, number) => {
    for (const code of row.parents) {
      const parent = numberOf.get(code)
      if (parent === undefined || parent === number) continue
      up[number] = parent
      break
    }
  })
  const state = new Uint8Array(rows.length)
  for (let row = 0; row < rows.length; row++) {
    const path: number[] = []
    let at = row
    while (at >= 0 && state[at] === 0) {
      state[at] = 1
      path.push(at)
      at = up[at] ?? -1
    }
    if (at >= 0 && state[at] === 1) up[path.at(-1) ?? at] = -1
    for (const each of path) state[each] = 2
  }
  return up
}

function numberDepthFirst(up: Int32Array, firstChild: Int32Array, nextSibling: Int32Array) {
  const count = up.length
  const order: number[] = []
  const ordinalOf = new Int32Array(count)
  const parent = new Int32Array(count).fill(-1)
  const end = new Int32Array(count)
  for (let root = 0; root < count; root++) {
    if ((up[root] ?? -1) >= 0) continue
    let row = root
    while (row >= 0) {
      const ordinal = order.push(row) - 1
      ordinalOf[row] = ordinal
      const above = up[row] ?? -1
      if (above >= 0) parent[ordinal] = ordinalOf[above] ?? -1
      const child = firstChild[row] ?? -1
      if (child >= 0) {
        row = child
        continue
      }
      row = leave(row, root)
    }
  }
  /** Closes finished subtrees and answers the next row of the walk, -1 when the root is done. */
  function leave(from: number, root: number): number {
    let row = from
    for (;;) {
      end[ordinalOf[row] ?? 0] = order.length
      if (row === root) return -1
      const sibling = nextSibling[row] ?? -1
      if (sibling >= 0) return sibling
      row = up[row] ?? -1
    }
  }
  return { order, parent, end, ordinalOf }
}

function extraParentsOf(
  rows: ConceptRow[],
  numberOf: Map<string, number>,
  tree: { ordinalOf: Int32Array; up: Int32Array },
): Map<number, number[]> {
  const extra = new Map<number, number[]>()
  rows.forEach((row, number) => {
    if (row.parents.length < 2) return
    const others = row.parents
      .map((code) => numberOf.get(code))
      .filter((each) => each !== undefined && each !== number && each !== tree.up[number])
    if (others.length > 0) {
      extra.set(
        tree.ordinalOf[number] ?? 0,
        others.map((each) => tree.ordinalOf[each ?? 0] ?? 0),
      )
    }
  })
  return extra
}
