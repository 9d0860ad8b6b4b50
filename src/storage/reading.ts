/** Reading artefacts by what they are, over any storage. */
import { matchesWildcard, parseCanonical } from '../fhir/canonical.ts'
import type { Resource, StructureDefinition, StructureMap } from '../fhir/types.ts'
import type { Storage } from './storage.ts'

/** All current resources of a canonical, with or without version, of one type, newest business version first. */
export async function findByCanonical<T extends Resource>(
  storage: Storage,
  type: T['resourceType'],
  canonical: string,
): Promise<T[]> {
  return (await storage.findCanonical(type, canonical)) as T[]
}

/** Every current resource of a type. */
export async function listAll<T extends Resource>(storage: Storage, type: string): Promise<T[]> {
  const found: T[] = []
  let cursor: string | undefined
  do {
    const page = await storage.search({
      type,
      conditions: [],
      sort: [],
      count: 500,
      total: 'none',
      ...(cursor ? { cursor } : {}),
    })
    found.push(...page.matches.flatMap(({ resource }) => (resource ? [resource as T] : [])))
    cursor = page.next
  } while (cursor)
  return found
}

/** Maps of a canonical with or without version; `*` in it matches anything. */
export async function findMaps(storage: Storage, canonical: string): Promise<StructureMap[]> {
  const { url } = parseCanonical(canonical)
  if (!url.includes('*')) return findByCanonical<StructureMap>(storage, 'StructureMap', canonical)
  return (await listAll<StructureMap>(storage, 'StructureMap')).filter((map) => matchesWildcard(url, map.url))
}

/** The newest StructureDefinition of a canonical; else one that declares it as its type, as own copies of foreign models do. */
export async function findStructure(storage: Storage, url: string): Promise<StructureDefinition | undefined> {
  const name = parseCanonical(url).url
  const [found] = await findByCanonical<StructureDefinition>(storage, 'StructureDefinition', name)
  if (found) return found
  const page = await storage.search({
    type: 'StructureDefinition',
    conditions: [{ parameter: 'type', values: [{ value: name }] }],
    sort: [],
    count: 1,
    total: 'none',
  })
  return page.matches[0]?.resource as StructureDefinition | undefined
}
