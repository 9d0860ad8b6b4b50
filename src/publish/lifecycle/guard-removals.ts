/** Nothing goes that others lean on: the store in which a deletion is judged by what is in force, whoever asks for it. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { artefactCanonical, artefactName, isCopy, statusOf } from '../../fhir/artefact.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import { FhirError, issue } from '../../fhir/error.ts'
import { searchableTypes } from '../../fhir/search/parse-search.ts'
import type { Resource } from '../../fhir/types.ts'
import { findByCanonical, listAll } from '../../storage/find-artefacts.ts'
import type { Storage, Write } from '../../storage/storage.ts'
import { judgedAnew } from '../../storage/write.ts'
import { judgedRemoval } from '../identity.ts'
import { hasLifecycle } from './transitions.ts'

/** What a resource cannot be used without: canonicals, and the types that each may lead to (none: any). */
export type ReferencesOf = (resource: Resource) => Promise<{ canonical: string; types: readonly string[] }[]>

/** Types that have a life of publication, and so may lean on each other. */
const types: readonly string[] = searchableTypes.filter(hasLifecycle)

/** An active artefact that refers to another. */
interface Referrer {
  /** `Type/id`. */
  place: string
  name: string
  /** The version that it names, if it names one. */
  version: string | undefined
  /** What it may name; empty for anything. */
  types: readonly string[]
}

/** Tries when others write in between; each looks at what they wrote. */
const mostTries = 5

/**
 * A store in which an active artefact is not deleted, and none that an active one refers to. Only what is read here is judged: who
 * writes to the store below it (base content, the mirror) answers for itself.
 */
export function guardRemovals(storage: Storage, referencesOf: ReferencesOf): Storage {
  const referrers = referrersOf(storage, referencesOf)
  const write: Storage['write'] = (writes) => {
    if (!writes.some(({ method }) => method === 'DELETE')) return storage.write(writes)
    return judgedAnew(storage, { types, mostTries }, async (judgement) => {
      const judged = await judgeRemovals(writes, { storage, referencesOf, referrers: await referrers() })
      const last = judged.length - 1
      return storage.write(
        // Behind what the caller was judged by: when that is old, he alone can judge anew.
        judged.map((each, at) => (at === last ? { ...each, judgedAt: [...(each.judgedAt ?? []), judgement] } : each)),
      )
    })
  }
  return { ...storage, write }
}

/** Who refers to what, by url. */
type Referrers = ReadonlyMap<string, readonly Referrer[]>

/** The same while it is kept up to date. */
interface Known {
  revision: number
  byUrl: Map<string, Referrer[]>
  /** Urls that an artefact refers to, by its place. */
  urlsOf: Map<string, string[]>
  /** FHIR instant up to which all that was written was looked at; undefined before the first look. */
  seenUntil: string | undefined
}

/** Who refers to what, brought up to date when an artefact was written: what was written since is looked at, and nothing else. */
function referrersOf(storage: Storage, referencesOf: ReferencesOf): () => Promise<Referrers> {
  let known: Promise<Known> | undefined
  const bringUpToDate = async (before: Known | undefined): Promise<Known> => {
    const revision = storage.revision(types)
    if (before?.revision === revision) return before
    const next = before ?? { revision, byUrl: new Map(), urlsOf: new Map(), seenUntil: undefined }
    const conditions = next.seenUntil === undefined ? isActive : writtenSince(next.seenUntil)
    // Known before the types are looked at: what is written while they are is looked at the next time.
    const [newest] = (await storage.history({ count: 1 })).matches
    for (const type of types) {
      for (const each of await listAll(storage, type, conditions)) {
        forget(next, placeOf(each))
        if (statusOf(each) === 'active') await noteAt(next, each, referencesOf)
      }
      await nextTurn()
    }
    return { ...next, revision, seenUntil: newest?.lastUpdated ?? next.seenUntil }
  }
  return async () => {
    const next = (known ?? Promise.resolve(undefined)).then(bringUpToDate)
    known = next
    try {
      return (await next).byUrl
    } catch (error) {
      // Half of what was to be noted may be there: the next one begins anew.
      if (known === next) known = undefined
      throw error
    }
  }
}

const isActive = [{ parameter: 'status', values: [{ value: 'active' }] }]
/** The store's times never go back; what was written at the same one is looked at twice. */
const writtenSince = (value: string) => [{ parameter: '_lastUpdated', values: [{ prefix: 'ge' as const, value }] }]

function forget({ byUrl, urlsOf }: Known, place: string): void {
  for (const url of urlsOf.get(place) ?? []) {
    const others = (byUrl.get(url) ?? []).filter((each) => each.place !== place)
    if (others.length > 0) byUrl.set(url, others)
    else byUrl.delete(url)
  }
  urlsOf.delete(place)
}

async function noteAt({ byUrl, urlsOf }: Known, resource: Resource, referencesOf: ReferencesOf): Promise<void> {
  const found = new Map<string, Referrer[]>()
  await note(found, resource, referencesOf)
  if (found.size > 0) urlsOf.set(placeOf(resource), [...found.keys()])
  for (const [url, list] of found) byUrl.set(url, [...(byUrl.get(url) ?? []), ...list])
}

async function note(found: Map<string, Referrer[]>, resource: Resource, referencesOf: ReferencesOf): Promise<void> {
  // What others publish does not keep us from taking back what is ours.
  if (isCopy(resource)) return
  const place = placeOf(resource)
  for (const { canonical, types: leadTo } of await referencesOf(resource)) {
    const { url, version } = parseCanonical(canonical)
    const list = found.get(url) ?? []
    if (list.length === 0) found.set(url, list)
    list.push({ place, name: artefactName(resource), version, types: leadTo })
  }
}

const placeOf = ({ resourceType, id }: Pick<Resource, 'resourceType' | 'id'>) => `${resourceType}/${id ?? ''}`

interface Deletions {
  storage: Storage
  referencesOf: ReferencesOf
  referrers: Referrers
}

async function judgeRemovals(writes: Write[], { storage, referencesOf, referrers }: Deletions): Promise<Write[]> {
  // What is written or deleted by the same request refers to what it refers to afterwards.
  const touched = new Set(writes.map(({ type, id = '' }) => `${type}/${id}`))
  const after = new Map<string, Referrer[]>()
  for (const { resource } of writes) {
    if (resource && hasLifecycle(resource.resourceType) && statusOf(resource) === 'active')
      await note(after, resource, referencesOf)
  }
  const judged: Write[] = []
  for (const each of writes) {
    if (each.method !== 'DELETE') {
      judged.push(each)
      continue
    }
    const current = each.id === undefined ? undefined : (await storage.read(each.type, each.id))?.resource
    const canonical = current && hasLifecycle(each.type) ? artefactCanonical(current) : undefined
    const url = canonical?.url ?? ''
    const untouched = (referrers.get(url) ?? []).filter(({ place }) => !touched.has(place))
    const own = `${each.type}/${each.id}`
    const rivals = [...untouched, ...(after.get(url) ?? [])].filter(
      ({ place, types: leadTo }) => place !== own && (leadTo.length === 0 || leadTo.includes(each.type)),
    )
    const leant = await leaning(rivals, { current, touched, writes, storage })
    const rival = await firstInForce(leant, storage, after.get(url) ?? [])
    const fault = current && rival && referredTo(current, rival)
    judged.push(removal(each, fault))
  }
  return judged
}

/** The first of them that is still there and active: what was taken away below this store leaves no trace but its absence. */
async function firstInForce(
  referrers: readonly Referrer[],
  storage: Storage,
  sure: readonly Referrer[],
): Promise<Referrer | undefined> {
  for (const each of referrers) {
    if (sure.includes(each)) return each
    const [type = '', id = ''] = each.place.split('/')
    const stored = (await storage.read(type, id))?.resource
    if (stored && statusOf(stored) === 'active') return each
  }
  return undefined
}

interface Leaning {
  current: Resource | undefined
  touched: ReadonlySet<string>
  writes: readonly Write[]
  storage: Storage
}

/** Those who would find nothing, or another version than before, without the artefact. */
async function leaning(
  rivals: readonly Referrer[],
  { current, touched, writes, storage }: Leaning,
): Promise<Referrer[]> {
  const canonical = current && artefactCanonical(current)
  if (!current || !canonical || rivals.length === 0) return []
  const { url, version } = canonical
  const stored = (await findByCanonical(storage, current.resourceType, url)).filter(
    (each) => !touched.has(placeOf(each)),
  )
  const written = writes.flatMap(({ resource }) => resource ?? [])
  const others = [...stored, ...written].filter(
    (each) => each.resourceType === current.resourceType && artefactCanonical(each)?.url === url,
  )
  const versions = others.map((each) => artefactCanonical(each)?.version)
  const hasActive = others.some((each) => statusOf(each) === 'active')
  return rivals.filter((each) =>
    each.version === undefined ? !hasActive : each.version === version && !versions.includes(version),
  )
}

function removal(write: Write, fault: FhirError | undefined): Write {
  const own = write.unlessInForce ?? judgedRemoval.unlessInForce
  return {
    ...write,
    unlessInForce(current) {
      // Who judged it already says more exactly where it stands.
      own?.(current)
      judgedRemoval.unlessInForce?.(current)
      if (fault) throw fault
    },
  }
}

function referredTo(current: Resource, { place, name }: Referrer): FhirError {
  const text = `${placeOf(current)} (${artefactName(current)}) cannot be deleted: ${place} (${name}), which is active, refers to it. Retire that one first, or publish a version of it that does without.`
  return new FhirError(409, issue('conflict', { text, expression: `${current.resourceType}.url` }))
}
