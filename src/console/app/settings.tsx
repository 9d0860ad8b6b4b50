/** Language, appearance and access token. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { type LanguageCode, languageCodes, languageNames } from '../languages/codes.ts'
import { loadLanguage, texts } from '../languages/languages.ts'
import { Field } from '../parts/field.tsx'
import { Icon } from '../parts/icon.tsx'
import { beginsLikeCode } from '../verify/input/burst.ts'
import { language, type Scheme, scheme, token } from './session.ts'

/** The dialog; it closes with Escape, too. */
export function SettingsDialog({ isOpen, close }: { isOpen: boolean; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (isOpen) dialog.current?.showModal()
    else dialog.current?.close()
  }, [isOpen])
  const { shell } = texts()
  const schemes: [Scheme, string][] = [
    ['system', shell.schemeSystem],
    ['light', shell.schemeLight],
    ['dark', shell.schemeDark],
  ]
  return (
    <dialog ref={dialog} onClose={close} aria-label={shell.settings}>
      <div class="dialog-head">
        <h2>{shell.settings}</h2>
        <button type="button" class="quiet" onClick={close} aria-label={shell.close}>
          <Icon name="close" />
        </button>
      </div>
      <Field label={shell.language}>
        {(control) => (
          <select {...control} value={language.value} onChange={(event) => void choose(event.currentTarget.value)}>
            {languageCodes.map((code) => (
              <option value={code} lang={code}>
                {languageNames[code]}
              </option>
            ))}
          </select>
        )}
      </Field>
      <fieldset class="choice">
        <legend>{shell.scheme}</legend>
        {schemes.map(([value, name]) => (
          <label>
            <input
              type="radio"
              name="scheme"
              checked={scheme.value === value}
              onChange={() => {
                scheme.value = value
              }}
            />
            {name}
          </label>
        ))}
      </fieldset>
      <TokenField />
    </dialog>
  )
}

async function choose(code: string): Promise<void> {
  const found: LanguageCode | undefined = languageCodes.find((each) => each === code)
  if (!found) return
  await loadLanguage(found)
  language.value = found
}

function TokenField() {
  const { shell } = texts()
  const [text, setText] = useState('')
  if (token.value)
    return (
      <div class="field">
        <p>{shell.tokenHeld}</p>
        <button
          type="button"
          class="quiet"
          onClick={() => {
            token.value = ''
          }}
        >
          {shell.tokenForget}
        </button>
      </div>
    )
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        // A scanner types wherever the focus is: a code of a person is no token, and is not kept as one.
        if (!beginsLikeCode(text.trim())) token.value = text.trim()
        setText('')
      }}
    >
      <Field label={shell.token} hint={shell.tokenHint}>
        {(control) => (
          <input
            {...control}
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      <button type="submit" disabled={text.trim() === ''}>
        {shell.tokenUse}
      </button>
    </form>
  )
}
