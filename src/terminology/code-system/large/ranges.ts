import type { Ref } from '../code-system.ts'
import { firstNotBelow } from '../ordinals.ts'
import { rangeSelection, type Selection } from '../selection.ts'

/** A run of ordinals: [from, to). */
export type Range = readonly [from: number, to: number]

/** Runs in ascending order without overlap, joined where they touch. */
export function joinRanges(ranges: Range[]): Range[] {
  const joined: [number, number][] = []
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = joined.at(-1)
    if (last && from <= last[1]) last[1] = Math.max(last[1], to)
    else if (from < to) joined.push([from, to])
  }
  return joined
}

/** What lies between joined runs, from 0 to `count`. */
export function gapsBetween(joined: readonly Range[], count: number): Range[] {
  const gaps: Range[] = []
  let next = 0
  for (const [from, to] of joined) {
    if (from > next) gaps.push([next, from])
    next = to
  }
  if (next < count) gaps.push([next, count])
  return gaps
}

/** The ordinals of joined runs: membership and any position by binary search. */
export function rangesSelection(joined: readonly Range[]): Selection {
  const [only] = joined
  if (joined.length <= 1) return rangeSelection(only?.[0] ?? 0, only?.[1] ?? 0)
  const ends = Int32Array.from(joined, ([, to]) => to)
  const before = new Int32Array(joined.length + 1)
  joined.forEach(([from, to], i) => {
    before[i + 1] = (before[i] ?? 0) + to - from
  })
  const size = before.at(-1) ?? 0
  return {
    has: (ref: Ref) => {
      if (typeof ref !== 'number') return false
      const run = joined[firstNotBelow(ends, ref + 1)]
      return run !== undefined && ref >= run[0]
    },
    size: () => size,
    at: (index) => {
      const run = firstNotBelow(before, index + 1) - 1
      return (joined[run]?.[0] ?? -1) + index - (before[run] ?? 0)
    },
  }
}
