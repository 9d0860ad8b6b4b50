import { countsOf, mergeMetrics } from '../../http/metrics/merge-metrics.ts'

/** Numbers of the workers that are there as they told them last, and counts of those that are no more. */
export interface KeptMetrics {
  /** What a worker tells. */
  tell(id: number, numbers: unknown): void
  /** It is no more. What it counted goes on to count: a sum that falls would look like a new beginning. */
  gone(id: number): void
  all(): unknown[]
}

/** Workers that are no more whose counts are kept one by one. */
const mostGone = 16

/** Nothing was told yet. */
export function createKeptMetrics(): KeptMetrics {
  const last = new Map<number, unknown>()
  let past: unknown[] = []
  let isFolding = false
  /** Puts together what is there; who goes meanwhile waits for the next time. */
  const fold = async () => {
    const counts = [...past]
    const one = await mergeMetrics(counts)
    past = [one, ...past.slice(counts.length)]
  }
  return {
    tell: (id, numbers) => void last.set(id, numbers),
    gone(id) {
      const numbers = last.get(id)
      last.delete(id)
      if (numbers === undefined) return
      past.push(countsOf(numbers))
      if (isFolding || past.length < mostGone) return
      isFolding = true
      const folded = () => {
        isFolding = false
      }
      // Where they cannot be put together they are kept one by one.
      fold().then(folded, folded)
    },
    all: () => [...last.values(), ...past],
  }
}
