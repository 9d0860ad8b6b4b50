/** Longer names are compared by their beginning: the work grows with the square of the length. */
const comparedLength = 64

/**
 * The name that a misspelt one most likely stands for: fewest insertions, deletions, replacements and swaps of neighbours
 * (optimal string alignment), letter case aside. Undefined when there are no names.
 */
export function nearestName(wrong: string, names: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const name of names) {
    const distance = editDistance(fold(wrong), fold(name))
    if (distance >= least) continue
    least = distance
    best = name
  }
  return best
}

const fold = (name: string) => name.slice(0, comparedLength).toLowerCase()

/** Optimal string alignment distance of two texts. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const at = (list: number[], index: number) => list[index] ?? 0
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(beforeLast, j - 2) + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}

/** What is said of a member that an object must not have, with the one that is most likely meant. */
export const unknownMember = (name: string, known: readonly string[]): string =>
  `there is no member ${JSON.stringify(name)} (is ${nearestName(name, known)} meant?); there are ${known.join(', ')}`
