/** A page of keys, those first whose period ends first. */
import { changeQuery, place } from '../app/router.ts'
import { language } from '../app/session.ts'
import { fill, shownDate } from '../languages/fill.ts'
import { texts } from '../languages/languages.ts'
import { Word } from '../parts/word.tsx'
import type { ListedKey, TrustState } from './read-trust.ts'

/** The keys that the address asks for. */
export function KeyTable({ state, pageSize }: { state: TrustState; pageSize: number }) {
  const { trust } = texts()
  const { query } = place.value
  const offset = Math.max(0, Number(query.get('offset') ?? '0') || 0)
  const to = Math.min(offset + pageSize, state.total)
  const go = (next: number) => changeQuery({ offset: next > 0 ? String(next) : undefined }, { replace: true })
  return (
    <section>
      <h2>{query.has('ending') ? trust.endSoon : trust.keys}</h2>
      {(query.has('ending') || query.has('participant')) && (
        <p>
          {query.get('participant')} <a href="/trust">{trust.allKeys}</a>
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1) */}
      <div class="scroll-x" tabIndex={0}>
        <table class="stacking">
          <KeyHeads />
          <tbody>
            {state.keys.map((key) => (
              <KeyRow key={key.thumbprint} shown={key} />
            ))}
          </tbody>
        </table>
      </div>
      <p class="trust-pages">
        {fill(trust.shown, { from: state.total === 0 ? 0 : offset + 1, to, total: state.total })}
        <button type="button" class="quiet small" disabled={offset === 0} onClick={() => go(offset - pageSize)}>
          {trust.previous}
        </button>
        <button type="button" class="quiet small" disabled={to >= state.total} onClick={() => go(offset + pageSize)}>
          {trust.next}
        </button>
      </p>
    </section>
  )
}

/** Heads of the columns of keys. */
export function KeyHeads() {
  const { trust } = texts()
  return (
    <thead>
      <tr>
        <th scope="col">{trust.keyId}</th>
        <th scope="col">{trust.participant}</th>
        <th scope="col">{trust.usage}</th>
        <th scope="col">{trust.period}</th>
        <th scope="col">{trust.onList}</th>
      </tr>
    </thead>
  )
}

/** One key; shown as well where a key id is asked about. */
export function KeyRow({ shown }: { shown: ListedKey }) {
  const { trust } = texts()
  const { keyId, participant, issuer, domain, usage, validTo, expired, lists, leftOut, status } = shown
  const end = validTo ? fill(trust.until, { date: shownDate(validTo.slice(0, 10), language.value) }) : trust.endless
  return (
    <tr>
      <td data-head={trust.keyId}>
        <a href={`/trust?keyId=${encodeURIComponent(keyId)}`}>
          <code>{keyId}</code>
        </a>
      </td>
      <td data-head={trust.participant}>
        <bdi>{participant || issuer}</bdi>
      </td>
      <td data-head={trust.usage}>{[domain, usage].filter(Boolean).join(' ')}</td>
      <td data-head={trust.period}>
        {end}
        {expired && <span class="tag look-bad">{trust.expired}</span>}
        {status !== 'current' && (
          <span class="tag look-bad">
            <Word table={trust.keyStates} code={status} />
          </span>
        )}
      </td>
      <td data-head={trust.onList}>
        <bdi>{lists.join(', ')}</bdi>
        {leftOut && (
          <p class="error">
            {trust.doesNotCount}{' '}
            <span lang="en" dir="auto">
              {leftOut}
            </span>
          </p>
        )}
      </td>
    </tr>
  )
}
