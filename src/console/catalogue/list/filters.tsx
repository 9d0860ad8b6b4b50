/** What narrows the list; it is asked for while somebody types. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { changeQuery } from '../../app/router.ts'
import { texts } from '../../languages/languages.ts'
import { type ControlProps, Field } from '../../parts/field.tsx'
import { addressOf, sortOrders, statuses, type Wanted } from './query.ts'

/** The fields. */
export function Filters({ wanted }: { wanted: Wanted }) {
  const { list, statuses: names } = texts().catalogue
  const further = [wanted.status, wanted.jurisdiction, wanted.publisher, wanted.source].filter(Boolean).length
  return (
    <search class="filters">
      <Field label={list.search}>
        {(control) => (
          <TypedText control={control} value={wanted.text} change={(text) => change({ text })} type="search" />
        )}
      </Field>
      <details open={further > 0}>
        <summary>
          {list.filters} {further > 0 && <span class="tag">{further}</span>}
        </summary>
        <div class="filter-fields">
          <Field label={list.status}>
            {(control) => (
              <select
                {...control}
                value={wanted.status}
                onChange={(event) => change({ status: event.currentTarget.value })}
              >
                <option value="">{list.any}</option>
                {statuses.map((each) => (
                  <option key={each} value={each}>
                    {names[each]}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label={list.jurisdiction} hint={list.jurisdictionHint}>
            {(control) => (
              <TypedText
                control={control}
                value={wanted.jurisdiction}
                change={(text) => change({ jurisdiction: text })}
              />
            )}
          </Field>
          <Field label={list.publisher}>
            {(control) => (
              <TypedText control={control} value={wanted.publisher} change={(text) => change({ publisher: text })} />
            )}
          </Field>
          <Field label={list.source} hint={list.sourceHint}>
            {(control) => (
              <TypedText control={control} value={wanted.source} change={(text) => change({ source: text })} />
            )}
          </Field>
          <Field label={list.sort}>
            {(control) => (
              <select
                {...control}
                value={wanted.sort}
                onChange={({ currentTarget }) => {
                  const sort = sortOrders.find((each) => each === currentTarget.value)
                  if (sort) change({ sort })
                }}
              >
                {sortOrders.map((each) => (
                  <option key={each} value={each}>
                    {list.sorts[each]}
                  </option>
                ))}
              </select>
            )}
          </Field>
          {further > 0 && (
            <button
              type="button"
              class="quiet"
              onClick={() => change({ status: '', jurisdiction: '', publisher: '', source: '' })}
            >
              {list.clear}
            </button>
          )}
        </div>
      </details>
    </search>
  )
}

/** What somebody types leaves no entries in the history. */
function change(wanted: Partial<Wanted>): void {
  changeQuery({ ...addressOf(wanted), cursor: undefined }, { replace: true })
}

interface TypedTextProps {
  control: ControlProps
  value: string
  /** Called when nothing was typed for a moment. */
  change: (text: string) => void
  type?: 'search' | 'text'
}

const pause = 180

/** A text that counts when somebody pauses; it follows the address when that changes by itself, as on the way back. */
export function TypedText({ control, value, change, type = 'text' }: TypedTextProps) {
  const [text, setText] = useState(value)
  const told = useRef(value)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => {
    if (value !== told.current.trim()) setText(value)
    told.current = value
  }, [value])
  useEffect(() => () => clearTimeout(timer.current), [])
  const tell = (wanted: string) => {
    clearTimeout(timer.current)
    told.current = wanted
    change(wanted.trim())
  }
  const kind = type === 'search' ? { type: 'search' as const } : { type: 'text' as const }
  return (
    <input
      {...control}
      {...kind}
      dir="auto"
      autocomplete="off"
      spellcheck={false}
      value={text}
      onInput={({ currentTarget }) => {
        const typed = currentTarget.value
        setText(typed)
        clearTimeout(timer.current)
        timer.current = setTimeout(() => tell(typed), pause)
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') tell(event.currentTarget.value)
      }}
    />
  )
}
