/** Reading the store for the rooms: what each is given of it, and when that is stale. */
import { join } from 'node:path'
import { statusOf } from './fhir/artefact.ts'
import { formatCanonical } from './fhir/canonical.ts'
import { unprocessable } from './fhir/error.ts'
import type { Resource, StructureMap, ValueSet } from './fhir/types.ts'
import { INDEXES_FOLDER, indexReader } from './packages/large-code-system/code-system-index.ts'
import type { PendingContent } from './packages/pending-content.ts'
import { findRunnable, listAll, usable } from './storage/find-artefacts.ts'
import type { Storage } from './storage/storage.ts'
import { largeCodeSystem } from './terminology/code-system/large/large-code-system.ts'
import type { Terminology } from './terminology/terminology.ts'

/** Whose changes make compiled value sets, maps and rules stale: a write of another type leaves them. */
export const terminologyTypes = ['CodeSystem', 'ValueSet', 'ConceptMap', 'NamingSystem']
/** The same for maps. */
export const mapTypes = [...terminologyTypes, 'StructureMap', 'StructureDefinition']
/** The same for plans. */
export const planTypes = ['PlanDefinition']
/** The same for rules. */
export const ruleTypes = [...terminologyTypes, 'Library', 'PlanDefinition']

/** Stored terminology as its engine reads it: what may be used, and 503 for what may still come. */
export const artefactSource = (storage: Storage, pending: PendingContent, dataDir: string) => ({
  find: async (type: string, url: string) => {
    const found = await usable(storage, await storage.findCanonical(type, url))
    if (found.length === 0) await pending.refuse(type, { urls: [url] })
    return found
  },
  list: async (type: string) => {
    if (type === 'ConceptMap') await pending.refuse(type, {})
    return usable(storage, await listAll<Resource>(storage, type))
  },
  revision: () => storage.revision(terminologyTypes) + pending.epoch(),
  largeCodeSystem: indexReader(join(dataDir, INDEXES_FOLDER), largeCodeSystem).read,
})

/** The codes of a value set, flat. @throws FhirError as `Terminology.expand` */
export async function expandCodes(terminology: Terminology, given: { url: string } | { valueSet: ValueSet }) {
  const parameter =
    'url' in given ? { name: 'url', valueUri: given.url } : { name: 'valueSet', resource: given.valueSet }
  const expanded = await terminology.expand({
    resourceType: 'Parameters',
    parameter: [parameter, { name: 'excludeNested', valueBoolean: true }],
  })
  return (expanded.expansion?.contains ?? []).flatMap(({ system, code, display }) =>
    code ? [{ code, ...(system ? { system } : {}), ...(display ? { display } : {}) }] : [],
  )
}

/**
 * EU rules name value sets by a bare id: the stored ValueSet of that id.
 * @throws FhirError 422 when it is not active: a rule must not go by a draft
 */
export async function euValueSet(storage: Storage, terminology: Terminology, id: string) {
  const stored = (await storage.read('ValueSet', id))?.resource
  if (stored?.resourceType !== 'ValueSet') return undefined
  if (statusOf(stored) !== 'active') throw unprocessable(`ValueSet/${id} is not active`, 'business-rule')
  const codes = (await expandCodes(terminology, { valueSet: stored })).map(({ code }) => code)
  return { canonical: formatCanonical(stored.url, stored.version), codes }
}

/** Most maps that are kept by name. */
const mapsKept = 200

/** Finds the map that a canonical names for a verdict, once a revision. */
export function mapFinder(storage: Storage, revision: () => number) {
  const known = cachedByRevision(revision, () => new Map<string, Promise<StructureMap | undefined>>())
  return (canonical: string): Promise<StructureMap | undefined> => {
    const maps = known()
    const found =
      maps.get(canonical) ?? findRunnable<StructureMap>(storage, 'StructureMap', canonical).then(([map]) => map)
    // Names come from outside, any number of them.
    if (maps.size >= mapsKept) maps.clear()
    maps.set(canonical, found)
    return found
  }
}

/** A value made anew when the revision has changed. */
export function cachedByRevision<T>(revision: () => number, make: () => T): () => T {
  let known: { revision: number; value: T } | undefined
  return () => {
    const current = revision()
    if (known?.revision !== current) known = { revision: current, value: make() }
    return known.value
  }
}
