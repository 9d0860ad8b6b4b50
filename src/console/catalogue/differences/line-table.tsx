/** Lines that stayed, went and came. */
import { language } from '../../app/session.ts'
import { counted } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { ScrollBox } from '../page/scroll-box.tsx'
import type { LineRun } from './lines.ts'

/** Lines that stay are shown so far around those that changed. */
const around = 3
/** Most lines that are drawn. */
const mostLines = 3_000

const signs = { same: ' ', gone: '−', new: '+' } as const

/** The runs; what stays far from a change is folded. */
export function LineTable({ runs, label }: { runs: LineRun[]; label: string }) {
  const { versions } = texts().catalogue
  let drawn = 0
  return (
    <ScrollBox label={label} kind="code-box">
      <pre class="code lines">
        {runs.map((run, index) => {
          if (drawn > mostLines) return null
          const [head, tail] = foldedOf(run, index === 0, index === runs.length - 1)
          const folded = run.lines.length - head - tail
          drawn += head + tail
          return (
            <>
              {run.lines.slice(0, head).map((line, at) => drawLine(run, line, at))}
              {folded > 0 && (
                <span class="line line-folded">
                  … {counted(versions.linesSame, folded, language.value)}
                  {'\n'}
                </span>
              )}
              {tail > 0 && run.lines.slice(-tail).map((line, at) => drawLine(run, line, run.lines.length - tail + at))}
            </>
          )
        })}
        {drawn > mostLines && <span class="line line-folded">{versions.cut}</span>}
      </pre>
    </ScrollBox>
  )
}

/** How many lines of a run are shown at its beginning and at its end. */
function foldedOf({ kind, lines }: LineRun, isFirst: boolean, isLast: boolean): [head: number, tail: number] {
  if (kind !== 'same') return [Math.min(lines.length, mostLines), 0]
  const [head, tail] = [isFirst ? 0 : around, isLast ? 0 : around]
  return lines.length <= head + tail + 1 ? [lines.length, 0] : [head, tail]
}

function drawLine(run: LineRun, line: string, at: number) {
  const names = { same: undefined, gone: 'del', new: 'ins' } as const
  const Tag = names[run.kind] ?? 'span'
  return (
    <span class={`line line-${run.kind}`}>
      <span class="number" aria-hidden="true">
        {(run.kind === 'new' ? run.to : run.from) + at}
      </span>
      <span aria-hidden="true">{signs[run.kind]} </span>
      <Tag dir="ltr">{line.slice(0, 2_000)}</Tag>
      {'\n'}
    </span>
  )
}
