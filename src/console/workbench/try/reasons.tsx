import { texts } from '../../languages/languages.ts'
import { draft, lookAt } from '../desk.ts'
import { identityOf } from '../document/artefacts.ts'
import type { Reason } from './results.ts'
import { ShownValue } from './shown-value.tsx'

/** Depth to which reasons stand open. */
const open = 2

/** Reasons, and what decided each of them; what lies deeper is folded. */
export function Reasons({ reasons, depth = 0 }: { reasons: Reason[]; depth?: number }) {
  return (
    <ul class="reasons">
      {reasons.map((reason) => (
        <li>
          <OneReason reason={reason} depth={depth} />
        </li>
      ))}
    </ul>
  )
}

function OneReason({ reason: { text, value, place, parts }, depth }: { reason: Reason; depth: number }) {
  const said = <span dir="auto">{text}</span>
  const where = place && <ReasonPlace place={place} />
  if (parts.length === 0)
    return (
      <>
        {said} {where}
        {value.text === undefined && <ShownValue value={value} />}
      </>
    )
  return (
    <details open={depth < open}>
      <summary>{said}</summary>
      {where}
      <Reasons reasons={parts} depth={depth + 1} />
    </details>
  )
}

/** Where it stands; a place in the text that is open leads there. */
function ReasonPlace({ place }: { place: string }) {
  const { shell } = texts()
  const [, library, line, column] = /^library (.+), line (\d+), column (\d+)$/.exec(place) ?? []
  const part = draft.value?.parts.find((each) => each.language === 'cql' && identityOf(each).name === library)
  if (!part || !line || !column)
    return (
      <span class="reason-place">
        <bdi>{place}</bdi>
      </span>
    )
  return (
    <button
      type="button"
      class="reason-place link"
      onClick={() => lookAt(part.key, { line: Number(line), column: Number(column) })}
    >
      {shell.line.replace('{line}', line).replace('{column}', column)}
    </button>
  )
}
