/** What became of a text, in runs of lines. */
import { type LineStep, lineSteps } from '../../parts/line-diff.ts'

/** A run of lines that stayed, went or came. `from` and `to` are the numbers of its first line on either side, counted from one. */
export interface LineRun {
  kind: LineStep
  lines: string[]
  from: number
  to: number
}

/** Differing lines in the middle beyond which they are told as one block. */
const mostEdits = 2_000

/** The runs that make `after` of `before`. */
export function lineDifference(before: string, after: string): LineRun[] {
  const [a, b] = [before.split(/\r?\n/), after.split(/\r?\n/)]
  return runsOf(lineSteps(a, b, mostEdits), a, b)
}

function runsOf(steps: LineStep[], a: string[], b: string[]): LineRun[] {
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
