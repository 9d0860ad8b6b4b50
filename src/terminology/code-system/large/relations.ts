import { bitsOf, firstNotBelow } from '../ordinals.ts'
import type { Selection } from '../selection.ts'
import { FLAG } from './flags.ts'
import type { Sections } from './layout.ts'
import { joinRanges, type Range, rangesSelection } from './ranges.ts'
import { furtherRuns } from './runs.ts'

/** Ancestry over the depth-first numbering, and links to further parents in two orders. */
export interface LargeRelations {
  parents(ref: number): number[]
  /** Those of the tree in order, then those that have the concept as a further parent. */
  children(ref: number): number[]
  isLeaf(ref: number): boolean
  subsumes(ancestor: number, descendant: number): boolean
  /** The concept and everything below it, as runs. */
  below(ref: number): Range[]
  descendants(ref: number): Selection
  /** The concept and everything above it, ascending. */
  above(ref: number): Int32Array
}

/** Reads the relations of a file. */
export function largeRelations(sections: Sections, flags: Uint8Array): LargeRelations {
  const count = sections.header.concepts
  const parent = sections.numbers('parent', count)
  const end = sections.numbers('end', count)
  const links = linksOf(sections, count)
  const endOf = (ref: number) => end[ref] ?? 0
  const within = (ancestor: number, ref: number) => ref >= ancestor && ref < endOf(ancestor)
  const further = furtherRuns(sections, count)
  const climbs = climber(parent, links)
  const isFurther = further
    ? further.has
    : (ancestor: number, ref: number) => links.count > 0 && climbs(ref, ancestor, endOf(ancestor))
  const below = (start: number): Range[] => {
    if (further) return further.around(start, [start, endOf(start)])
    if (links.count === 0) return [[start, endOf(start)]]
    const runs: Range[] = []
    const seen = new Set([start])
    for (const ref of seen) {
      const run: Range = [ref, endOf(ref)]
      runs.push(run)
      links.eachChildOf(run, (child) => {
        if (!within(ref, child)) seen.add(child)
      })
    }
    return joinRanges(runs)
  }
  const parents = (ref: number): number[] => {
    const tree = parent[ref] ?? -1
    if (((flags[ref] ?? 0) & FLAG.extraParents) === 0) return tree < 0 ? [] : [tree]
    const further = links.parentsOf(ref)
    return tree < 0 ? further : [tree, ...further]
  }
  return {
    parents,
    children: (ref) => {
      const found: number[] = []
      for (let child = ref + 1; child < endOf(ref); child = Math.max(endOf(child), child + 1)) found.push(child)
      if (links.hasChildren(ref)) links.eachChildOf([ref, ref + 1], (child) => found.push(child))
      return found
    },
    isLeaf: (ref) => endOf(ref) === ref + 1 && !links.hasChildren(ref),
    subsumes: (ancestor, descendant) => within(ancestor, descendant) || isFurther(ancestor, descendant),
    below,
    descendants: (ref) => rangesSelection(below(ref)),
    above: (ref) => {
      const found = new Set([ref])
      for (const each of found) for (const up of parents(each)) found.add(up)
      return Int32Array.from(found).sort()
    },
  }
}

/** Further parents, sorted by child and by parent; a child's parents and a parent's children in the order of the source. */
function linksOf(sections: Sections, concepts: number) {
  const children = sections.numbers('links.child')
  const count = children.length
  const parentOfChild = sections.numbers('links.childsParent', count)
  const parents = sections.numbers('links.parent', count)
  const childOfParent = sections.numbers('links.parentsChild', count)
  // Of a few concepts: the others are not looked for.
  const isParent = bitsOf(parents, concepts)
  return {
    count,
    children,
    parentOfChild,
    hasChildren: (ref: number) => (((isParent[ref >> 5] ?? 0) >> (ref & 31)) & 1) === 1,
    parentsOf: (ref: number): number[] => {
      const found: number[] = []
      for (let i = firstNotBelow(children, ref); children[i] === ref; i++) found.push(parentOfChild[i] ?? 0)
      return found
    },
    eachChildOf: ([from, to]: Range, visit: (child: number) => void) => {
      if (count === 0) return
      for (let i = firstNotBelow(parents, from); i < count && (parents[i] ?? to) < to; i++) visit(childOfParent[i] ?? 0)
    },
  }
}

/**
 * Tells whether something above a concept lies in [from, to), by way of further parents. Only concepts that have such are
 * visited: the tree in between is known to the numbering. The arrays are made for the first question and serve all.
 */
function climber(parent: Int32Array, links: { children: Int32Array; parentOfChild: Int32Array }) {
  const { children, parentOfChild } = links
  let maps: ReturnType<typeof linkMaps> | undefined
  let walk = 0
  const open: number[] = []
  return (start: number, from: number, to: number): boolean => {
    if (!maps || walk === 0x7fffffff) {
      maps = linkMaps(parent, children)
      walk = 0
    }
    const { nearest, first, marks } = maps
    walk++
    open.length = 0
    open.push(start)
    for (let ref = open.pop(); ref !== undefined; ref = open.pop()) {
      for (let linked = nearest[ref] ?? -1; linked >= 0 && marks[linked] !== walk; ) {
        marks[linked] = walk
        for (let i = first[linked] ?? 0; children[i] === linked; i++) {
          const up = parentOfChild[i] ?? -1
          if (up >= from && up < to) return true
          open.push(up)
        }
        const above = parent[linked] ?? -1
        linked = above < 0 ? -1 : (nearest[above] ?? -1)
      }
    }
    return false
  }
}

/** By ordinal: the nearest concept upwards in the tree, itself included, that has further parents; its first link; marks. */
function linkMaps(parent: Int32Array, children: Int32Array) {
  const first = new Int32Array(parent.length).fill(-1)
  for (let i = children.length - 1; i >= 0; i--) first[children[i] ?? 0] = i
  const nearest = new Int32Array(parent.length)
  for (let ref = 0; ref < parent.length; ref++) {
    const above = parent[ref] ?? -1
    nearest[ref] = (first[ref] ?? -1) >= 0 ? ref : above < 0 ? -1 : (nearest[above] ?? -1)
  }
  return { first, nearest, marks: new Int32Array(parent.length) }
}
