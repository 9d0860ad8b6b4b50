/** A value of a run, as text, list or members. */

import { language } from '../../app/session.ts'
import { counted } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import type { Shown } from './results.ts'

/** Elements of a list that are drawn; nobody reads more. */
const most = 200

/** The value. */
export function ShownValue({ value }: { value: Shown }) {
  const { workbench } = texts()
  if (value.list) {
    if (value.list.length === 0) return <span class="value-none">{workbench.emptyList}</span>
    return (
      <ol class="value-list">
        {value.list.slice(0, most).map((each) => (
          <li>
            <ShownValue value={each} />
          </li>
        ))}
        {value.list.length > most && <li>{counted(workbench.more, value.list.length - most, language.value)}</li>}
      </ol>
    )
  }
  if (value.members)
    return (
      <dl class="value-members">
        {value.members.map(({ name, value: member }) => (
          <div>
            <dt>
              <bdi>{name}</bdi>
            </dt>
            <dd>
              <ShownValue value={member} />
            </dd>
          </div>
        ))}
      </dl>
    )
  return (
    <code class="value" dir="auto">
      {value.text}
    </code>
  )
}
