/** Language, appearance and access token. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { ask } from '../api/client.ts'
import { type LanguageCode, languageCodes, languageNames } from '../languages/codes.ts'
import { loadLanguage, texts } from '../languages/languages.ts'
import { Field } from '../parts/field.tsx'
import { Icon } from '../parts/icon.tsx'
import { say } from '../parts/say.ts'
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

/** Asks something that is open to everybody: a token that does not hold is refused there, too. */
async function judgeToken(text: string): Promise<'good' | 'refused' | 'unknown'> {
  // What no header can carry was never a token (RFC 6750, b64token).
  if (!/^[\x21-\x7e]+$/.test(text)) return 'refused'
  const { fault } = await ask('/ValueSet?_summary=count', { headers: { Authorization: `Bearer ${text}` } })
  if (!fault) return 'good'
  return fault.status === 401 ? 'refused' : 'unknown'
}

function TokenField() {
  const { shell } = texts()
  const [text, setText] = useState('')
  const [state, setState] = useState<'open' | 'asking' | 'good' | 'refused' | 'unknown'>('open')
  const latest = useRef('')
  const take = async () => {
    const given = text.trim()
    setText('')
    // A scanner types wherever the focus is: a code of a person is no token, and is not kept as one.
    if (beginsLikeCode(given)) return
    latest.current = given
    setState('asking')
    const judged = await judgeToken(given)
    if (latest.current !== given) return
    if (judged !== 'refused') token.value = given
    setState(judged)
    say({ good: shell.tokenGood, refused: shell.tokenRefused, unknown: shell.tokenUnjudged }[judged], {
      urgent: judged === 'refused',
    })
  }
  if (token.value)
    return (
      <div class="field">
        <p>{state === 'unknown' ? shell.tokenUnjudged : shell.tokenHeld}</p>
        <button
          type="button"
          class="quiet"
          onClick={() => {
            token.value = ''
            setState('open')
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
        void take()
      }}
    >
      <Field label={shell.token} hint={shell.tokenHint} {...(state === 'refused' && { error: shell.tokenRefused })}>
        {(control) => (
          <input
            {...control}
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={(event) => {
              setText(event.currentTarget.value)
              if (state === 'refused') setState('open')
            }}
          />
        )}
      </Field>
      <button type="submit" disabled={text.trim() === '' || state === 'asking'}>
        {state === 'asking' ? shell.tokenAsking : shell.tokenUse}
      </button>
    </form>
  )
}
