/** What became of a text, line by line (Myers, An O(ND) Difference Algorithm, 1986), bounded in time and memory. */

/** A run of lines that stayed, went or came. `from` and `to` are the numbers of its first line on either side, counted from one. */
export interface LineRun {
  kind: 'same' | 'gone' | 'new'
  lines: string[]
  from: number
  to: number
}

/** Differing lines in the middle beyond which they are told as one block. */
const mostEdits = 2_000

/** The runs that make `after` of `before`. */
export function lineDifference(before: string, after: string): LineRun[] {
  const [a, b] = [before.split(/\r?\n/), after.split(/\r?\n/)]
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++
  const middleA = a.slice(start, a.length - end)
  const middleB = b.slice(start, b.length - end)
  const steps: Step[] = [...kinds('same', start), ...editScript(middleA, middleB), ...kinds('same', end)]
  return runsOf(steps, a, b)
}

type Step = LineRun['kind']

const kinds = (kind: Step, count: number): Step[] => Array<Step>(count).fill(kind)

function editScript(a: string[], b: string[]): Step[] {
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
function walkBack(trace: Int32Array[], lengthA: number, lengthB: number): Step[] {
  const steps: Step[] = []
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

function runsOf(steps: Step[], a: string[], b: string[]): LineRun[] {
  const runs: LineRun[] = []
  let [from, to] = [0, 0]
  for (const kind of steps) {
    let run = runs.at(-1)
    if (run?.kind !== kind) {
      run = { kind, lines: [], from: from + 1, to: to + 1 }
      runs.push(run)
    }
    run.lines.push((kind === 'new' ? b[to] : a[from]) ?? '')
    if (kind !== 'new') from++
    if (kind !== 'gone') to++
  }
  return runs
}
