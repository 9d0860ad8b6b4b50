/** What a map made of its input, and which rules did it. */
import { texts } from '../../languages/languages.ts'
import { CopyButton } from '../../parts/copy-button.tsx'
import { Icon } from '../../parts/icon.tsx'
import type { Transformed } from './questions.ts'

/** Lines of a trace that are drawn. */
const most = 500

/** The outcome. */
export function MapOutcome({ transformed: { result, trace, warnings } }: { transformed: Transformed }) {
  const { workbench } = texts()
  const text = JSON.stringify(result, null, 2)
  return (
    <>
      {warnings.length > 0 && (
        <div class="notice notice-open">
          <Icon name="warning" size={24} />
          <ul>
            {warnings.map((each) => (
              <li dir="auto">{each}</li>
            ))}
          </ul>
        </div>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1) */}
      <section class="made" tabIndex={0} aria-label={workbench.made}>
        <pre>{text}</pre>
      </section>
      <CopyButton text={text} />
      <details>
        <summary>{workbench.trace}</summary>
        <ol class="trace" dir="ltr">
          {trace.slice(0, most).map(({ kind, text: line }) => (
            <li class={`trace-${kind === 'rule' || kind === 'element' ? kind : 'log'}`}>
              <code>{line}</code>
            </li>
          ))}
        </ol>
      </details>
    </>
  )
}
