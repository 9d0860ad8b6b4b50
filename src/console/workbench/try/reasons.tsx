import type { Reason } from './results.ts'
import { ShownValue } from './shown-value.tsx'

/** Reasons, and what decided each of them. */
export function Reasons({ reasons }: { reasons: Reason[] }) {
  return (
    <ul class="reasons">
      {reasons.map(({ text, value, place, parts }) => (
        <li>
          <span dir="auto">{text}</span>
          {place && (
            <span class="reason-place">
              <bdi>{place}</bdi>
            </span>
          )}
          {parts.length > 0 ? <Reasons reasons={parts} /> : value.text === undefined && <ShownValue value={value} />}
        </li>
      ))}
    </ul>
  )
}
