/** The is-a relationships of a release as they are written: without circles, parents in the order that makes the tree. */
import type { ReleaseFinding } from '../release-rows.ts'
import { grouped } from './descriptions.ts'

/** Pairs of rows. */
export interface IsA {
  child: Int32Array
  parent: Int32Array
}

/** Most concepts of a circle that are named. */
const shown = 6

/**
 * Parents of every concept, the deepest one first: it makes the tree, and what lies below a concept is then told by few runs (near to the
 * optimum of Agrawal et al. 1989, which takes the one with the most concepts above it).
 */
export function arrangeParents(
  { child, parent }: IsA,
  count: number,
): { parentsOf(row: number): number[]; circle?: number[] } {
  const linksUp = grouped(child, count)
  const linksDown = grouped(parent, count)
  const waiting = new Int32Array(count)
  for (const each of child) waiting[each] = (waiting[each] ?? 0) + 1
  const depth = new Int32Array(count)
  const open: number[] = []
  for (let row = 0; row < count; row++) if (waiting[row] === 0) open.push(row)
  let done = 0
  const ups = (row: number) => Array.from(linksUp(row), (link) => parent[link] ?? 0)
  for (let row = open.pop(); row !== undefined; row = open.pop()) {
    done++
    for (const link of linksDown(row)) {
      const below = child[link] ?? 0
      depth[below] = Math.max(depth[below] ?? 0, (depth[row] ?? 0) + 1)
      const left = (waiting[below] ?? 0) - 1
      waiting[below] = left
      if (left === 0) open.push(below)
    }
  }
  const parentsOf = (row: number) => [...new Set(ups(row))].sort((a, b) => (depth[b] ?? 0) - (depth[a] ?? 0) || a - b)
  return done === count ? { parentsOf } : { parentsOf, circle: circleAmong(waiting, ups) }
}

/** A circle among concepts that wait for their parents for ever. */
function circleAmong(waiting: Int32Array, ups: (row: number) => number[]): number[] {
  const path: number[] = []
  const position = new Map<number, number>()
  let row = waiting.findIndex((left) => left > 0)
  while (row >= 0 && !position.has(row)) {
    position.set(row, path.push(row) - 1)
    row = ups(row).find((up) => (waiting[up] ?? 0) > 0) ?? -1
  }
  return path.slice(position.get(row) ?? 0)
}

/** What is to be told of a circle. */
export function circleFinding(circle: number[], idOf: (row: number) => string): ReleaseFinding {
  const named = circle.slice(0, shown).map(idOf)
  const more = circle.length > shown ? ' … is-a ' : ' is-a '
  const text = `Concepts are above themselves: ${named.join(' is-a ')}${more}${idOf(circle[0] ?? 0)}`
  return { severity: 'error', text }
}
