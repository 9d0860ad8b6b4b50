/** What is made of stored artefacts, and when it is stale. */
import { type Keep, keep, type Soon } from '../base/keep.ts'
import { artefactName, brokenSignature, isCopy, ownFirst } from '../fhir/artefact.ts'
import { unprocessable } from '../fhir/error.ts'
import type { Resource, StructureMap } from '../fhir/types.ts'
import { findMapOrDraft, listUsable, usable } from './find-artefacts.ts'
import type { Storage } from './storage.ts'

/** Whose changes make compiled value sets, maps and rules stale: a write of another type leaves them. */
export const terminologyTypes = ['CodeSystem', 'ValueSet', 'ConceptMap', 'NamingSystem']
/** The same for maps. */
export const mapTypes = [...terminologyTypes, 'StructureMap', 'StructureDefinition']
/** The same for rules. */
export const ruleTypes = [...terminologyTypes, 'Library', 'PlanDefinition', 'StructureDefinition']

/** A value made anew when the revision has changed. */
export function cachedByRevision<T>(revision: () => number, make: () => T): () => T {
  let known: { revision: number; value: T } | undefined
  return () => {
    const current = revision()
    if (known?.revision !== current) known = { revision: current, value: make() }
    return known.value
  }
}

/** What is kept by name until the revision changes: names come from outside, any number of them. */
export const keptByRevision = <Value>(revision: () => number, most: number): (() => Keep<string, Value>) =>
  cachedByRevision(revision, () => keep<string, Value>(most))

/** Admits what is read, and says when it would admit something else. */
interface Guard {
  admit<T extends Resource>(resources: T[]): Promise<T[]>
  epoch(): number
}

/** Most maps that are kept by name. */
const mapsKept = 200

/** Characters of a name that is kept: what is longer names nothing that is asked for time after time. */
const mostCharacters = 500

/** Makes what a name stands for once a revision: from then on it is there at once. What fails is tried again. */
export function madeByRevision<Value>(
  revision: () => number,
  most: number,
  make: (name: string) => Promise<Value>,
): (name: string) => Soon<Value> {
  const known = keptByRevision<{ made: Soon<Value> }>(revision, most)
  return (name) => {
    if (name.length > mostCharacters) return make(name)
    const kept = known()
    const found = kept.get(name)
    if (found) return found.made
    const making = make(name)
    const entry: { made: Soon<Value> } = { made: making }
    kept.set(name, entry)
    making.then(
      (value) => {
        entry.made = value
      },
      () => kept.get(name) === entry && kept.delete(name),
    )
    return making
  }
}

/** Finds the map that a canonical names for a verdict, once a revision: an active one, else a draft. */
export const mapFinder = (storage: Storage, revision: () => number) =>
  madeByRevision<StructureMap | undefined>(revision, mapsKept, (canonical) => findMapOrDraft(storage, canonical))

/** Types whose engine changes nothing of what it is given, and keeps by object what it has made of it. */
const sharedTypes: readonly string[] = ['CodeSystem', 'ValueSet', 'ConceptMap']

/** Most of them that are kept by id. */
const instancesKept = 200

/** What {@link instanceFinder} takes beside a store. */
interface InstanceParts {
  guard: Guard
  /** Of what is kept: of terminology and of what admits it. */
  revision(): number
  /** The same version as the engine has it already. */
  known(resource: Resource): Promise<Resource>
}

/**
 * Finds the current version of an id, marked where it must not be run (`brokenSignature`). Terminology is read once a revision, and is the
 * object that the engine has of it: nobody may change it. Everything else is a fresh copy.
 */
export function instanceFinder(storage: Storage, { guard, revision, known }: InstanceParts) {
  const read = async (type: string, id: string): Promise<Resource | undefined> => {
    const resource = (await storage.read(type, id))?.resource
    return resource && (await guard.admit([resource]))[0]
  }
  const shared = madeByRevision(revision, instancesKept, async (name) => {
    const [type = '', id = ''] = name.split('/')
    const found = await read(type, id)
    return found && brokenSignature(found) === undefined ? known(found) : found
  })
  return async (type: string, id: string): Promise<Resource | undefined> =>
    sharedTypes.includes(type) ? shared(`${type}/${id}`) : read(type, id)
}

/** What may still come: content that is being loaded. */
interface Pending {
  /** @throws FhirError 503 when it may still come */
  refuse(type: string, wanted: { urls?: string[] }): Promise<void>
  epoch(): number
}

/**
 * Those whose author's signature holds, where he signed, as far as they come after one that does.
 * @throws FhirError 422 when that of the first does not hold: another version in its place would answer otherwise
 */
function intactOnes<T extends Resource>(admitted: T[]): T[] {
  const [first] = admitted
  if (first) refuseBroken(first)
  return admitted.filter((each) => brokenSignature(each) === undefined)
}

function refuseBroken(resource: Resource): void {
  const broken = brokenSignature(resource)
  if (broken === undefined) return
  throw unprocessable(`${resource.resourceType} ${artefactName(resource)}: ${broken}`, 'business-rule')
}

/**
 * The same, where its author's signature holds or he did not sign it.
 * @throws FhirError 422 when it holds no more
 */
export async function intact<T extends Resource>(resource: T | undefined, guard: Guard): Promise<T | undefined> {
  const [admitted] = resource ? await guard.admit([resource]) : []
  if (admitted) refuseBroken(admitted)
  return resource
}

/**
 * Stored terminology as its engine reads it: what may be used, and 503 for what may still come. What rules lean on counts as long as the
 * signature of its author holds, as they do.
 */
export const terminologySource = (storage: Storage, pending: Pending, guard: Guard) => ({
  find: async (type: string, url: string) => {
    const found = intactOnes(await guard.admit(await usable(storage, await storage.findCanonical(type, url))))
    // A copy is none that waits for our own to come: that would take its place.
    if (found.every(isCopy)) await pending.refuse(type, { urls: [url] })
    return found
  },
  list: async (type: string) => {
    if (type === 'ConceptMap') await pending.refuse(type, {})
    const found = await listUsable(storage, type)
    // Whoever looks through all maps names none: what others publish is used where its canonical is asked for.
    if (type !== 'ConceptMap') return ownFirst(found)
    const own = await guard.admit(found.filter((each) => !isCopy(each)))
    return own.filter((each) => brokenSignature(each) === undefined)
  },
  revision: () => storage.revision(terminologyTypes) + pending.epoch() + guard.epoch(),
})
