import { cutCircles, numberTree } from '../hierarchy.ts'
import { column } from './columns.ts'
import type { Rows } from './rows.ts'

/** Rows in depth-first order with their further parents. */
export interface RowOrder {
  /** Row of every ordinal. */
  order: Int32Array
  /** By ordinal: parent in the tree or -1; first ordinal behind the subtree. */
  parent: Int32Array
  end: Int32Array
  /** Further parents as pairs of ordinals: sorted by child, and by parent. */
  byChild: { child: Int32Array; parent: Int32Array }
  byParent: { child: Int32Array; parent: Int32Array }
}

/** Numbers rows as buildHierarchy does: the first known parent makes the tree, circles are cut, the other parents are links. */
export function arrangeRows(rows: Rows): RowOrder {
  const count = rows.count()
  const listed = parentsByRow(rows)
  const up = new Int32Array(count).fill(-1)
  for (let row = 0; row < count; row++) {
    listed.each(row, (parent) => {
      if (up[row] === -1 && parent >= 0 && parent !== row) up[row] = parent
    })
  }
  cutCircles(up)
  const { order, ordinalOf, parent, end } = numberTree(up)
  const child = column((length) => new Int32Array(length))
  const further = column((length) => new Int32Array(length))
  for (let row = 0; row < count; row++) {
    if (listed.size(row) < 2) continue
    listed.each(row, (each) => {
      if (each < 0 || each === row || each === up[row]) return
      child.push(ordinalOf[row] ?? 0)
      further.push(ordinalOf[each] ?? 0)
    })
  }
  const links = { child: child.values(), parent: further.values() }
  return {
    order,
    parent,
    end,
    byChild: sortedBy(links.child, links),
    byParent: sortedBy(links.parent, links),
  }
}

function sortedBy(key: Int32Array, { child, parent }: { child: Int32Array; parent: Int32Array }) {
  const positions = Uint32Array.from(key, (_, i) => i).sort((a, b) => (key[a] ?? 0) - (key[b] ?? 0) || a - b)
  return {
    child: Int32Array.from(positions, (at) => child[at] ?? 0),
    parent: Int32Array.from(positions, (at) => parent[at] ?? 0),
  }
}

/**
 * Every row's parents in the order in which they were named, each once: rows, or negative numbers for parents that no
 * concept is. What parents say of their children comes last.
 */
function parentsByRow(rows: Rows) {
  const { child, parent } = rows.links
  const resolved = rows.unresolved.map((code) => rows.find(code))
  const named = rows.named.flatMap((each) => {
    const row = rows.find(each.child)
    return row === undefined ? [] : { child: row, parent: each.parent }
  })
  const start = new Int32Array(rows.count() + 1)
  const count = (row: number) => {
    start[row + 1] = (start[row + 1] ?? 0) + 1
  }
  for (const each of child) count(each)
  for (const each of named) count(each.child)
  for (let row = 0; row < rows.count(); row++) start[row + 1] = (start[row + 1] ?? 0) + (start[row] ?? 0)
  const next = start.slice()
  const list = new Int32Array(child.length + named.length)
  const size = new Int32Array(rows.count())
  const enter = (row: number, up: number) => {
    const from = start[row] ?? 0
    const to = next[row] ?? 0
    for (let i = from; i < to; i++) if (list[i] === up) return
    list[to] = up
    next[row] = to + 1
    size[row] = to + 1 - from
  }
  for (let i = 0; i < child.length; i++) {
    const named = parent[i] ?? 0
    enter(child[i] ?? 0, named >= 0 ? named : (resolved[-1 - named] ?? named))
  }
  for (const each of named) enter(each.child, each.parent)
  return {
    size: (row: number) => size[row] ?? 0,
    each: (row: number, visit: (parent: number) => void) => {
      const from = start[row] ?? 0
      for (let i = from; i < from + (size[row] ?? 0); i++) visit(list[i] ?? -1)
    },
  }
}
