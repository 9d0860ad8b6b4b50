import type { Ref } from '../code-system.ts'
import { firstNotBelow, type Selection } from '../selection.ts'
import type { Sections } from './layout.ts'
import { joinRanges, type Range, rangesSelection } from './ranges.ts'

/** Bit in the flags of a concept that has parents beside the one of the tree. */
export const HAS_EXTRA_PARENTS = 4

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
  const links = linksOf(sections)
  const endOf = (ref: number) => end[ref] ?? 0
  const within = (ancestor: number, ref: number) => ref >= ancestor && ref < endOf(ancestor)
  const upward = climber({ count, parent, flags, furtherParents: links.parentsOf })
  const below = (start: number): Range[] => {
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
  return {
    parents: (ref) => {
      const tree = parent[ref] ?? -1
      const further = ((flags[ref] ?? 0) & HAS_EXTRA_PARENTS) === 0 ? [] : links.parentsOf(ref)
      return tree < 0 ? [...further] : [tree, ...further]
    },
    children: (ref) => {
      const found: number[] = []
      for (let child = ref + 1; child < endOf(ref); child = Math.max(endOf(child), child + 1)) found.push(child)
      links.eachChildOf([ref, ref + 1], (child) => found.push(child))
      return found
    },
    isLeaf: (ref) => {
      let further = 0
      links.eachChildOf([ref, ref + 1], () => further++)
      return endOf(ref) === ref + 1 && further === 0
    },
    subsumes: (ancestor, descendant) =>
      within(ancestor, descendant) || (links.count > 0 && upward(descendant, (ref) => within(ancestor, ref))),
    below,
    descendants: (ref) => rangesSelection(below(ref)),
    above: (ref) => {
      const found: number[] = []
      upward(ref, (each) => {
        found.push(each)
        return false
      })
      return Int32Array.from(found).sort()
    },
  }
}

/** Further parents, sorted by child and by parent; a child's parents and a parent's children in the order of the source. */
function linksOf(sections: Sections) {
  const children = sections.numbers('links.child')
  const count = children.length
  const parentOfChild = sections.numbers('links.childsParent', count)
  const parents = sections.numbers('links.parent', count)
  const childOfParent = sections.numbers('links.parentsChild', count)
  return {
    count,
    parentsOf: (ref: number) => parentOfChild.subarray(firstNotBelow(children, ref), firstNotBelow(children, ref + 1)),
    eachChildOf: ([from, to]: Range, visit: (child: number) => void) => {
      if (count === 0) return
      for (let i = firstNotBelow(parents, from); i < count && (parents[i] ?? to) < to; i++) visit(childOfParent[i] ?? 0)
    },
  }
}

interface Upward {
  count: number
  parent: Int32Array
  flags: Uint8Array
  furtherParents(ref: number): Int32Array
}

/** A walk to everything above a concept, itself first, until a visit answers true. One array of marks serves all walks. */
function climber({ count, parent, flags, furtherParents }: Upward) {
  let marks: Uint32Array | undefined
  let walk = 0
  const open: number[] = []
  const push = (ref: number) => {
    if (ref < 0 || !marks || marks[ref] === walk) return
    marks[ref] = walk
    open.push(ref)
  }
  return (start: Ref, visit: (ref: number) => boolean): boolean => {
    if (!marks || walk === 0xffffffff) {
      marks = new Uint32Array(count)
      walk = 0
    }
    walk++
    open.length = 0
    push(Number(start))
    for (let ref = open.pop(); ref !== undefined; ref = open.pop()) {
      if (visit(ref)) return true
      if (((flags[ref] ?? 0) & HAS_EXTRA_PARENTS) !== 0) for (const each of furtherParents(ref)) push(each)
      push(parent[ref] ?? -1)
    }
    return false
  }
}
