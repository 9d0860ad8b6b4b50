/** What an artefact names, and what names it, as far as the server can tell. */
import { useState } from 'preact/hooks'
import { ask } from '../../api/client.ts'
import { useReply } from '../../api/use-reply.ts'
import { texts } from '../../languages/languages.ts'
import { Await } from '../../parts/await.tsx'
import { Rows } from '../list/rows.tsx'
import { relatedOf } from '../readers/library.ts'
import { Reading } from '../readers/reading.ts'
import { canonicalsIn } from '../readers/references.ts'
import { pathOf, type Which } from './addresses.ts'
import { searchAll } from './batch.ts'
import { Canonical } from './links.tsx'
import { WrongAnswer } from './notices.tsx'
import type { PartProps } from './part-props.ts'

/** Searches that find what names an artefact of a type: type and search parameter. */
const namedBy: Record<string, [type: string, parameter: string][]> = {
  ValueSet: [
    ['ValueSet', 'valueset'],
    ['CodeSystem', 'valueset'],
    ['ConceptMap', 'source'],
    ['ConceptMap', 'target'],
    ['Library', 'depends-on'],
    ['StructureDefinition', 'valueset'],
  ],
  CodeSystem: [
    ['ValueSet', 'reference'],
    ['ConceptMap', 'source-system'],
    ['ConceptMap', 'target-system'],
    ['CodeSystem', 'supplements'],
    ['Library', 'depends-on'],
  ],
  ConceptMap: [
    ['ConceptMap', 'other'],
    ['Library', 'depends-on'],
  ],
  Library: [
    ['PlanDefinition', 'depends-on'],
    ['Library', 'depends-on'],
    ['Library', 'composed-of'],
  ],
  PlanDefinition: [
    ['PlanDefinition', 'definition'],
    ['PlanDefinition', 'composed-of'],
    ['Library', 'depends-on'],
  ],
  StructureMap: [['Library', 'depends-on']],
  StructureDefinition: [['Library', 'depends-on']],
}

/** The part. */
export function LinksPart({ which, resource }: PartProps) {
  const { links, tabs } = texts().catalogue
  const named = canonicalsIn(resource.value)
  const url = resource.text('url')
  return (
    <section aria-label={tabs.links}>
      <h2>{links.names}</h2>
      {named.length === 0 ? (
        <p>{links.namesNone}</p>
      ) : (
        <ul class="plain-list">
          {named.map((each) => (
            <li key={each}>
              <Canonical canonical={each} />
            </li>
          ))}
        </ul>
      )}
      <h2>{links.needs}</h2>
      <Needs which={which} />
      {url && (
        <>
          <h2>{links.namedBy}</h2>
          <NamedBy type={which.type} url={url} />
        </>
      )}
    </section>
  )
}

const mostOfOne = 20

function NamedBy({ type, url }: { type: string; url: string }) {
  const searches = (namedBy[type] ?? []).map(([other, parameter]) => {
    const value = url.replace(/[\\,|$]/g, (sign) => `\\${sign}`)
    return `${other}?${new URLSearchParams({ [parameter]: value, _summary: 'true', _count: String(mostOfOne) })}`
  })
  const asked = useReply(searches.join(' '), (signal) => searchAll(searches, signal))
  const { links } = texts().catalogue
  return (
    <Await asked={asked}>
      {(pages) => {
        const found = new Map(
          pages
            .flatMap((each) => each?.resources ?? [])
            .map((each) => [`${each.text('resourceType')}/${each.text('id')}`, each] as const),
        )
        if (found.size === 0) return <p>{links.namedByNone}</p>
        return (
          <>
            <Rows rows={[...found.values()]} />
            {pages.some((each) => each?.links.next) && <p>… {links.more}</p>}
          </>
        )
      }}
    </Await>
  )
}

/** Asked for only when wanted: it follows everything to its end. */
function Needs({ which }: { which: Which }) {
  const { links } = texts().catalogue
  const [isAsked, setAsked] = useState(false)
  const path = `${pathOf({ type: which.type, id: which.id })}/$data-requirements`
  const asked = useReply(isAsked ? path : undefined, (signal) => ask(path, { signal }))
  if (!isAsked)
    return (
      <p>
        <button type="button" class="quiet" onClick={() => setAsked(true)}>
          {links.ask}
        </button>
      </p>
    )
  return (
    <Await asked={asked}>
      {(value) => {
        const library = new Reading(value)
        if (library.text('resourceType') !== 'Library') return <WrongAnswer />
        const needed = relatedOf(library).filter((each) => each.kind === 'depends-on')
        if (needed.length === 0) return <p>{links.needsNone}</p>
        return (
          <ul class="plain-list">
            {needed.slice(0, 500).map((each) => (
              <li key={each.resource}>
                <Canonical canonical={each.resource} />
              </li>
            ))}
          </ul>
        )
      }}
    </Await>
  )
}
