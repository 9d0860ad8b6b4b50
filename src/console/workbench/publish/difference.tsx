/** Two texts beside each other, line by line. */
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { type DiffLine, lineDiff, shortened } from '../../parts/line-diff.ts'

const signs: Record<DiffLine['kind'], string> = { same: ' ', removed: '−', added: '+' }

/** What differs, with three lines around it. */
export function Difference({ before, after, label }: { before: string; after: string; label: string }) {
  const { workbench } = texts()
  const lines = lineDiff(before, after)
  const [added, removed] = (['added', 'removed'] as const).map(
    (kind) => lines.filter((each) => each.kind === kind).length,
  )
  const words = { same: '', removed: workbench.removedLine, added: workbench.addedLine }
  return (
    <>
      <p>{fill(workbench.differs, { added: added ?? 0, removed: removed ?? 0 })}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1) */}
      <section class="difference" dir="ltr" tabIndex={0} aria-label={label}>
        <table>
          <tbody>
            {shortened(lines).map((line) =>
              line === null ? (
                <tr class="left-out">
                  <td colSpan={4}>⋯</td>
                </tr>
              ) : (
                <tr class={`line-${line.kind}`}>
                  <td class="line-number">{line.before}</td>
                  <td class="line-number">{line.after}</td>
                  <td class="line-sign">
                    <span aria-hidden="true">{signs[line.kind]}</span>
                    <span class="unseen">{words[line.kind]}</span>
                  </td>
                  <td class="line-text">{line.text}</td>
                </tr>
              ),
            )}
          </tbody>
        </table>
      </section>
    </>
  )
}
