/** What is said in place of something, or beside it. */

import { useState } from 'preact/hooks'
import { language } from '../../app/session.ts'
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Notice } from '../../parts/notice.tsx'

/** An answer of another kind than was asked for: nothing of it is shown. */
export function WrongAnswer() {
  return (
    <Notice kind="bad" head={texts().shell.broken}>
      <p>{texts().catalogue.page.wrongType}</p>
    </Notice>
  )
}

/** Places that were not understood. */
export function OddNotice({ odd }: { odd: ReadonlySet<string> }) {
  if (odd.size === 0) return null
  return (
    <Notice kind="open">
      <p>{texts().catalogue.page.odd}</p>
      <ul>
        {[...odd].map((each) => (
          <li key={each}>
            <code>{each}</code>
          </li>
        ))}
      </ul>
    </Notice>
  )
}

const shortest = 1_500

/** A text of any length: a long one is cut until somebody wants it; a very long one stands in the source alone. */
export function LongText({ text }: { text: string }) {
  const [isWhole, setWhole] = useState(false)
  if (text.length <= shortest)
    return (
      <span class="prose" dir="auto">
        {text}
      </span>
    )
  const { page } = texts().catalogue
  const shown = isWhole ? text.slice(0, 50_000) : text.slice(0, shortest)
  const rest = new Intl.NumberFormat(language.value).format(text.length - shown.length)
  return (
    <>
      <span class="prose" dir="auto">
        {shown}
      </span>
      {shown.length < text.length && <span> … ({fill(page.cut, { n: rest })})</span>}{' '}
      {!isWhole && (
        <button type="button" class="quiet" onClick={() => setWhole(true)}>
          {page.showAll}
        </button>
      )}
    </>
  )
}
