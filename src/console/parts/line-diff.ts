/** The difference between two texts, line by line (E. W. Myers, "An O(ND) Difference Algorithm", 1986), bounded in time and memory. */

/** What became of a line: it stayed, went or came. */
export type LineStep = 'same' | 'gone' | 'new'

const kinds = (kind: LineStep, count: number): LineStep[] => Array<LineStep>(count).fill(kind)

/**
 * The fewest lines to take out and put in, in their order. @param mostEdits beyond it what differs is told as one block that went and
 * one that came: the work grows with its square
 */
export function lineSteps(before: string[], after: string[], mostEdits: number): LineStep[] {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let end = 0
  const most = Math.min(before.length, after.length) - start
  while (end < most && before[before.length - 1 - end] === after[after.length - 1 - end]) end++
  const middle = editScript(before.slice(start, before.length - end), after.slice(start, after.length - end), mostEdits)
  return [...kinds('same', start), ...middle, ...kinds('same', end)]
}

function editScript(a: string[], b: string[], mostEdits: number): LineStep[] {
  const whole = [...kinds('gone', a.length), ...kinds('new', b.length)]
  if (a.length === 0 || b.length === 0) return whole
  const most = Math.min(a.length + b.length, mostEdits)
  const offset = most + 1
  let reach = new Int32Array(2 * most + 3)
  const trace: Int32Array[] = []
  for (let edits = 0; edits <= most; edits++) {
    // Only the diagonals that were touched are kept: memory grows with the edits alone.
    trace.push(reach.slice(offset - edits - 1, offset + edits + 2))
    const next = reach
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const isDown =
        diagonal === -edits || (diagonal !== edits && at(next, offset + diagonal - 1) < at(next, offset + diagonal + 1))
      let x = isDown ? at(next, offset + diagonal + 1) : at(next, offset + diagonal - 1) + 1
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x++
      next[offset + diagonal] = x
      if (x >= a.length && x - diagonal >= b.length) return walkBack(trace, a.length, b.length)
    }
    reach = next
  }
  return whole
}

const at = (numbers: Int32Array, index: number) => numbers[index] ?? 0

/** `trace[d]` holds how far each diagonal from -d-1 to d+1 had come before the round d. */
function walkBack(trace: Int32Array[], lengthA: number, lengthB: number): LineStep[] {
  const steps: LineStep[] = []
  let [x, y] = [lengthA, lengthB]
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const reach = trace[edits] ?? new Int32Array()
    const of = (diagonal: number) => at(reach, diagonal + edits + 1)
    const diagonal = x - y
    const isDown = diagonal === -edits || (diagonal !== edits && of(diagonal - 1) < of(diagonal + 1))
    const beforeDiagonal = isDown ? diagonal + 1 : diagonal - 1
    const beforeX = edits === 0 ? 0 : of(beforeDiagonal)
    const beforeY = edits === 0 ? 0 : beforeX - beforeDiagonal
    while (x > beforeX && y > beforeY) {
      steps.push('same')
      x--
      y--
    }
    if (edits === 0) break
    steps.push(isDown ? 'new' : 'gone')
    x = beforeX
    y = beforeY
  }
  return steps.reverse()
}

/** A line: in both, only in the older, only in the newer; with its number in each. */
export interface DiffLine {
  kind: 'same' | 'removed' | 'added'
  text: string
  before?: number
  after?: number
}

const mostChanges = 600

/** Every line of both. Texts that differ in more than 600 lines are told as one removed and one added. */
export function lineDiff(before: string, after: string): DiffLine[] {
  const [old, young] = [linesOf(before), linesOf(after)]
  let [left, right] = [0, 0]
  return lineSteps(old, young, mostChanges).map((step): DiffLine => {
    if (step === 'new') return { kind: 'added', text: young[right] ?? '', after: ++right }
    if (step === 'gone') return { kind: 'removed', text: old[left] ?? '', before: ++left }
    return { kind: 'same', text: old[left] ?? '', before: ++left, after: ++right }
  })
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/))

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
