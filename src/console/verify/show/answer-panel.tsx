/** What the desk has to say just now: a verdict, that it is awaited, or why there is none. */

import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { FaultNotice } from '../../parts/fault.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Notice } from '../../parts/notice.tsx'
import type { Desk, DeskState } from '../desk/desk.ts'
import { unreadText } from './unread-text.ts'
import { VerdictCard } from './verdict-card.tsx'

/** One of them, never two. */
export function AnswerPanel({ desk }: { desk: Desk }) {
  const { verify } = texts()
  const state = desk.state.value
  return (
    <div class="answer" aria-busy={state.is === 'asking'}>
      {state.is === 'waiting' && (
        <div class="at-rest">
          <Icon name="scan" size={72} />
          <p>{verify.atRest}</p>
        </div>
      )}
      {state.is === 'asking' && (
        <div class="asking" role="status">
          <div class="skeleton" />
          <p>{state.isSlow ? verify.askingSlow : verify.asking}</p>
          <button type="button" class="quiet" onClick={() => desk.clear()}>
            {verify.cancel}
          </button>
        </div>
      )}
      {state.is === 'refused' && <Refused text={verify[state.why]} />}
      {state.is === 'failed' && <Failed desk={desk} state={state} />}
      {state.is === 'documentUnread' && <DocumentUnread desk={desk} />}
      {state.is === 'answered' && (
        <>
          <VerdictCard key={state.answer.number} answer={state.answer} desk={desk} />
          <div class="button-row next">
            <button type="button" onClick={() => desk.clear()}>
              <Icon name="scan" /> {verify.another}
            </button>
            {state.answer.canAdd && !desk.isAdding.value && (
              <button
                type="button"
                class="quiet"
                onClick={() => {
                  desk.isAdding.value = true
                }}
              >
                {verify.addCode}
              </button>
            )}
          </div>
        </>
      )}
    </div>
  )
}

function Refused({ text }: { text: string }) {
  const { verify } = texts()
  return (
    <Notice kind="bad" isAlert head={verify.noAnswer}>
      <p>{text}</p>
    </Notice>
  )
}

/** No verdict stands beside a document that was not read: what is to be read again, and the way on without it. */
function DocumentUnread({ desk }: { desk: Desk }) {
  const { verify } = texts()
  const standing = desk.documentStanding()
  return (
    <section>
      <h2>{verify.noAnswer}</h2>
      <Notice kind="open" isAlert head={unreadText(standing) ?? verify.document.changed}>
        <div class="button-row">
          {unreadText(standing) === undefined && (
            <button type="button" onClick={() => desk.again()}>
              {standing.is === 'none' ? verify.document.without : verify.document.compare}
            </button>
          )}
          {standing.is !== 'none' && (
            <button type="button" class="quiet" onClick={() => desk.withoutDocument()}>
              {verify.document.without}
            </button>
          )}
        </div>
      </Notice>
    </section>
  )
}

function Failed({ desk, state }: { desk: Desk; state: DeskState & { is: 'failed' } }) {
  const { verify } = texts()
  const { fault, askAgainAt } = state
  return (
    <section>
      <h2>{verify.noAnswer}</h2>
      {fault.status === 413 && <Refused text={verify.pictureTooLargeForServer} />}
      <FaultNotice fault={fault} again={() => desk.again()} />
      {fault.status === 400 && desk.documentStanding().is !== 'none' && (
        <p>
          <button type="button" class="quiet" onClick={() => desk.withoutDocument()}>
            {verify.document.without}
          </button>
        </p>
      )}
      {askAgainAt !== undefined && (
        <p role="status">
          {fill(verify.askAgainIn, { seconds: Math.max(0, Math.ceil((askAgainAt - desk.now.value) / 1000)) })}
        </p>
      )}
    </section>
  )
}
