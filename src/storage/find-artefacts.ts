/** Reading artefacts by what they are, over any storage. */
import { setImmediate } from 'node:timers/promises'
import { activeFirst, artefactCanonical, artefactName, isCopy, isNamedBy, statusOf } from '../fhir/artefact.ts'
import { matchesWildcard, parseCanonical } from '../fhir/canonical.ts'
import { notFound } from '../fhir/error.ts'
import { isOfType, type ResourceOf, type ResourceType } from '../fhir/json.ts'
import type { Resource, StructureDefinition, StructureMap } from '../fhir/types.ts'
import type { SearchCondition, Storage } from './storage.ts'

/** Resources of a page: what is read at once keeps everybody else waiting. */
const perPage = 50

/**
 * What may be used at all, active artefacts first, the order kept otherwise. Not: what an import refused, and a draft under the
 * `url|version` of what was published, which would take its place once that is retired or deleted.
 */
export async function usable<T extends Resource>(storage: Pick<Storage, 'published'>, artefacts: T[]): Promise<T[]> {
  const isFree = async (each: T) => {
    const status = statusOf(each)
    const { url, version } = artefactCanonical(each) ?? {}
    if (status === 'active' || status === 'retired' || url === undefined || version === undefined) return true
    return (await storage.published(each.resourceType, { url, version })) === undefined
  }
  const ranked = activeFirst(artefacts)
  const free: T[] = []
  for (const [index, each] of ranked.entries()) {
    if (await isFree(each)) free.push(each)
    if (index % perPage === perPage - 1) await setImmediate()
  }
  return free
}

/**
 * All current resources of a canonical, with or without version, of one type, as far as they are usable: active ones first, each
 * part newest business version first.
 */
export async function findByCanonical<T extends ResourceType>(
  storage: Storage,
  type: T,
  canonical: string,
): Promise<ResourceOf<T>[]> {
  const stored = ofType(await storage.findCanonical(type, canonical), type)
  const { url, version } = parseCanonical(canonical)
  const usableOnes = await usable(storage, stored)
  if (version === undefined || !usableOnes.some(isCopy)) return usableOnes
  // A copy counts only where no version of our own has its url.
  const known = new Set(activeFirst(await storage.findCanonical(type, url)).map(({ id }) => id))
  return usableOnes.filter(({ id }) => known.has(id))
}

const ofType = <T extends ResourceType>(resources: Resource[], type: T): ResourceOf<T>[] =>
  resources.filter((each): each is ResourceOf<T> => isOfType(each, type))

/**
 * The artefacts that may decide a verdict when they are named so, in the order of {@link findByCanonical}: active ones, and the
 * very ones that an exact canonical names (`url|version`). A draft is never taken for the bare url.
 * @throws FhirError 404 when only such drafts are stored
 */
export async function findRunnable<T extends ResourceType>(
  storage: Storage,
  type: T,
  canonical: string,
): Promise<ResourceOf<T>[]> {
  const stored = await findByCanonical(storage, type, canonical)
  const runnable = stored.filter((each) => isNamedBy(canonical, each))
  const [other] = stored
  if (runnable.length > 0 || !other) return runnable
  const text = `${type} ${canonical} is not active on this server; name ${artefactName(other)} to use what is ${statusOf(other) ?? 'without status'}`
  throw notFound({ text, expression: 'Parameters.parameter' })
}

/**
 * The map that a canonical names for a verdict: as {@link findRunnable}, or the newest draft where there is nothing else. Whoever runs
 * a draft that was not named exactly lets nothing be decided over what it makes.
 * @throws FhirError 404 when only retired maps are stored, or such without status
 */
export async function findMapOrDraft(storage: Storage, canonical: string): Promise<StructureMap | undefined> {
  const stored = await findByCanonical(storage, 'StructureMap', canonical)
  const found = stored.find((each) => isNamedBy(canonical, each)) ?? stored.find((each) => each.status === 'draft')
  return found ?? (await findRunnable(storage, 'StructureMap', canonical))[0]
}

/** Every current resource of a type that meets the conditions; between two pages others have a turn. */
export function listAll<T extends ResourceType>(
  storage: Pick<Storage, 'search'>,
  type: T,
  conditions?: SearchCondition[],
): Promise<ResourceOf<T>[]>
export function listAll(
  storage: Pick<Storage, 'search'>,
  type: string,
  conditions?: SearchCondition[],
): Promise<Resource[]>
export async function listAll(
  storage: Pick<Storage, 'search'>,
  type: string,
  conditions: SearchCondition[] = [],
): Promise<Resource[]> {
  const found: Resource[] = []
  let cursor: string | undefined
  do {
    const query = { type, conditions, sort: [], count: perPage, total: 'none' as const }
    const page = await storage.search({ ...query, ...(cursor ? { cursor } : {}) })
    found.push(...page.matches.flatMap(({ resource }) => resource ?? []))
    cursor = page.next
    if (cursor) await setImmediate()
  } while (cursor)
  return found
}

/** Every current resource of a type that is usable, active ones first. */
export function listUsable<T extends ResourceType>(storage: Storage, type: T): Promise<ResourceOf<T>[]>
export function listUsable(storage: Storage, type: string): Promise<Resource[]>
export async function listUsable(storage: Storage, type: string): Promise<Resource[]> {
  return usable(storage, await listAll(storage, type))
}

/** Maps of a canonical with or without version, in the order of {@link findByCanonical}; `*` in it matches anything. */
export async function findMaps(storage: Storage, canonical: string): Promise<StructureMap[]> {
  const { url } = parseCanonical(canonical)
  if (!url.includes('*')) return findByCanonical(storage, 'StructureMap', canonical)
  const urls = (await listAll(storage, 'StructureMap')).flatMap((map) => artefactCanonical(map)?.url ?? [])
  const matching = [...new Set(urls)].filter((each) => matchesWildcard(url, each))
  return (await Promise.all(matching.map((each) => findByCanonical(storage, 'StructureMap', each)))).flat()
}

/**
 * The StructureDefinition of a canonical, else one that declares it as its type, as own copies of foreign models do. It is the newest
 * active one, or the very one that is named so: a draft decides no verdict under a name that does not say which, unless `drafts` are
 * let in.
 */
export async function findStructure(
  storage: Storage,
  canonical: string,
  { drafts = false }: { drafts?: boolean } = {},
): Promise<StructureDefinition | undefined> {
  const named = await findByCanonical(storage, 'StructureDefinition', canonical)
  const fit = named.find((each) => drafts || isNamedBy(canonical, each))
  if (fit) return fit
  const copies = await structuresOfType(storage, parseCanonical(canonical).url)
  return copies.find((each) => drafts || statusOf(each) === 'active')
}

/** Every current StructureDefinition of a logical model that is usable, active ones first. */
export async function listLogicalModels(storage: Storage): Promise<StructureDefinition[]> {
  const conditions = [{ parameter: 'kind', values: [{ value: 'logical' }] }]
  return usable(storage, ofType(await listAll(storage, 'StructureDefinition', conditions), 'StructureDefinition'))
}

/** Any number may declare a type; copies count only where none of our own does. */
async function structuresOfType(storage: Storage, type: string): Promise<StructureDefinition[]> {
  const conditions = [{ parameter: 'type', values: [{ value: type }] }]
  const found = ofType(await listAll(storage, 'StructureDefinition', conditions), 'StructureDefinition')
  const own = found.filter((each) => !isCopy(each))
  return usable(storage, own.length > 0 ? own : found)
}
