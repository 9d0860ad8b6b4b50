/** What a health link asks for before its documents are fetched. */
import { useState } from 'preact/hooks'
import { texts } from '../../languages/languages.ts'
import { Field } from '../../parts/field.tsx'
import type { Desk } from '../desk/desk.ts'

/** Passcode and recipient; they are sent once and kept nowhere. */
export function LinkForm({ desk }: { desk: Desk }) {
  const { link } = texts().verify
  const [passcode, setPasscode] = useState('')
  const [recipient, setRecipient] = useState('')
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault()
        desk.again({ passcode: passcode.trim(), recipient: recipient.trim() })
      }}
    >
      <h3>{link.head}</h3>
      <p class="hint">{link.hint}</p>
      <Field label={link.recipient}>
        {(control) => (
          <input
            {...control}
            autocomplete="off"
            value={recipient}
            onInput={(event) => setRecipient(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label={link.passcode}>
        {(control) => (
          <input
            {...control}
            autocomplete="off"
            spellcheck={false}
            value={passcode}
            onInput={(event) => setPasscode(event.currentTarget.value)}
          />
        )}
      </Field>
      <button type="submit">{link.fetch}</button>
    </form>
  )
}
