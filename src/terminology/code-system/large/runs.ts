/**
 * What lies below a concept beside its own subtree, by way of further parents: runs of ordinals, so that ancestry is two comparisons and
 * a search, and everything below a concept is told without a walk (R. Agrawal et al., "Efficient management of transitive relationships in
 * large data and knowledge bases", 1989).
 */
import type { Sections, SectionWriter } from './layout.ts'
import type { Range } from './ranges.ts'
import type { RowOrder } from './row-order.ts'

/** Numbers of all runs together, for each concept, beyond which none are kept: climbing is then cheaper than so much memory. */
const mostPerConcept = 24

/** The further runs of a file. */
export interface FurtherRuns {
  /** Whether a concept lies in a further run of another. */
  has(ancestor: number, ref: number): boolean
  /** The runs of a concept with its own one among them, ascending. */
  around(ancestor: number, own: Range): Range[]
}

/** Reads the further runs; undefined for a file that has none. @throws Error when they are damaged */
export function furtherRuns(sections: Sections, count: number): FurtherRuns | undefined {
  if (!sections.has('further.start')) return undefined
  const start = sections.numbers('further.start', count + 1)
  const runs = sections.numbers('further.runs', start.at(-1) ?? 0)
  return {
    has: (ancestor, ref) => {
      let low = start[ancestor] ?? 0
      let high = start[ancestor + 1] ?? 0
      if (low === high) return false
      // The first boundary above it: it lies in a run when that is an end.
      const first = low
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((runs[middle] ?? 0) <= ref) low = middle + 1
        else high = middle
      }
      return ((low - first) & 1) === 1
    },
    around: (ancestor, own) => {
      const found: Range[] = []
      let isIn = false
      for (let i = start[ancestor] ?? 0; i < (start[ancestor + 1] ?? 0); i += 2) {
        const run: Range = [runs[i] ?? 0, runs[i + 1] ?? 0]
        if (!isIn && run[0] > own[0]) {
          found.push(own)
          isIn = true
        }
        found.push(run)
      }
      if (!isIn) found.push(own)
      return found
    },
  }
}

const NONE = new Int32Array(0)

/** Writes the further runs of all concepts; nothing where there are circles or too many of them. */
export function writeFurtherRuns(writer: SectionWriter, order: Pick<RowOrder, 'parent' | 'end' | 'byParent'>): void {
  const made = runsOf(order)
  if (!made) return
  const start = new Int32Array(made.length + 1)
  made.forEach((runs, ref) => {
    start[ref + 1] = (start[ref] ?? 0) + runs.length
  })
  const all = new Int32Array(start.at(-1) ?? 0)
  made.forEach((runs, ref) => {
    all.set(runs, start[ref])
  })
  writer.put('further.start', start)
  writer.put('further.runs', all)
}

/** Per concept the boundaries of its further runs; what is below is done before what is above. */
function runsOf({ parent, end, byParent }: Pick<RowOrder, 'parent' | 'end' | 'byParent'>): Int32Array[] | undefined {
  const count = parent.length
  const links = linksBelow(byParent, count)
  const waiting = new Int32Array(count)
  for (const up of parent) if (up >= 0) waiting[up] = (waiting[up] ?? 0) + 1
  for (const up of byParent.parent) waiting[up] = (waiting[up] ?? 0) + 1
  const above = linksAbove(byParent, count)
  const runs: Int32Array[] = new Array(count).fill(NONE)
  const open: number[] = []
  for (let ref = count - 1; ref >= 0; ref--) if (waiting[ref] === 0) open.push(ref)
  const release = (up: number) => {
    const left = (waiting[up] ?? 0) - 1
    waiting[up] = left
    if (left === 0) open.push(up)
  }
  let done = 0
  let numbers = 0
  for (let ref = open.pop(); ref !== undefined; ref = open.pop()) {
    const own: Range = [ref, end[ref] ?? ref + 1]
    const parts: Range[] = []
    for (let child = ref + 1; child < own[1]; child = Math.max(end[child] ?? 0, child + 1)) {
      addOutside(runs[child] ?? NONE, own, parts)
    }
    links.each(ref, (child) => {
      addOutside(Int32Array.of(child, end[child] ?? child + 1), own, parts)
      addOutside(runs[child] ?? NONE, own, parts)
    })
    if (parts.length > 0) {
      const joined = joinedParts(parts)
      runs[ref] = joined
      numbers += joined.length
      if (numbers > mostPerConcept * count) return undefined
    }
    done++
    const up = parent[ref] ?? -1
    if (up >= 0) release(up)
    above.each(ref, release)
  }
  return done === count ? runs : undefined
}

/** What of some runs lies outside another one. */
function addOutside(runs: Int32Array, own: Range, parts: Range[]): void {
  for (let i = 0; i < runs.length; i += 2) {
    const from = runs[i] ?? 0
    const to = runs[i + 1] ?? 0
    if (from < own[0]) parts.push([from, Math.min(to, own[0])])
    if (to > own[1]) parts.push([Math.max(from, own[1]), to])
  }
}

function joinedParts(parts: Range[]): Int32Array {
  parts.sort((a, b) => a[0] - b[0])
  const joined: number[] = []
  for (const [from, to] of parts) {
    const last = joined.at(-1)
    if (last !== undefined && from <= last) joined[joined.length - 1] = Math.max(last, to)
    else joined.push(from, to)
  }
  return Int32Array.from(joined)
}

/** Children by way of a further parent. */
function linksBelow({ child, parent }: RowOrder['byParent'], count: number) {
  return adjacency(parent, child, count)
}

/** Further parents. */
function linksAbove({ child, parent }: RowOrder['byParent'], count: number) {
  return adjacency(child, parent, count)
}

/** Pairs by the first of them. */
function adjacency(from: Int32Array, to: Int32Array, count: number) {
  const start = new Int32Array(count + 1)
  for (const each of from) start[each + 1] = (start[each + 1] ?? 0) + 1
  for (let i = 0; i < count; i++) start[i + 1] = (start[i + 1] ?? 0) + (start[i] ?? 0)
  const next = start.slice()
  const list = new Int32Array(from.length)
  from.forEach((each, i) => {
    const at = next[each] ?? 0
    list[at] = to[i] ?? 0
    next[each] = at + 1
  })
  return {
    each: (ref: number, visit: (other: number) => void) => {
      for (let i = start[ref] ?? 0; i < (start[ref + 1] ?? 0); i++) visit(list[i] ?? 0)
    },
  }
}
