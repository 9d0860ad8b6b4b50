/** The store as it stood at a moment, for who reads artefacts: it never changes, whatever is written meanwhile. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { artefactCanonical } from '../fhir/artefact.ts'
import type { Resource } from '../fhir/types.ts'
import { byVersionAndStatus } from './canonical-order.ts'
import type { SearchCondition, Storage, StoredVersion } from './storage.ts'

/** A small store beside the one that is read, for versions that are not current any more. */
export interface Scratch extends Pick<Storage, 'search' | 'findCanonical' | 'close'> {
  /** Keeps a version under its own number and time; a deletion is nothing to keep. Each resource comes once. */
  keep(version: StoredVersion, revision: number): void
}

/** What a view of the past is made of. */
export interface AsOfParts {
  /** FHIR instant, by its milliseconds. */
  at: string
  /** Types that may be asked for: a question about another is a fault of the program. */
  types: readonly string[]
  openScratch(): Scratch
  /** @throws FhirError for content that may be shown no more, which the past must not bring back */
  refuseRemoved(resource: Resource): Promise<void>
}

/** The past of a store. */
export interface AsOfView {
  storage: Storage
  /** Equal for moments between which nothing of the types was written; 0 before anything was. */
  revision: number
  close(): Promise<void>
}

/** Versions that are read between two turns of others. */
const perTurn = 20
/** Matches of a page of the store that is asked. */
const pageSize = 50

/**
 * The store as it stood at the end of a millisecond. What was not written since is read where it is; what was, in the version of then,
 * which is brought into a small store beside it, so that searches find it as they did. The store is asked first and what was written
 * since afterwards: nothing that is written in between can be missed.
 */
export async function asOfView(live: Storage, parts: AsOfParts): Promise<AsOfView> {
  const { at, types } = parts
  const revision = await live.past.revisionAt(at, types)
  const scratch = parts.openScratch()
  const changes = new Map<string, Changes>()
  const changesOf = (type: string): Changes => {
    if (!types.includes(type)) throw new Error(`${type} is not looked at as of a moment`)
    const known = changes.get(type) ?? { versions: new Map(), until: revision }
    changes.set(type, known)
    return known
  }
  /** Brings what was written of a type since, in its version of then, beside the store. */
  const changed = async (type: string): Promise<Changes['versions']> => {
    const known = changesOf(type)
    // One after another: each version is kept once.
    known.reading = (known.reading ?? Promise.resolve())
      .catch(noMatter)
      .then(() => readChanges(type, known, { live, scratch }))
    await known.reading
    return known.versions
  }
  const read: Storage['read'] = async (type, id) => {
    const current = await live.read(type, id)
    const versions = await changed(type)
    const before = versions.get(id)
    const version = !versions.has(id)
      ? current
      : before === undefined
        ? undefined
        : await live.readVersion(type, id, before)
    if (version?.resource) await parts.refuseRemoved(version.resource)
    return version
  }
  const past: Reading = { live, scratch, changed }
  const storage: Storage = {
    ...live,
    read,
    async readVersion(type, id, versionId) {
      const version = await live.readVersion(type, id, versionId)
      if (!version || version.lastUpdated > at) return undefined
      if (version.resource) await parts.refuseRemoved(version.resource)
      return version
    },
    async search(query) {
      refuseUnanswerable(query)
      const found = await searchThen(query, past)
      for (const { resource } of found) if (resource) await parts.refuseRemoved(resource)
      return { matches: found }
    },
    async findCanonical(type, url) {
      const found = await findThen(type, url, past)
      for (const each of found) await parts.refuseRemoved(each)
      return found
    },
    published: (type, canonical) => publishedThen(type, canonical, { live, at }),
    publications: notOfThen,
    history: notOfThen,
    count: notOfThen,
    revision: () => revision,
    write: () => Promise.reject(new Error('Nothing is written to the past.')),
  }
  return { storage, revision, close: scratch.close }
}

/** Whoever waited for it was told; the next one reads again. */
const noMatter = () => undefined

const notOfThen = () => Promise.reject(new Error('This is not known as of a moment.'))

/** What was written of a type since, by id; undefined for what was not there then. */
interface Changes {
  versions: Map<string, string | undefined>
  until: number
  reading?: Promise<void>
}

interface Reading {
  live: Storage
  scratch: Scratch
  changed(type: string): Promise<Changes['versions']>
}

async function readChanges(
  type: string,
  known: Changes,
  { live, scratch }: Pick<Reading, 'live' | 'scratch'>,
): Promise<void> {
  const { written, until } = await live.past.writtenAfter(type, known.until)
  let count = 0
  for (const { id, versionId } of written) {
    // Written again since it was read.
    if (known.versions.has(id)) continue
    if (versionId !== undefined) {
      const version = await live.readVersion(type, id, versionId)
      const number = await live.past.revisionOf(type, id, versionId)
      if (!version || number === undefined) throw new Error(`${type}/${id} has lost its version ${versionId}`)
      scratch.keep(version, number)
      if (++count % perTurn === 0) await nextTurn()
    }
    known.versions.set(id, versionId)
  }
  known.until = until
}

/** Whoever decides verdicts lists and finds; pages, sorting and joins are not needed, and would be answered in two halves. */
function refuseUnanswerable({ sort, cursor, count, total, conditions }: Parameters<Storage['search']>[0]): void {
  const isPlain = (condition: SearchCondition) => 'parameter' in condition
  if (sort.length > 0 || cursor !== undefined || count === 0 || total !== 'none' || !conditions.every(isPlain))
    throw new Error('Such a search is not answered as of a moment.')
}

/** All matches of then on one page, the newest first. */
async function searchThen(query: Parameters<Storage['search']>[0], past: Reading): Promise<StoredVersion[]> {
  const { live, scratch, changed } = past
  const current = await allMatches(live, query)
  const versions = await changed(query.type)
  const unchanged = current.filter(({ id }) => !versions.has(id))
  const then = await allMatches(scratch, query)
  return newestFirst([...unchanged, ...then], (each) => each, live)
}

async function allMatches(
  store: Pick<Storage, 'search'>,
  query: Parameters<Storage['search']>[0],
): Promise<StoredVersion[]> {
  const found: StoredVersion[] = []
  let cursor: string | undefined
  do {
    const page = await store.search({ ...query, count: pageSize, ...(cursor ? { cursor } : {}) })
    found.push(...page.matches)
    cursor = page.next
    if (cursor) await nextTurn()
  } while (cursor)
  return found
}

/** In the order of {@link Storage.findCanonical}. */
async function findThen(type: string, url: string, { live, scratch, changed }: Reading): Promise<Resource[]> {
  const current = await live.findCanonical(type, url)
  const versions = await changed(type)
  const then = await scratch.findCanonical(type, url)
  const unchanged = current.filter(({ id = '' }) => !versions.has(id))
  if (then.length === 0) return unchanged
  const name = (resource: Resource) => ({
    type,
    id: resource.id ?? '',
    versionId: resource.meta?.versionId ?? '',
  })
  const ordered = await newestFirst([...unchanged, ...then], name, live)
  const ranked = ordered.map((resource) => ({ resource, business: artefactCanonical(resource)?.version ?? '' }))
  return ranked.sort(byVersionAndStatus).map(({ resource }) => resource)
}

/** By the order in which versions were written; those of one transaction have one time. */
async function newestFirst<T>(
  items: T[],
  name: (item: T) => Pick<StoredVersion, 'type' | 'id' | 'versionId'>,
  { past }: Pick<Storage, 'past'>,
): Promise<T[]> {
  const numbered: { item: T; number: number }[] = []
  for (const item of items) {
    const { type, id, versionId } = name(item)
    numbered.push({ item, number: (await past.revisionOf(type, id, versionId)) ?? 0 })
  }
  return numbered.sort((a, b) => b.number - a.number).map(({ item }) => item)
}

/** The newest version that was active under the name and was written by then; whether it was retired is not told, which only writes ask. */
async function publishedThen(
  type: string,
  canonical: { url: string; version: string },
  { live, at }: { live: Storage; at: string },
): ReturnType<Storage['published']> {
  const known = await live.published(type, canonical)
  if (!known) return undefined
  const { isRetired: _, ...newest } = known
  if (newest.lastUpdated <= at) return newest
  let found: StoredVersion | undefined
  for (const each of await live.publications()) {
    if (each.type !== type || each.url !== canonical.url || each.version !== canonical.version) continue
    const version = await live.readVersion(type, each.id, each.versionId)
    // In the order in which they were stored.
    if (version && version.lastUpdated <= at) found = version
  }
  return found
}
