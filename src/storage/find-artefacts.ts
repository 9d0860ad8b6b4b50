/** Reading artefacts by what they are, over any storage. */
import { activeFirst, artefactCanonical, artefactName, isNamedBy, statusOf } from '../fhir/artefact.ts'
import { isOfType, type ResourceOf, type ResourceType } from '../fhir/as-resource.ts'
import { matchesWildcard, parseCanonical } from '../fhir/canonical.ts'
import { notFound } from '../fhir/error.ts'
import type { Resource, StructureDefinition, StructureMap } from '../fhir/types.ts'
import type { Storage } from './storage.ts'

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
  const free = await Promise.all(ranked.map(isFree))
  return ranked.filter((_, index) => free[index])
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
  return usable(storage, ofType(await storage.findCanonical(type, canonical), type))
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

/** Every current resource of a type. */
export function listAll<T extends ResourceType>(storage: Storage, type: T): Promise<ResourceOf<T>[]>
export function listAll(storage: Storage, type: string): Promise<Resource[]>
export async function listAll(storage: Storage, type: string): Promise<Resource[]> {
  const found: Resource[] = []
  let cursor: string | undefined
  do {
    const query = { type, conditions: [], sort: [], count: 500, total: 'none' as const }
    const page = await storage.search({ ...query, ...(cursor ? { cursor } : {}) })
    found.push(...page.matches.flatMap(({ resource }) => resource ?? []))
    cursor = page.next
  } while (cursor)
  return found
}

/** Maps of a canonical with or without version, in the order of {@link findByCanonical}; `*` in it matches anything. */
export async function findMaps(storage: Storage, canonical: string): Promise<StructureMap[]> {
  const { url } = parseCanonical(canonical)
  if (!url.includes('*')) return findByCanonical(storage, 'StructureMap', canonical)
  const urls = (await listAll(storage, 'StructureMap')).flatMap((map) => artefactCanonical(map)?.url ?? [])
  const matching = [...new Set(urls)].filter((each) => matchesWildcard(url, each))
  return (await Promise.all(matching.map((each) => findByCanonical(storage, 'StructureMap', each)))).flat()
}

/** The newest active StructureDefinition of a canonical, else the newest; else one that declares it as its type, as own copies of foreign models do. */
export async function findStructure(storage: Storage, url: string): Promise<StructureDefinition | undefined> {
  const name = parseCanonical(url).url
  const [found] = await findByCanonical(storage, 'StructureDefinition', name)
  if (found) return found
  const page = await storage.search({
    type: 'StructureDefinition',
    conditions: [{ parameter: 'type', values: [{ value: name }] }],
    sort: [],
    count: 1,
    total: 'none',
  })
  const [first] = page.matches
  return isOfType(first?.resource, 'StructureDefinition') ? first.resource : undefined
}
