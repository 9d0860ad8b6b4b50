/** The difference between two texts, line by line. */

/** A line: in both, only in the older, only in the newer; with its number in each. */
export interface DiffLine {
  kind: 'same' | 'removed' | 'added'
  text: string
  before?: number
  after?: number
}

/** Changes that are looked for before two texts are called different as a whole: the work grows with its square. */
const mostChanges = 600

/**
 * The fewest lines to remove and add (E. W. Myers, "An O(ND) Difference Algorithm", 1986). Texts that differ in more than 600 lines
 * are told as one removed and one added.
 */
export function lineDiff(before: string, after: string): DiffLine[] {
  const [old, young] = [linesOf(before), linesOf(after)]
  let start = 0
  while (start < old.length && start < young.length && old[start] === young[start]) start++
  let end = 0
  const most = Math.min(old.length, young.length) - start
  while (end < most && old[old.length - 1 - end] === young[young.length - 1 - end]) end++
  const middle = edits(old.slice(start, old.length - end), young.slice(start, young.length - end))
  const kinds: DiffLine['kind'][] = [
    ...Array<'same'>(start).fill('same'),
    ...middle,
    ...Array<'same'>(end).fill('same'),
  ]
  let [left, right] = [0, 0]
  return kinds.map((kind): DiffLine => {
    if (kind === 'added') return { kind, text: young[right] ?? '', after: ++right }
    if (kind === 'removed') return { kind, text: old[left] ?? '', before: ++left }
    return { kind, text: old[left] ?? '', before: ++left, after: ++right }
  })
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/))

function edits(old: string[], young: string[]): DiffLine['kind'][] {
  const trace: Map<number, number>[] = []
  const reached = new Map<number, number>([[1, 0]])
  for (let changes = 0; changes <= Math.min(mostChanges, old.length + young.length); changes++) {
    trace.push(new Map(reached))
    for (let diagonal = -changes; diagonal <= changes; diagonal += 2) {
      let at = furthest(reached, diagonal, changes)
      while (at < old.length && at - diagonal < young.length && old[at] === young[at - diagonal]) at++
      reached.set(diagonal, at)
      if (at >= old.length && at - diagonal >= young.length) return backwards(trace, old, young)
    }
  }
  return [...old.map((): 'removed' => 'removed'), ...young.map((): 'added' => 'added')]
}

const isDown = (reached: Map<number, number>, diagonal: number, changes: number): boolean =>
  diagonal === -changes ||
  (diagonal !== changes && (reached.get(diagonal - 1) ?? -1) < (reached.get(diagonal + 1) ?? -1))

const furthest = (reached: Map<number, number>, diagonal: number, changes: number): number =>
  isDown(reached, diagonal, changes) ? (reached.get(diagonal + 1) ?? 0) : (reached.get(diagonal - 1) ?? 0) + 1

function backwards(trace: Map<number, number>[], old: string[], young: string[]): DiffLine['kind'][] {
  const kinds: DiffLine['kind'][] = []
  let [left, right] = [old.length, young.length]
  for (let changes = trace.length - 1; changes >= 0; changes--) {
    const reached = trace[changes] ?? new Map<number, number>()
    const diagonal = left - right
    const down = isDown(reached, diagonal, changes)
    const from = down ? diagonal + 1 : diagonal - 1
    const [fromLeft, fromRight] = [reached.get(from) ?? 0, (reached.get(from) ?? 0) - from]
    while (left > fromLeft && right > fromRight && left > 0 && right > 0) {
      kinds.push('same')
      left--
      right--
    }
    if (changes > 0) kinds.push(down ? 'added' : 'removed')
    left = fromLeft
    right = fromRight
  }
  return kinds.reverse()
}

/** Lines with those around what changed; `null` stands for lines that are left out. */
export function shortened(lines: readonly DiffLine[], around = 3): (DiffLine | null)[] {
  const near = lines.map(() => false)
  for (const [index, { kind }] of lines.entries())
    if (kind !== 'same')
      for (let at = Math.max(0, index - around); at <= Math.min(lines.length - 1, index + around); at++) near[at] = true
  return lines.flatMap((line, index): (DiffLine | null)[] => {
    if (near[index]) return [line]
    return index === 0 || near[index - 1] ? [null] : []
  })
}
