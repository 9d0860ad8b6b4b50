/** Publishing: what would change is shown first, then all of it is stored, or nothing. */

import { useEffect, useRef, useState } from 'preact/hooks'
import type { Fault } from '../../api/client.ts'
import { useReply } from '../../api/use-reply.ts'
import { token } from '../../app/session.ts'
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Await } from '../../parts/await.tsx'
import { FaultNotice, Issues } from '../../parts/fault.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Notice } from '../../parts/notice.tsx'
import { say } from '../../parts/say.ts'
import { draft as held } from '../desk.ts'
import { asKept, asPublished, type Draft, identityOf, libraryOf, raised } from '../document/artefacts.ts'
import { besideAsText } from '../document/beside.ts'
import { type PlacesOf, type Problem, problemsOf } from '../document/problems.ts'
import { Difference } from './difference.tsx'
import { Leaning } from './leaning.tsx'
import { type Comparison, compareDraft, isFixed, type Published, publish } from './publishing.ts'

/** Problems of parts, each with the text that they are of. */
export type Refused = { key: string; text: string; problems: Problem[] }[]

interface PublishPanelProps {
  draft: Draft
  /** Nothing is compared while nobody looks. */
  isShown: boolean
  refused(problems: Refused): void
}

/** The panel. */
export function PublishPanel({ draft, isShown, refused }: PublishPanelProps) {
  const { workbench } = texts()
  const [round, setRound] = useState(0)
  const [done, setDone] = useState<{ published: Published; of: string }>()
  const [isSending, setSending] = useState(false)
  const texted = JSON.stringify(draft.parts.map(({ text }) => text))
  const settled = useSettled(texted)
  const key = isShown && settled === texted ? `${round}\n${texted}` : undefined
  const asked = useReply(key, (signal) => compareDraft(draft, signal))
  const send = async (compared: Comparison[]) => {
    setSending(true)
    setDone(undefined)
    const published = await publish(compared)
    setSending(false)
    setDone({ published, of: texted })
    // What changed meanwhile is shown before anything is tried again.
    if (published.kind === 'moved') setRound((count) => count + 1)
    if (published.kind === 'refused') refused(refusedParts(compared, published))
    if (published.kind === 'published') {
      const sent = compared.map(({ part }) => part)
      if (held.value) held.value = asPublished(asKept(held.value, sent), published.artefacts)
      setRound((count) => count + 1)
      say(workbench.published, { urgent: true })
    }
  }
  return (
    <div class="publish">
      <p class="hint">{workbench.publishHint}</p>
      {done && (
        <Done published={done.published} isOld={done.of !== texted} again={() => setRound((count) => count + 1)} />
      )}
      {key === undefined ? (
        <p class="waiting">{workbench.comparing}</p>
      ) : (
        <Await asked={asked}>
          {(compared) => (
            <>
              {compared.map((each) => (
                <Compared key={each.part.key} compared={each} />
              ))}
              <SendButton compared={compared} isSending={isSending} send={() => void send(compared)} />
            </>
          )}
        </Await>
      )}
    </div>
  )
}

/** A text once nothing was typed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 600)
    return () => clearTimeout(timer)
  }, [text])
  return settled
}

/** Issues of the transaction, given to the texts that they are about. */
function refusedParts(compared: Comparison[], { outcome }: Extract<Published, { kind: 'refused' }>): Refused {
  const wanted = compared.filter(({ state }) => state !== 'same')
  return wanted.map(({ part }, at) => {
    const { name } = identityOf(part)
    const own = outcome.issue.filter(({ expression = [] }) => {
      const entry = /^Bundle\.entry\[(\d+)\]/.exec(expression[0] ?? '')?.[1]
      return entry === undefined || Number(entry) === at
    })
    const of = placesOf(part, name)
    return {
      key: part.key,
      text: part.text,
      problems: problemsOf({ resourceType: 'OperationOutcome', issue: own }, of),
    }
  })
}

function placesOf({ language, text }: Comparison['part'], library: string | undefined): PlacesOf {
  if (language === 'cql') return { language, library }
  return language === 'json' ? { language, text } : { language }
}

function Compared({ compared }: { compared: Comparison }) {
  const { workbench } = texts()
  const { part, identity, state, against, isTaken, isMovedOn } = compared
  const names = { Library: workbench.ruleText, PlanDefinition: workbench.ruleSet, StructureMap: workbench.mapText }
  const title = names[part.type]
  const said = {
    unnamed: workbench.stateUnnamed,
    new: workbench.stateNew,
    raised: fill(workbench.stateRaised, { version: against?.version ?? '' }),
    same: workbench.stateSame,
    changed: isFixed(compared) ? workbench.stateChanged : workbench.stateDraft,
  }[state]
  return (
    <section class="card compared" aria-label={title}>
      <h3>{title}</h3>
      <p>
        <code dir="ltr">{`${identity.url ?? '?'}|${identity.version ?? '?'}`}</code>
      </p>
      <p id={`state-${part.key}`} class={state === 'changed' || state === 'unnamed' || isTaken ? 'error' : ''}>
        {said}
      </p>
      {isMovedOn && (
        <p class="error">
          <Icon name="warning" /> {workbench.movedOn}
        </p>
      )}
      {isTaken && <p class="error">{fill(workbench.idTaken, { id: identity.id ?? '' })}</p>}
      {state === 'changed' && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            if (held.value) held.value = raised(held.value)
          }}
        >
          {workbench.raise}
        </button>
      )}
      {(state === 'raised' || state === 'changed') && against && (
        <Difference before={against.text} after={part.text} label={fill(workbench.difference, { part: title })} />
      )}
      {part.language === 'cql' && state !== 'unnamed' && <Beside part={part} against={against?.beside} />}
    </section>
  )
}

/** What is published of a library beside its text: it follows the text, and is shown before it is sent. */
function Beside({ part, against }: { part: Comparison['part']; against: string | undefined }) {
  const { workbench } = texts()
  const after = besideAsText(libraryOf(part))
  if (after === against) return null
  return (
    <details class="fold" open={against !== undefined}>
      <summary>{workbench.beside}</summary>
      <p class="hint">{workbench.besideHint}</p>
      <Difference before={against ?? ''} after={after} label={workbench.beside} />
    </details>
  )
}

interface SendButtonProps {
  compared: Comparison[]
  isSending: boolean
  send(): void
}

function SendButton({ compared, isSending, send }: SendButtonProps) {
  const { workbench } = texts()
  const isUnnamed = compared.some(({ state }) => state === 'unnamed')
  const isTaken = compared.some((each) => each.isTaken)
  // What is refused anyway is not offered; who hears the page is told why at the button.
  const fixed = compared.filter(isFixed).map(({ part }) => `state-${part.key}`)
  const isRefused = fixed.length > 0
  const count = compared.filter(({ state }) => state !== 'same').length
  if (count === 0) return <p>{workbench.nothingToPublish}</p>
  return (
    <>
      {!token.value && (
        <p class="notice notice-open">
          <Icon name="key" size={24} />
          <span>{workbench.needsToken}</span>
        </p>
      )}
      <div class="actions">
        <button
          type="button"
          disabled={isSending || isUnnamed || isTaken || !token.value}
          {...(isRefused && { 'aria-disabled': true, 'aria-describedby': fixed.join(' ') })}
          onClick={() => {
            if (!isRefused) send()
          }}
        >
          {isSending ? workbench.publishing : workbench.publishNow}
        </button>
      </div>
      {isSending && (
        <p class="waiting" role="status">
          {workbench.publishingHint}
        </p>
      )}
    </>
  )
}

/** Leads to what was published, except who has gone on to something else meanwhile. */
function useLed(isPublished: boolean) {
  const block = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const { current } = block
    const focused = document.activeElement
    const isHere = !focused || focused === document.body || current?.closest('.publish')?.contains(focused) === true
    if (!isPublished || !current || !isHere) return
    current.focus({ preventScroll: true })
    current.scrollIntoView({ block: 'center' })
  }, [isPublished])
  return block
}

function Done({ published, isOld, again }: { published: Published; isOld: boolean; again(): void }) {
  const { workbench } = texts()
  const block = useLed(published.kind === 'published')
  if (published.kind === 'published')
    return (
      <div class="notice notice-good" role="status" tabIndex={-1} ref={block}>
        <Icon name="accepted" size={24} />
        <div>
          <p class="notice-head">{workbench.published}</p>
          <ul>
            {published.artefacts.map(({ type, id, url }) => (
              <li>
                <a href={`/catalogue/${type}/${encodeURIComponent(id)}`}>
                  <bdi>{url}</bdi>
                </a>
              </li>
            ))}
          </ul>
          {published.artefacts.some(({ type }) => type === 'StructureMap') && <p>{workbench.publishedMapHint}</p>}
          {published.artefacts.some(({ type }) => type === 'PlanDefinition') && <p>{workbench.publishedHint}</p>}
          {published.artefacts
            .filter(({ type }) => type === 'Library')
            .map(({ key, before }) => (
              <div key={key}>
                <p>{workbench.publishedLibraryHint}</p>
                {before && <Leaning on={before} but={published.artefacts.map(({ url }) => url)} />}
              </div>
            ))}
          <a class="button quiet" href="/">
            {workbench.tryInVerify}
          </a>
        </div>
      </div>
    )
  if (isOld) return null
  if (published.kind === 'refused')
    return (
      <Notice kind="bad" icon="rejected" isAlert head={workbench.publishRefused}>
        <Issues issues={published.outcome.issue.filter(({ severity }) => severity !== 'information')} />
        <p>{workbench.publishRefusedHint}</p>
      </Notice>
    )
  if (published.kind === 'moved')
    return (
      <Notice kind="bad" isAlert head={workbench.publishMoved}>
        <p>{workbench.publishMovedHint}</p>
      </Notice>
    )
  if (published.kind === 'unknown')
    return (
      <Notice kind="bad" isAlert head={workbench.publishUnknown}>
        <p>{workbench.publishUnknownHint}</p>
        <button type="button" onClick={again}>
          {workbench.compareAgain}
        </button>
      </Notice>
    )
  return <NotAllowed fault={published.fault} />
}

function NotAllowed({ fault }: { fault: Fault }) {
  const { workbench } = texts()
  return (
    <>
      <FaultNotice fault={fault} />
      {fault.status === 401 && <p>{workbench.tokenUnknown}</p>}
      {fault.status === 403 && <p>{workbench.tokenForbidden}</p>}
    </>
  )
}
