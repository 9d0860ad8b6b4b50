/** The identity document that the server holds against the certificate. */
import { texts } from '../../languages/languages.ts'
import { Field } from '../../parts/field.tsx'
import { Icon } from '../../parts/icon.tsx'
import type { Desk } from '../desk/desk.ts'
import { type IdentityDocument, isGiven } from '../input/question.ts'
import { unreadText } from './unread-text.ts'

/** Folded until it is used. */
export function DocumentForm({ desk }: { desk: Desk }) {
  const { document: words } = texts().verify
  const held = desk.document.value
  const change = (members: Partial<IdentityDocument>) => {
    desk.document.value = { ...desk.document.value, ...members }
  }
  const given = isGiven(held)
  const stands = desk.documentStanding()
  const standing = stands.is
  const unread = unreadText(stands)
  return (
    <details class="fold">
      <summary>
        {words.head}
        {standing === 'forNext' && (
          <span class="tag">
            <Icon name="accepted" size={14} /> {words.ready}
          </span>
        )}
        {standing === 'compared' && (
          <span class="tag">
            <Icon name="accepted" size={14} /> {words.compared}
          </span>
        )}
        {(standing === 'notCompared' || standing === 'open') && (
          <span class="tag">
            <Icon name="warning" size={14} /> {words.notCompared}
          </span>
        )}
        {standing === 'misread' && (
          <span class="tag">
            <Icon name="warning" size={14} /> {words.unread}
          </span>
        )}
      </summary>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          desk.again()
        }}
      >
        <p class="hint">{words.hint}</p>
        <Field label={words.name}>
          {(control) => (
            <input
              {...control}
              dir="auto"
              autocomplete="off"
              spellcheck={false}
              value={held.name}
              onInput={(event) => change({ name: event.currentTarget.value })}
            />
          )}
        </Field>
        <Field label={words.birth} hint={words.birthHint}>
          {(control) => (
            <input
              {...control}
              dir="ltr"
              autocomplete="off"
              inputMode="numeric"
              value={held.birthDate}
              onInput={(event) => change({ birthDate: event.currentTarget.value })}
            />
          )}
        </Field>
        <Field label={words.mrz} hint={words.mrzHint}>
          {(control) => (
            <textarea
              {...control}
              class="mono"
              data-takes-scans
              dir="ltr"
              rows={3}
              autocomplete="off"
              spellcheck={false}
              value={held.mrz}
              onInput={(event) => change({ mrz: event.currentTarget.value })}
            />
          )}
        </Field>
        {unread && <p class="hint">{unread}</p>}
        {['answered', 'documentUnread'].includes(desk.state.value.is) && (
          <button type="submit" disabled={!given || unread !== undefined}>
            {words.compare}
          </button>
        )}
      </form>
    </details>
  )
}
