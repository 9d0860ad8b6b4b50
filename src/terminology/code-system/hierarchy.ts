import type { CodeSystemConcept } from '../../fhir/types.ts'

/** One concept on its way into an index; `concept` carries what is not asked for often. */
export interface ConceptRow {
  code: string
  display?: string | undefined
  /** Codes of the parents, the first one makes the tree. */
  parents: string[]
  /** Definition, designations, properties and extensions; absent when there are none. */
  concept?: CodeSystemConcept | undefined
}

/** Concepts in columns, numbered so that everything below a concept stands right behind it. */
export interface Hierarchy {
  codes: string[]
  displays: (string | undefined)[]
  concepts: (CodeSystemConcept | undefined)[]
  ordinalOf: Map<string, number>
  /** Ordinal of the parent in the tree, -1 at the top. */
  parent: Int32Array
  /** First ordinal behind the subtree. */
  end: Int32Array
  /** Parents beyond the one of the tree, where a concept has several. */
  extraParents: Map<number, number[]>
}

/** Rows in the order given; `first` is the first named parent, `parents` all of those that have several. */
interface Columns {
  codes: string[]
  displays: (string | undefined)[]
  concepts: (CodeSystemConcept | undefined)[]
  numberOf: Map<string, number>
  first: (string | undefined)[]
  parents: Map<number, string[]>
}

/** Reads all rows and numbers them; a parent that is unknown or would close a circle is left out. */
export function buildHierarchy(rows: Iterable<ConceptRow>): Hierarchy {
  const columns = readRows(rows)
  const { codes, displays, concepts, numberOf } = columns
  const count = codes.length
  if (columns.first.length === 0) {
    const end = Int32Array.from(codes, (_, row) => row + 1)
    const parent = new Int32Array(count).fill(-1)
    return { codes, displays, concepts, ordinalOf: numberOf, parent, end, extraParents: new Map() }
  }
  const up = treeParents(columns)
  const { order, ordinalOf, parent, end } = numberTree(up)
  const extraParents = extraParentsOf(columns, { ordinalOf, up })
  const isOrdered = order.every((row, ordinal) => row === ordinal)
  if (isOrdered) return { codes, displays, concepts, ordinalOf: numberOf, parent, end, extraParents }
  for (const [code, row] of numberOf) numberOf.set(code, ordinalOf[row] ?? 0)
  const inOrder = <T>(column: T[]) => Array.from(order, (row) => column[row] as T)
  return {
    codes: inOrder(codes),
    displays: inOrder(displays),
    concepts: inOrder(concepts),
    ordinalOf: numberOf,
    parent,
    end,
    extraParents,
  }
}

function readRows(rows: Iterable<ConceptRow>): Columns {
  const columns: Columns = { codes: [], displays: [], concepts: [], numberOf: new Map(), first: [], parents: new Map() }
  for (const { code, display, parents, concept } of rows) {
    if (columns.numberOf.has(code)) continue
    const number = columns.codes.push(code) - 1
    columns.displays.push(display)
    columns.concepts.push(concept)
    columns.numberOf.set(code, number)
    if (parents.length > 0) {
      while (columns.first.length < number) columns.first.push(undefined)
      columns.first[number] = parents[0]
    }
    if (parents.length > 1) columns.parents.set(number, parents)
  }
  return columns
}

/** The first known parent of every row, circles cut at the row that would close them. */
function treeParents({ codes, first, parents, numberOf }: Columns): Int32Array {
  const count = codes.length
  const up = new Int32Array(count).fill(-1)
  for (let number = 0; number < first.length; number++) {
    for (const code of parents.get(number) ?? [first[number]]) {
      const parent = code === undefined ? undefined : numberOf.get(code)
      if (parent === undefined || parent === number) continue
      up[number] = parent
      break
    }
  }
  cutCircles(up)
  return up
}

/** Makes a row the top of its tree where its parents lead back to it: the last one before the circle closes. */
export function cutCircles(up: Int32Array): void {
  const count = up.length
  const state = new Uint8Array(count)
  for (let row = 0; row < count; row++) {
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
}

/**
 * Numbers rows depth first, siblings in row order. `up` has the row of every row's parent, -1 at the top, without circles.
 * `order` has the row of every ordinal, `ordinalOf` the reverse; `parent` and `end` (first ordinal behind the subtree) are
 * by ordinal.
 */
export function numberTree(up: Int32Array) {
  const count = up.length
  const firstChild = new Int32Array(count).fill(-1)
  const nextSibling = new Int32Array(count).fill(-1)
  for (let row = count - 1; row >= 0; row--) {
    const parent = up[row] ?? -1
    if (parent < 0) continue
    nextSibling[row] = firstChild[parent] ?? -1
    firstChild[parent] = row
  }
  const order = new Int32Array(count)
  let numbered = 0
  const ordinalOf = new Int32Array(count)
  const parent = new Int32Array(count).fill(-1)
  const end = new Int32Array(count)
  for (let root = 0; root < count; root++) {
    if ((up[root] ?? -1) >= 0) continue
    let row = root
    while (row >= 0) {
      const ordinal = numbered++
      order[ordinal] = row
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
      end[ordinalOf[row] ?? 0] = numbered
      if (row === root) return -1
      const sibling = nextSibling[row] ?? -1
      if (sibling >= 0) return sibling
      row = up[row] ?? -1
    }
  }
  return { order, parent, end, ordinalOf }
}

function extraParentsOf(
  { parents, numberOf }: Columns,
  tree: { ordinalOf: Int32Array; up: Int32Array },
): Map<number, number[]> {
  const extra = new Map<number, number[]>()
  for (const [number, codes] of parents) {
    const others = codes
      .map((code) => numberOf.get(code))
      .filter((each) => each !== undefined)
      .filter((each) => each !== number && each !== tree.up[number])
    if (others.length > 0) {
      extra.set(
        tree.ordinalOf[number] ?? 0,
        others.map((each) => tree.ordinalOf[each] ?? 0),
      )
    }
  }
  return extra
}
