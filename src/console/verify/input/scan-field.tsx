/** The field into which hand-held scanners type, and into which people paste. */
import type { RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { texts } from '../../languages/languages.ts'
import { Field } from '../../parts/field.tsx'
import type { Desk } from '../desk/desk.ts'
import { addTo, type Burst, isOfScanner, isScanned, joined, type Piece } from './burst.ts'
import { mayBeDocument } from './document-lines.ts'
import { isMistyped, longestText } from './intake.ts'
import { working } from './settings.ts'

/** Characters in the field after which something else comes. */
const certainAfter = 4

/** The field. What is in it is sent at a line end, at a silence after the typing of a scanner, or by its button. */
export function ScanField({ desk, field }: { desk: Desk; field: RefObject<HTMLTextAreaElement | null> }) {
  const { verify } = texts()
  const burst = useRef<Burst | undefined>(undefined)
  const piece = useRef<Piece | undefined>(undefined)
  const began = useRef(0)
  const length = useRef(0)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const hasText = desk.isDrafted.value
  useEffect(() => () => clearTimeout(timer.current), [])
  const empty = () => {
    clearTimeout(timer.current)
    if (field.current) field.current.value = ''
    burst.current = undefined
    length.current = 0
  }
  // Asked about or forgotten elsewhere: what was typed is of a person, too. At once, for the next code may be on its way.
  useEffect(() => desk.isDrafted.subscribe((isDrafted) => isDrafted || empty()), [])
  const submit = ({ bySilence = false } = {}) => {
    const element = field.current
    // A line end that comes after the silence ends nothing more.
    const typed = element?.value ?? ''
    const text = typed ? joined(piece.current, typed, began.current) : ''
    piece.current = bySilence ? { text, at: performance.now() } : undefined
    const isTyped = burst.current !== undefined && isOfScanner(burst.current)
    empty()
    desk.isDrafted.value = false
    if (text !== '') desk.scan([text], { isMistyped: isTyped && isMistyped(text), goesOn: text !== typed })
  }
  const typed = ({ currentTarget: { value }, timeStamp }: InputEvent & { currentTarget: HTMLTextAreaElement }) => {
    clearTimeout(timer.current)
    const added = value.length - length.current
    if (length.current === 0) began.current = timeStamp
    length.current = value.length
    if (value.length > longestText) return submit()
    const { silence } = working.value
    burst.current = added > 0 ? addTo(burst.current, added, timeStamp, silence) : undefined
    desk.isDrafted.value = value !== ''
    const whole = joined(piece.current, value, began.current)
    if (added > 0 && isOfOther(desk, value)) desk.begin({ goesOn: whole !== value })
    timer.current = setTimeout(() => {
      if (burst.current && isScanned(burst.current, whole)) submit({ bySilence: true })
    }, silence)
  }
  const pasted = (event: ClipboardEvent) => {
    const text = event.clipboardData?.getData('text/plain') ?? ''
    // Pictures are the scanner's affair, wherever on the page they are pasted.
    if (text === '') return
    // A text is taken as it is, and never shown: a long one would hold the page.
    event.preventDefault()
    desk.scan([text])
  }
  return (
    <form
      class="scan-field"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Field label={verify.field} hint={verify.fieldHint}>
        {(control) => (
          <textarea
            {...control}
            ref={field}
            class="mono"
            dir="ltr"
            rows={2}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            inputMode={matchMedia('(pointer: coarse)').matches ? 'none' : 'text'}
            onInput={typed}
            onPaste={pasted}
            onKeyDown={(event) => {
              if (!isEnd(event)) return
              event.preventDefault()
              submit()
            }}
          />
        )}
      </Field>
      {hasText && <button type="submit">{verify.check}</button>}
    </form>
  )
}

/** Whether the verdict that stands there is not that of what is typed: a single key may be a mistake, and a document is of the person. */
const isOfOther = (desk: Desk, text: string): boolean =>
  text.length >= certainAfter &&
  desk.state.value.is !== 'waiting' &&
  !mayBeDocument(text, desk.documentStanding().is === 'open')

/** Whether a key ends a code; some scanners end it with the key of a line feed, which is Ctrl+J. */
const isEnd = ({ key, ctrlKey, shiftKey, isComposing }: KeyboardEvent): boolean =>
  (key === 'Enter' && !shiftKey && !isComposing) || (ctrlKey && key.toLowerCase() === 'j')
