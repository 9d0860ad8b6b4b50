/** Whose keys count: lists with age and state, participants, keys and their periods, and why one key is trusted or not. */
import { ask } from '../api/client.ts'
import { useReply } from '../api/use-reply.ts'
import { changeQuery, place } from '../app/router.ts'
import { language } from '../app/session.ts'
import { fromNow } from '../languages/ago.ts'
import { counted, fill, shownDate } from '../languages/fill.ts'
import { texts } from '../languages/languages.ts'
import { Await } from '../parts/await.tsx'
import { Icon, type IconName } from '../parts/icon.tsx'
import { wordFor } from '../parts/word.tsx'
import { Gateways } from './gateways.tsx'
import { KeyQuestion } from './key-question.tsx'
import { KeyTable } from './key-table.tsx'
import { type ListState, readTrust, type TrustList, type TrustState } from './read-trust.ts'
import { References } from './references.tsx'

const pageSize = 25

/** The view; which keys are shown stands in its address. */
export function View() {
  const { trust } = texts()
  const { query } = place.value
  const asked = questionOf(query)
  const reply = useReply(asked, async (signal) => {
    const answer = await ask(`/$trust-status?${asked}`, { signal })
    return answer.fault ? answer : { ...answer, value: readTrust(answer.value) }
  })
  return (
    <>
      <h1>{trust.title}</h1>
      <p>{trust.intro}</p>
      <Await asked={reply} lines={20} keep>
        {(state) => (
          <>
            <Lists state={state} />
            <KeyQuestion />
            <Participants state={state} />
            <KeyTable state={state} pageSize={pageSize} />
            <References state={state} />
          </>
        )}
      </Await>
      <Gateways />
    </>
  )
}

/** Only what the operation knows is handed on. */
function questionOf(query: URLSearchParams): string {
  const asked = new URLSearchParams({ count: String(pageSize) })
  const participant = query.get('participant')
  const offset = Number(query.get('offset') ?? '0')
  if (participant && /^[a-z]{2,3}$/i.test(participant)) asked.set('participant', participant)
  if (query.has('ending')) asked.set('endsWithin', '30')
  if (Number.isSafeInteger(offset) && offset > 0) asked.set('offset', String(offset))
  return asked.toString()
}

const looks: Record<ListState, { icon: IconName; look: string }> = {
  ok: { icon: 'accepted', look: 'good' },
  stale: { icon: 'undetermined', look: 'open' },
  failed: { icon: 'rejected', look: 'bad' },
  absent: { icon: 'rejected', look: 'bad' },
  unknown: { icon: 'undetermined', look: 'open' },
}

function Lists({ state }: { state: TrustState }) {
  const { trust } = texts()
  return (
    <section>
      <h2>{trust.lists}</h2>
      {state.lists.length === 0 && <p class="notice notice-bad">{trust.noLists}</p>}
      <ul class="trust-lists">
        {state.lists.map((list) => (
          <ListCard key={list.name} list={list} at={state.at} />
        ))}
      </ul>
      <p>
        {state.ending === 0 ? (
          trust.endingNone
        ) : (
          <>
            {counted(trust.ending, state.ending, language.value)} <a href="/trust?ending=1">{trust.showEnding}</a>
          </>
        )}
      </p>
    </section>
  )
}

function ListCard({ list, at }: { list: TrustList; at: string }) {
  const { trust } = texts()
  const { icon, look } = looks[list.state]
  const now = new Date(at)
  const facts = [
    wordFor(trust.kinds, list.kind) ?? list.kind,
    list.keys > 0 || list.withdraws + list.revokes === 0 ? counted(trust.keyCount, list.keys, language.value) : '',
    list.withdraws > 0 ? `${trust.withdraws}: ${list.withdraws}` : '',
    list.revokes > 0 ? `${trust.revokes}: ${new Intl.NumberFormat(language.value).format(list.revokes)}` : '',
    list.expired > 0 ? `${trust.expired}: ${list.expired}` : '',
    list.leftOut > 0 ? counted(trust.leftOut, list.leftOut, language.value) : '',
    list.confirmed ? fill(trust.confirmed, { when: fromNow(list.confirmed, now, language.value) }) : '',
    list.created ? fill(trust.created, { date: shownDate(list.created.slice(0, 10), language.value) }) : '',
  ]
  return (
    <li class={`card trust-list look-${look}`}>
      <p class="trust-state">
        <Icon name={icon} />
        <strong>{trust[list.state]}</strong>
      </p>
      <h3 dir="auto">{list.name}</h3>
      <p class="hint">{facts.filter(Boolean).join(' · ')}</p>
      {list.waiting > 0 && <p>{trust.waiting}</p>}
      {(list.location || list.failure || list.warnings.length > 0) && (
        <details>
          <summary>{trust.details}</summary>
          {list.location && (
            <p>
              {trust.location}: <code>{list.location}</code>
            </p>
          )}
          {list.failure && (
            <p lang="en" dir="auto">
              {list.failure}
            </p>
          )}
          <ul>
            {list.warnings.map((each) => (
              <li lang="en" dir="auto">
                {each}
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  )
}

function Participants({ state }: { state: TrustState }) {
  const { trust } = texts()
  if (state.participants.length === 0) return null
  const chosen = place.value.query.get('participant')
  return (
    <section>
      <h2>{trust.participants}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1) */}
      <div class="scroll-x trust-participants" tabIndex={0}>
        <table class="stacking">
          <thead>
            <tr>
              <th scope="col">{trust.participant}</th>
              <th scope="col">{trust.keys}</th>
              <th scope="col">{trust.expired}</th>
              <th scope="col">{trust.domains}</th>
              <th scope="col">{trust.usages}</th>
            </tr>
          </thead>
          <tbody>
            {state.participants.map(({ code, keys, expired, domains, usages }) => (
              <tr key={code}>
                <th scope="row">
                  <button
                    type="button"
                    class="quiet small"
                    aria-pressed={chosen === code}
                    onClick={() =>
                      changeQuery(
                        { participant: chosen === code ? undefined : code, offset: undefined },
                        { replace: true },
                      )
                    }
                  >
                    {code}
                  </button>
                </th>
                <td data-head={trust.keys}>{keys}</td>
                <td data-head={trust.expired}>{expired}</td>
                <td data-head={trust.domains}>{domains.join(', ')}</td>
                <td data-head={trust.usages}>{usages.join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
