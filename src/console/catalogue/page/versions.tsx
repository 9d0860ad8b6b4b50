/** Versions: what was stored at this place, and what else has the same address. */
import { useState } from 'preact/hooks'
import { ask } from '../../api/client.ts'
import { useReply } from '../../api/use-reply.ts'
import { go } from '../../app/router.ts'
import { language } from '../../app/session.ts'
import { shownDate } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Await } from '../../parts/await.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Rows } from '../list/rows.tsx'
import { type BundlePage, bundleOf, headOf } from '../readers/artefact.ts'
import { inUse } from '../readers/in-use.ts'
import { Reading } from '../readers/reading.ts'
import { pageOf, versionText, type Which } from './addresses.ts'
import { WrongAnswer } from './notices.tsx'
import type { PartProps } from './part-props.ts'
import { Status } from './status.tsx'

/** The part. */
export function Versions({ which, resource }: PartProps) {
  const { versions, tabs } = texts().catalogue
  const url = resource.text('url')
  return (
    <section aria-label={tabs.versions}>
      <h2>{versions.history}</h2>
      <History which={which} shownVersion={resource.child('meta').text('versionId')} />
      {url && (
        <>
          <h2>{versions.others}</h2>
          <Others url={url} which={which} />
        </>
      )}
    </section>
  )
}

/** A version that was stored, as a history tells it. */
export interface StoredVersion {
  versionId: string
  lastModified: string
  isDeleted: boolean
  head: ReturnType<typeof headOf> | undefined
}

/** Reads a page of a history; undefined for what is none. */
export function historyOf(value: unknown): { versions: StoredVersion[]; links: BundlePage['links'] } | undefined {
  const page = bundleOf(value)
  if (!page) return undefined
  const versions = new Reading(value).children('entry').map((entry) => {
    const resource = entry.child('resource')
    const response = entry.child('response')
    const etag = /^(?:W\/)?"([^"]*)"$/.exec(response.text('etag'))?.[1]
    return {
      versionId: resource.child('meta').text('versionId') || etag || '',
      lastModified: resource.child('meta').text('lastUpdated') || response.text('lastModified'),
      isDeleted: entry.child('request').text('method') === 'DELETE',
      head: entry.has('resource') ? headOf(resource, language.value) : undefined,
    }
  })
  return { versions, links: page.links }
}

/** Where the next page of a history is, below the base: its path is ours, its query the server's. */
function nextHistory(links: BundlePage['links'], path: string): string | undefined {
  const query = /\?([^#]*)$/.exec(links.next ?? '')?.[1]
  return query ? `${path}?${query}` : undefined
}

function History({ which, shownVersion }: { which: Which; shownVersion: string }) {
  const path = `/${which.type}/${which.id}/_history`
  const [address, setAddress] = useState(`${path}?_summary=true&_count=50`)
  const asked = useReply(address, (signal) => ask(address, { signal }))
  return (
    <Await asked={asked} keep>
      {(value) => {
        const history = historyOf(value)
        if (!history) return <WrongAnswer />
        const next = nextHistory(history.links, path)
        return (
          <>
            <HistoryTable which={which} versions={history.versions} shownVersion={shownVersion} />
            {next && (
              <button type="button" class="quiet" onClick={() => setAddress(next)}>
                {texts().catalogue.versions.older}
              </button>
            )}
          </>
        )
      }}
    </Await>
  )
}

interface HistoryTableProps {
  which: Which
  versions: StoredVersion[]
  shownVersion: string
}

function HistoryTable({ which: { type, id }, versions: stored, shownVersion }: HistoryTableProps) {
  const { versions, page } = texts().catalogue
  const [previous] = stored.filter((each) => !each.isDeleted && each.versionId !== stored[0]?.versionId)
  return (
    <>
      <div class="scroll-x">
        <table class="history stacking">
          <thead>
            <tr>
              <th scope="col">#</th>
              <th scope="col">{versions.version}</th>
              <th scope="col">{versions.status}</th>
              <th scope="col">{versions.stored}</th>
            </tr>
          </thead>
          <tbody>
            {stored.map(({ versionId, lastModified, isDeleted, head }) => (
              <tr key={versionId}>
                <th scope="row">
                  {isDeleted ? <bdi>{versionId}</bdi> : <a href={pageOf({ type, id, versionId })}>{versionId}</a>}{' '}
                  {versionId === shownVersion && <span class="tag">{versions.current}</span>}
                </th>
                <td data-head={versions.version}>
                  <bdi>{head?.version || page.notNamed}</bdi>
                </td>
                <td data-head={versions.status}>
                  {isDeleted ? versions.deleted : <Status status={head?.status ?? ''} />}
                </td>
                <td data-head={versions.stored}>{shownDate(lastModified, language.value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {previous && stored[0] && (
        <p>
          <button
            type="button"
            class="quiet"
            onClick={() =>
              go(
                pageOf(
                  { type, id },
                  {
                    tab: 'differences',
                    from: versionText({ type, id, versionId: previous.versionId }),
                    to: versionText({ type, id, versionId: stored[0]?.versionId }),
                  },
                ),
              )
            }
          >
            {versions.compare}
          </button>
        </p>
      )}
    </>
  )
}

function Others({ url, which }: { url: string; which: Which }) {
  const path = othersPath(which.type, url)
  const asked = useReply(path, (signal) => ask(path, { signal }))
  return (
    <Await asked={asked} lines={3}>
      {(value) => {
        const bundle = bundleOf(value)
        if (!bundle) return <WrongAnswer />
        const rows = bundle.resources.filter((each) => each.text('id') !== which.id)
        const used = inUse(bundle.resources, bundle.total === bundle.resources.length)
        return (
          <>
            {used && <InUse used={used} which={which} />}
            {rows.length === 0 ? <p>{texts().catalogue.versions.noOthers}</p> : <Rows rows={rows} />}
          </>
        )
      }}
    </Await>
  )
}

/** The version that counts for who names none: for a rule, that which decides. */
function InUse({ used, which: { type, id } }: { used: Reading; which: Which }) {
  const { versions, page } = texts().catalogue
  const usedId = used.text('id')
  const version = used.text('version') || page.notNamed
  return (
    <p class="in-use">
      <Icon name="accepted" size={18} />{' '}
      <strong>{type === 'PlanDefinition' || type === 'Library' ? versions.decides : versions.inUse}</strong>{' '}
      {usedId === id ? (
        <>
          <bdi>{version}</bdi> ({versions.thisOne})
        </>
      ) : (
        <a href={pageOf({ type, id: usedId })}>
          <bdi>{version}</bdi>
        </a>
      )}
    </p>
  )
}

/** The search for everything of a type that has a url. */
export function othersPath(type: string, url: string): string {
  const query = new URLSearchParams({
    url: url.replace(/[\\,|$]/g, (sign) => `\\${sign}`),
    _summary: 'true',
    _sort: '-date',
    _count: '50',
  })
  return `/${type}?${query}`
}
