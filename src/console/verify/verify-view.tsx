/** The start page: a code goes in, a verdict comes out, and nothing of it is kept. */
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { ask } from '../api/client.ts'
import { language } from '../app/session.ts'
import { fill } from '../languages/fill.ts'
import { texts } from '../languages/languages.ts'
import { say } from '../parts/say.ts'
import { Desk } from './desk/desk.ts'
import { stayAwake } from './desk/stay-awake.ts'
import { locale } from './input/reader.ts'
import { routeKeys, routePastes } from './input/route-keys.ts'
import { ScanField } from './input/scan-field.tsx'
import { working } from './input/settings.ts'
import { decisions } from './reply/verdict.ts'
import { ScanPanel } from './scan/scan-panel.tsx'
import { AnswerPanel } from './show/answer-panel.tsx'
import { DocumentForm } from './show/document-form.tsx'
import { Samples } from './show/samples.tsx'
import { SettingsPanel } from './show/settings-panel.tsx'
import { unreadText } from './show/unread-text.ts'

const openDesk = (): Desk =>
  new Desk({
    ask: (body, signal) => ask('/$evaluate', { method: 'POST', body, signal }),
    now: () => Date.now(),
    after(milliseconds, act) {
      const timer = setTimeout(act, milliseconds)
      return () => clearTimeout(timer)
    },
  })

/** The view verify. */
export function VerifyView() {
  const desk = useMemo(openDesk, [])
  const field = useRef<HTMLTextAreaElement>(null)
  const { verify } = texts()
  const state = desk.state.value
  useForgetting(desk)
  useFocus(desk, field)
  useEffect(() => routeKeys(() => field.current), [])
  useEffect(() => routePastes((text) => desk.scan([text])), [])
  useEffect(() => (working.value.pause > 0 ? stayAwake() : undefined), [working.value.pause])
  useEffect(() => {
    // Messages of rules are in the language that was asked for, or is being asked for.
    if (['answered', 'asking'].includes(desk.state.value.is)) desk.again()
  }, [language.value])
  const isPaused =
    state.is === 'asking' || (state.is === 'answered' && working.value.pause === 0 && !desk.isAdding.value)
  return (
    <div class="verify">
      <h1>{verify.title}</h1>
      <div class="verify-columns">
        <section class="intake" aria-label={verify.title}>
          <Standing desk={desk} />
          <ScanField desk={desk} field={field} />
        </section>
        <AnswerPanel desk={desk} />
        <section class="more" aria-label={verify.settings.head}>
          <ScanPanel
            onBegin={() => desk.begin()}
            onCodes={(codes) => desk.see(codes)}
            onPicture={(bytes, type) => desk.picture(bytes, type)}
            paused={isPaused}
            onNext={state.is === 'answered' ? () => desk.clear() : undefined}
          />
          <Samples desk={desk} />
          <DocumentForm desk={desk} />
          <SettingsPanel />
          <Tally desk={desk} />
        </section>
      </div>
      <Countdown desk={desk} />
    </div>
  )
}

/** What is expected next. */
function Standing({ desk }: { desk: Desk }) {
  const { line, giveUp } = standingOf(desk)
  const isOpen = giveUp !== undefined
  useEffect(() => {
    if (isOpen) say(line)
  }, [line, isOpen])
  return (
    <div class={`standing ${isOpen ? 'standing-open' : ''}`}>
      <p>{line}</p>
      {giveUp && (
        <button type="button" class="quiet" onClick={giveUp.act}>
          {giveUp.text}
        </button>
      )}
    </div>
  )
}

/** What stands open, and how it is given up. */
function standingOf(desk: Desk): { line: string; giveUp?: { text: string; act: () => void } } {
  const { verify } = texts()
  const stop = () => {
    desk.collected.value = undefined
    desk.isAdding.value = false
  }
  const collected = desk.collected.value
  if (collected) {
    const line = fill(verify.partOf, { count: collected.parts.size, of: collected.of })
    return { line, giveUp: { text: verify.partsForget, act: stop } }
  }
  if (desk.isAdding.value) return { line: verify.adding, giveUp: { text: verify.addCancel, act: stop } }
  const document = desk.documentStanding()
  const giveUp = { text: verify.document.forget, act: () => desk.forgetDocument() }
  const unread = unreadText(document)
  if (unread) return { line: unread, giveUp }
  if (document.is === 'forNext') return { line: verify.document.waits, giveUp }
  // What is under way, or came of it, stands beside: this place says only what may be done next.
  const { is } = desk.state.value
  return { line: is === 'waiting' || is === 'answered' ? verify.ready : verify.next }
}

/** Numbers of this session, and nothing else of it. */
function Tally({ desk }: { desk: Desk }) {
  const { verify } = texts()
  const tally = desk.tally.value
  if (decisions.every((each) => tally[each] === 0)) return null
  return (
    <section class="tally" aria-labelledby="tally-head">
      <h2 id="tally-head">{verify.tally}</h2>
      <dl>
        {decisions.map((each) => (
          <div class={`tally-${each}`}>
            <dt>{verify.words[each]}</dt>
            <dd>{new Intl.NumberFormat(locale()).format(tally[each])}</dd>
          </div>
        ))}
      </dl>
      <button type="button" class="quiet" onClick={() => desk.resetTally()}>
        {verify.tallyReset}
      </button>
    </section>
  )
}

/** Says that what is shown will be cleared. */
function Countdown({ desk }: { desk: Desk }) {
  const { verify } = texts()
  const seconds = desk.remaining.value
  if (seconds === undefined) return null
  return (
    <div class="countdown">
      <span role="timer">{fill(verify.forgetIn, { seconds })}</span>
      <button type="button" class="quiet" onClick={() => desk.touch()}>
        {verify.keep}
      </button>
      <button type="button" class="quiet" onClick={() => desk.clear()}>
        {verify.clear}
      </button>
    </div>
  )
}

/** Ticks; forgets when nobody is there, when the page is left, and when the view is. */
function useForgetting(desk: Desk): void {
  useEffect(() => {
    const tick = () => desk.tick()
    const touch = () => desk.touch()
    const forget = () => desk.clear()
    const timer = setInterval(tick, 1_000)
    const touches = ['pointerdown', 'keydown', 'wheel', 'input'] as const
    for (const each of touches) document.addEventListener(each, touch, { capture: true, passive: true })
    document.addEventListener('visibilitychange', tick)
    // A page that comes back out of the browser's cache would show what it showed.
    addEventListener('pagehide', forget)
    return () => {
      clearInterval(timer)
      for (const each of touches) document.removeEventListener(each, touch, { capture: true })
      document.removeEventListener('visibilitychange', tick)
      removeEventListener('pagehide', forget)
      desk.clear()
    }
  }, [])
}

/** The scanner's field has the focus while a code is awaited, unless somebody uses another control. */
function useFocus(desk: Desk, field: { current: HTMLTextAreaElement | null }): void {
  const state = desk.state.value.is
  const before = useRef(state)
  const { verify } = texts()
  useEffect(() => {
    if (before.current === 'answered' && state === 'waiting') say(verify.cleared)
    before.current = state
    if (state === 'answered') return undefined
    const timer = setTimeout(() => {
      const { activeElement } = document
      if (!activeElement || activeElement === document.body || activeElement.id === 'main') field.current?.focus()
    })
    return () => clearTimeout(timer)
  }, [state])
}
