import { listMemory } from './list-memory.ts'
import { commonOrdinals, firstNotBelow } from './ordinals.ts'

/**
 * A concept of one code system, as a handle: the ordinal in code system order for systems that list their
 * concepts, the code itself for grammars.
 */
export type Ref = number | string

/** The ordinal of a concept in a system that lists its concepts; -1, which is none, for a handle of a grammar. */
export const asOrdinal = (ref: Ref): number => (typeof ref === 'number' ? ref : -1)

/** An ordered set of concepts of one code system: membership in constant time, any position at once. */
export interface Selection {
  has(ref: Ref): boolean
  /** How many; a lazy selection counts on the first call. */
  size(): number
  /** The concept at a position from 0 to size() - 1. */
  at(index: number): Ref
  /** Counts in steps, each of so many tests; only where that takes a test of every concept. */
  counting?(): Generator<number, void, void>
  /** Set for a gap-free run of ordinals: [from, to). */
  range?: readonly [number, number]
  /** Set for a list of ordinals: all of them, ascending. */
  list?: Int32Array | undefined
  /** Set where codes may belong that are never listed (put together by a grammar): whether one does. */
  unlisted?(code: string): boolean
  /**
   * Whether a code that is put together by a grammar belongs, for those who take the set away from another one; undefined where nobody
   * can tell: what is not taken away stays, so that this must be an error. Absent: as {@link has} says.
   */
  takes?(code: string): boolean | undefined
}

/** Whether a set that is taken away has a concept; undefined where nobody can tell. */
export const takesAway = (members: Selection, ref: Ref): boolean | undefined =>
  typeof ref === 'string' && members.takes ? members.takes(ref) : members.has(ref)

/** The same members, and codes that are not listed; `takes` where it says something else ({@link Selection.takes}). */
export function withUnlisted(
  listed: Selection,
  unlisted: (code: string) => boolean,
  takes?: (code: string) => boolean | undefined,
): Selection {
  return {
    ...(takes && { takes }),
    has: (ref) => (typeof ref === 'string' ? unlisted(ref) : listed.has(ref)),
    size: () => listed.size(),
    at: (index) => listed.at(index),
    unlisted,
    ...(listed.counting && { counting: () => listed.counting?.() ?? nothing() }),
    get range() {
      return listed.range
    },
    get list() {
      return listed.list
    },
  } as Selection
}

function* nothing(): Generator<number, void, void> {}

/** Ordinals from (inclusive) to (exclusive). */
export function rangeSelection(from: number, to: number): Selection {
  return {
    has: (ref) => typeof ref === 'number' && ref >= from && ref < to,
    size: () => Math.max(0, to - from),
    at: (index) => from + index,
    range: [from, to],
  }
}

/** Ordinals in ascending order. */
export function listSelection(refs: Int32Array): Selection {
  return {
    has: (ref) => typeof ref === 'number' && binarySearch(refs, ref) >= 0,
    size: () => refs.length,
    at: (index) => refs[index] ?? -1,
    list: refs,
  }
}

/** Listed codes of a grammar with a membership test that may know more than the list. */
export function codeSelection(codes: readonly string[], has: (code: string) => boolean): Selection {
  return { has: (ref) => has(String(ref)), size: () => codes.length, at: (index) => codes[index] ?? '' }
}

/** The members of a selection that pass a test; counted and ordered on demand, tested at once. */
export function filteredSelection(base: Selection, test: (ref: Ref) => boolean): Selection {
  let kept: Ref[] | undefined
  function* counting(): Generator<number, void, void> {
    if (kept) return
    if (base.counting) yield* base.counting()
    const passed: Ref[] = []
    const memory = listMemory.account(passed)
    let counted = 0
    try {
      for (let i = 0, n = base.size(); i < n; i++) {
        const ref = base.at(i)
        if (test(ref)) passed.push(ref)
        if (i % testsPerStep !== testsPerStep - 1) continue
        memory.work((passed.length - counted) * bytesOfRef)
        counted = passed.length
        yield testsPerStep
      }
    } finally {
      memory.done()
    }
    kept = passed
  }
  const list = () => {
    // At once: whoever has others to think of counts in steps before.
    for (const _ of counting());
    return kept ?? []
  }
  return {
    has: (ref) => base.has(ref) && test(ref),
    size: () => list().length,
    at: (index) => list()[index] ?? -1,
    counting,
  }
}

/** What a concept takes in a list. */
const bytesOfRef = 8

/** Tests between two places where others may have a turn: a fraction of a millisecond for all but the dearest. */
const testsPerStep = 200

/** Members of all selections, in the order of the smallest. */
export function intersection(selections: Selection[]): Selection {
  const [first, ...others] = selections
  if (!first) throw new Error('intersection of nothing')
  const listed = others.reduce(intersectTwo, first)
  if (others.length === 0) return first
  const isOpen = selections.every((each) => each.unlisted !== undefined)
  const joined = isOpen ? withUnlisted(listed, (code) => selections.every((each) => each.unlisted?.(code))) : listed
  return selections.some((each) => each.takes) ? { ...joined, takes: (code) => taken(selections, code) } : joined
}

/** One of the sets that does not have the code decides, whatever the others say. */
function taken(selections: readonly Selection[], code: string): boolean | undefined {
  const told = selections.map((each) => takesAway(each, code))
  if (told.includes(false)) return false
  return told.includes(undefined) ? undefined : true
}

function intersectTwo(a: Selection, b: Selection): Selection {
  if (a.range && b.range) return rangeSelection(Math.max(a.range[0], b.range[0]), Math.min(a.range[1], b.range[1]))
  if (a.range && b.list) return listWithin(b.list, a.range)
  if (a.list && b.range) return listWithin(a.list, b.range)
  if (a.list && b.list) return listSelection(commonOrdinals(a.list, b.list))
  const driver = drives(a, b) ? a : b
  const other = driver === a ? b : a
  return filteredSelection(driver, (ref) => other.has(ref))
}

/** Whether the first is to be walked and the other asked: the smaller one, as far as that is told without counting. */
function drives(a: Selection, b: Selection): boolean {
  if (a.range || b.range) return b.range !== undefined
  if (a.counting || b.counting) return b.counting !== undefined
  return a.size() <= b.size()
}

/** The part of a list that lies in a run: found by two searches, nothing is copied. */
function listWithin(list: Int32Array, [from, to]: readonly [number, number]): Selection {
  return listSelection(list.subarray(firstNotBelow(list, from), firstNotBelow(list, to)))
}

/** No concept at all. */
export const emptySelection: Selection = rangeSelection(0, 0)

function binarySearch(sorted: Int32Array, wanted: number): number {
  const at = firstNotBelow(sorted, wanted)
  return sorted[at] === wanted ? at : -1
}
