import { listMemory } from '../../../code-system/list-memory.ts'
import { firstNotBelow } from '../../../code-system/ordinals.ts'
import type { Selection } from '../../../code-system/selection.ts'

/** A set of concepts that is listed only when somebody counts or walks it; membership is asked at once. */
export function lazySelection(has: (concept: number) => boolean, make: () => Int32Array): Selection {
  let made: Int32Array | undefined
  const list = () => {
    if (made) return made
    made = make()
    listMemory.account(made).add(made.byteLength)
    return made
  }
  return {
    has: (ref) => typeof ref === 'number' && has(ref),
    size: () => list().length,
    at: (index) => list()[index] ?? -1,
    get list() {
      return list()
    },
  }
}

/** The ascending list with one more ordinal. */
export function withOrdinal(list: Int32Array, ordinal: number): Int32Array {
  const at = firstNotBelow(list, ordinal)
  if (list[at] === ordinal) return list
  const longer = new Int32Array(list.length + 1)
  longer.set(list.subarray(0, at))
  longer[at] = ordinal
  longer.set(list.subarray(at), at + 1)
  return longer
}

/** Ordinals in any order, as an ascending list with each of them once. */
export function ascending(ordinals: Iterable<number>): Int32Array {
  return Int32Array.from(new Set(ordinals)).sort()
}
