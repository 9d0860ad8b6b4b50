/** What shows that a verdict is of this moment, and no picture of one. */
import { useEffect, useState } from 'preact/hooks'
import { ask } from '../../api/client.ts'
import { isMembers } from '../../api/parameters.ts'
import { useReply } from '../../api/use-reply.ts'
import { texts } from '../../languages/languages.ts'
import { countryName } from '../input/countries.ts'
import type { AskingSettings } from '../input/question.ts'
import { locale } from '../input/reader.ts'

/** The running time, the jurisdiction and whatever else was set, and something that moves. */
export function LiveStrip({ settings: { jurisdiction, uses, trustDomains } }: { settings: AskingSettings }) {
  const { verify } = texts()
  const now = useNow()
  const time = new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'medium' }).format(now)
  return (
    <div class="live">
      <div class="live-mark" aria-hidden="true" />
      <span>
        <span class="live-label">{verify.now}</span> <time class="live-time">{time}</time>
      </span>
      <span>
        <span class="live-label">{verify.jurisdiction}</span>{' '}
        {jurisdiction ? <bdi>{countryName(jurisdiction, locale())}</bdi> : <OfServer />}
      </span>
      {uses.length > 0 && (
        <span>
          <span class="live-label">{verify.settings.uses}</span>{' '}
          {uses.map((use) => verify.settings.use[use]).join(', ')}
        </span>
      )}
      {trustDomains.length > 0 && (
        <span>
          <span class="live-label">{verify.settings.domains}</span> <bdi>{trustDomains.join(', ')}</bdi>
        </span>
      )}
      <span class="live-note">{verify.onlyHere}</span>
    </div>
  )
}

/** The server's own, asked for with each verdict: what it said before may have been set anew. */
function OfServer() {
  const { verify } = texts()
  const { value } = useReply('own jurisdiction', (signal) =>
    ask<unknown>('//health', { accept: 'application/json', signal }),
  )
  const code = isMembers(value) ? value.jurisdiction : undefined
  return (
    <>
      {typeof code === 'string' && code !== '' && <bdi>{countryName(code, locale())} · </bdi>}
      {verify.jurisdictionOfServer}
    </>
  )
}

function useNow(): Date {
  const [now, setNow] = useState(() => new Date())
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 1_000)
    return () => clearInterval(timer)
  }, [])
  return now
}
