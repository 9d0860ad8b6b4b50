/** What goes on with the version before the one that was published: rules and rule sets name exact versions of a library. */
import type { Bundle } from 'fhir/r4.js'
import { ask, type Reply } from '../../api/client.ts'
import { useReply } from '../../api/use-reply.ts'
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Await } from '../../parts/await.tsx'
import { entriesOf } from '../document/resource.ts'

/** So many of each type are listed. */
const most = 20

interface Found {
  artefacts: { type: 'Library' | 'PlanDefinition'; id: string; url: string; name: string }[]
  hasMore: boolean
}

/** What declares that it depends on a version of a library; an `include` of a text that nobody declared is not found so. @param canonical with its version */
async function askLeaning(canonical: string, signal: AbortSignal): Promise<Reply<Found>> {
  const query = new URLSearchParams({
    'depends-on': canonical,
    'status:not': 'retired',
    _elements: 'id,url,version,title,name',
    _count: String(most),
  })
  const found: Found = { artefacts: [], hasMore: false }
  let headers = new Headers()
  for (const type of ['PlanDefinition', 'Library'] as const) {
    const reply = await ask<Bundle>(`/${type}?${query}`, { signal })
    if (reply.fault) return reply
    headers = reply.headers
    found.hasMore ||= (reply.value.link ?? []).some(({ relation }) => relation === 'next')
    for (const { id, url = '', version } of entriesOf(reply.value, type))
      if (id) found.artefacts.push({ type, id, url, name: `${url || id}${version ? `|${version}` : ''}` })
  }
  return { value: found, headers }
}

const addressOf = (canonical: string) => canonical.slice(0, canonical.lastIndexOf('|'))

interface LeaningProps {
  /** Canonical of the version before. */
  on: string
  /** Canonicals that were published with it: their versions before have had their time. */
  but: readonly string[]
}

/** The list. */
export function Leaning({ on, but }: LeaningProps) {
  const { workbench } = texts()
  const asked = useReply(on, (signal) => askLeaning(on, signal))
  const gone = new Set(but.map(addressOf))
  const version = on.slice(on.lastIndexOf('|') + 1)
  return (
    <Await asked={asked} lines={2}>
      {({ artefacts: all, hasMore }) => {
        const artefacts = all.filter(({ url }) => !gone.has(url))
        return (
          <>
            {artefacts.length > 0 && <p>{fill(workbench.leaning, { version })}</p>}
            {artefacts.length > 0 && (
              <ul>
                {artefacts.map(({ type, id, name }) => (
                  <li key={`${type}/${id}`}>
                    <a href={`/catalogue/${type}/${encodeURIComponent(id)}`}>
                      <bdi>{name}</bdi>
                    </a>
                  </li>
                ))}
              </ul>
            )}
            {hasMore && <p>{workbench.leaningMore}</p>}
            <p class="hint">{fill(workbench.leaningHint, { version })}</p>
          </>
        )
      }}
    </Await>
  )
}
