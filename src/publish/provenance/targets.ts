/** What a Provenance that is sent as a resource is about: something written beside it, or something stored. */

import { artefactName } from '../../fhir/artefact.ts'
import type { Provenance, Reference, Resource } from '../../fhir/types.ts'
import type { Storage, Write } from '../../storage/storage.ts'
import { nameIn, targetOf } from './make.ts'

/** Where it is looked for. */
export type TargetStorage = Pick<Storage, 'read' | 'readVersion' | 'findCanonical'>

/** The writes of a request, by what they write. */
export interface Beside {
  byId: ReadonlyMap<string, Write>
  /** By type and `url|version`. */
  byName: ReadonlyMap<string, Write>
  /** The place of each among all. */
  places: ReadonlyMap<Write, number>
}

/** Looked through once, however many Provenances there are. */
export function besideOf(writes: readonly Write[]): Beside {
  const byId = new Map<string, Write>()
  const byName = new Map<string, Write>()
  for (const write of writes) {
    if (!write.resource || write.type === 'Provenance') continue
    byId.set(`${write.type}/${write.id}`, write)
    byName.set(`${write.type} ${artefactName(write.resource)}`, write)
  }
  return { byId, byName, places: new Map(writes.map((write, place) => [write, place])) }
}

/** One target, found. */
export interface FoundTarget {
  reference: Reference
  /** What it is about, when that is here. */
  resource?: Resource
  /** The write beside it that makes what it is about. */
  write?: Write
}

interface Local {
  type: string
  id: string
  versionId?: string | undefined
}

/** The parts of a reference to a resource of this server. */
function localReference({ reference }: Reference): Local | undefined {
  const pattern = /^([A-Z][A-Za-z]{1,63})\/([A-Za-z0-9.-]{1,64})(?:\/_history\/([A-Za-z0-9.-]{1,64}))?$/
  const [, type, id, versionId] = pattern.exec(reference ?? '') ?? []
  return type === undefined || id === undefined ? undefined : { type, id, versionId }
}

/** Whether a resource is the one that is meant, where several have the name. */
export type IsMeant = (resource: Resource, target: Reference) => boolean

/**
 * What each target means here. A copy on another server has another versionId, so the name of the artefact (`identifier`) counts where
 * the reference leads to nothing of that name, or to something that is not meant. What is found nowhere stays as it is told.
 */
export async function findTargets(
  { target }: Pick<Provenance, 'target'>,
  beside: Beside,
  { storage, isMeant }: { storage: TargetStorage; isMeant: IsMeant },
): Promise<FoundTarget[]> {
  const found: FoundTarget[] = []
  for (const each of target) found.push(await findTarget(each, beside, { storage, isMeant }))
  return found
}

async function findTarget(
  given: Reference,
  beside: Beside,
  { storage, isMeant }: { storage: TargetStorage; isMeant: IsMeant },
): Promise<FoundTarget> {
  const local = localReference(given)
  const name = nameIn(given)
  const write = besideIt(local, name, given.type, beside)
  if (write?.resource) return { reference: identified(given, write), resource: write.resource, write }
  const stored = await candidates(local, { name, type: given.type ?? local?.type }, storage)
  const all = stored.map((resource) => ({ resource, reference: referenceTo(resource, given) }))
  return all.find(({ resource, reference }) => isMeant(resource, reference)) ?? all[0] ?? { reference: given }
}

function referenceTo(stored: Resource, given: Reference): Reference {
  const { meta, resourceType: type, id = '' } = stored
  const { identifier, ...own } = targetOf({ type, id, versionId: meta?.versionId ?? '' }, stored)
  return { ...given, ...own, ...(identifier ? { identifier } : {}) }
}

/** A write of the same request, by its id or by the name of what it writes. */
function besideIt(
  local: Local | undefined,
  name: string | undefined,
  wanted: string | undefined,
  { byId, byName }: Beside,
): Write | undefined {
  const found = local && byId.get(`${local.type}/${local.id}`)
  return found ?? (name === undefined ? undefined : byName.get(`${wanted ?? local?.type ?? ''} ${name}`))
}

/** Of what is written now the version is not known yet. */
function identified(given: Reference, { type, id = '', resource }: Write): Reference {
  const { identifier: named, type: own } = targetOf({ type, id, versionId: '' }, resource)
  const identifier = given.identifier ?? named
  return {
    ...given,
    reference: `${type}/${id}`,
    type: given.type ?? own ?? type,
    ...(identifier ? { identifier } : {}),
  }
}

/** What a target means among what is stored; undefined when that is not here. */
export async function findStoredTarget(
  target: Reference,
  storage: TargetStorage,
  isMeant: IsMeant = () => true,
): Promise<Resource | undefined> {
  return (await findTarget(target, besideOf([]), { storage, isMeant })).resource
}

/** Everything stored that a target may mean, the nearest first. */
async function candidates(
  local: Local | undefined,
  { name, type }: { name: string | undefined; type: string | undefined },
  storage: TargetStorage,
): Promise<Resource[]> {
  const found: (Resource | undefined)[] = []
  if (local?.versionId !== undefined)
    found.push((await storage.readVersion(local.type, local.id, local.versionId))?.resource)
  // A version that is not here is another server's, of which the name tells what it was.
  if (local && (local.versionId === undefined || name !== undefined))
    found.push((await storage.read(local.type, local.id))?.resource)
  if (name !== undefined && type !== undefined) found.push(...(await storage.findCanonical(type, name)))
  return found.flatMap((each) => (each && (name === undefined || artefactName(each) === name) ? [each] : []))
}
