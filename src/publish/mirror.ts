/**
 * Artefacts of other participants come in here: through the checks of every publication, stored beside what is published here under
 * ids and marks that say whose they are. They are no publications of this server: nobody's name is taken by them.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { sha256Hex } from '../base/crypto/sha256.ts'
import {
  artefactCanonical,
  artefactName,
  besideTag,
  byDependency,
  isBeside,
  isRefused,
  mirroredFrom,
  mirroredTag,
  ownTags,
  statusOf,
  withoutRefusal,
} from '../fhir/artefact.ts'
import { structureFaults } from '../fhir/check/resource.ts'
import { isError } from '../fhir/error.ts'
import type { Provenance, Resource } from '../fhir/types.ts'
import { MirrorError } from '../gateway/mirror/mirror-error.ts'
import type { MirrorSource, MirrorStore } from '../gateway/mirror/mirror-run.ts'
import { openPackage, packageEntries } from '../packages/read-package.ts'
import type { ArchiveLimits } from '../packages/tar.ts'
import { listAll } from '../storage/find-artefacts.ts'
import type { Storage, Write } from '../storage/storage.ts'
import { conflictWith, contentHash } from './identity.ts'
import { derivedId } from './import/assign-ids.ts'
import type { Publish } from './publish.ts'

/** What copies are made over. */
export interface MirrorStoreOptions {
  /** The store itself: copies are written here and nowhere else. */
  storage: Pick<Storage, 'read' | 'write' | 'findCanonical' | 'search'>
  publish: Pick<Publish, 'admit'>
}

/** Of a package from elsewhere. */
const packageLimits: ArchiveLimits = { totalBytes: 200_000_000, fileBytes: 5_000_000, files: 20_000, isStrict: true }
const extensionBase = 'http://vidimus.org/fhir/StructureDefinition'

/** Stores copies of what others publish. */
export function createMirrorStore(options: MirrorStoreOptions): MirrorStore {
  const { storage } = options
  return {
    async store(resources, source) {
      for (const each of resources) refuseFaults(each)
      const given = resources.map((each) => plain(each)).sort(byDependency)
      const beside = [...given, ...(await earlierLibraries(given, source.participant, storage))]
      const copies: { copy: Resource; isNew: boolean }[] = []
      for (const [at, each] of given.entries()) {
        if (at % perTurn === 0) await nextTurn()
        copies.push(await copyOf(each, { beside, source }, options))
      }
      await writeAll(
        copies.flatMap(({ copy, isNew }) => (isNew ? [writesOf(copy, source)] : [])),
        storage,
      )
      const ids = new Map(copies.map(({ copy }) => [`${copy.resourceType} ${artefactName(copy)}`, nameOf(copy)]))
      return resources.map((each) => ids.get(`${each.resourceType} ${artefactName(each)}`) ?? '')
    },
    async retire(names) {
      const stored = await Promise.all(names.map((name) => readNamed(storage, name)))
      const writes = stored.flatMap((each): Write[] =>
        each && mirroredFrom(each) !== undefined && statusOf(each) !== 'retired' ? [retired(each)] : [],
      )
      if (writes.length > 0) await storage.write(writes)
    },
  }
}

/** Artefacts that are judged or stored between two pauses in which other requests are served. */
const perTurn = 25

/**
 * Stores what was judged as a whole, some of it at a time. Only a store that cannot be written now stops it in between: the rest
 * comes with the next look, for nothing else could refuse it.
 */
async function writeAll(copies: readonly Write[][], storage: Pick<Storage, 'write'>): Promise<void> {
  for (let at = 0; at < copies.length; at += perTurn) {
    await storage.write(copies.slice(at, at + perTurn).flat())
    await nextTurn()
  }
}

const nameOf = ({ resourceType, id }: Resource): string => `${resourceType}/${id}`

async function readNamed(storage: Pick<Storage, 'read'>, name: string): Promise<Resource | undefined> {
  const [type = '', id = ''] = name.split('/')
  return (await storage.read(type, id))?.resource
}

/** As it was published elsewhere, without what this server alone says of its copies. */
function plain(resource: Resource): Resource {
  const { meta, ...rest } = withoutRefusal(resource)
  if (!meta) return resource
  const { versionId: _versionId, lastUpdated: _lastUpdated, source: _source, tag: _tag, ...kept } = meta
  const tag = ownTags(resource)
  const told = { ...kept, ...(tag.length > 0 ? { tag } : {}) }
  // Only members of meta were taken away.
  return { ...rest, ...(Object.keys(told).length > 0 ? { meta: told } : {}) } as Resource
}

/** @throws MirrorError `content` */
function refuseFaults(resource: Resource): void {
  // The id is given here.
  const [fault] = structureFaults({ ...resource, id: 'copy' }).filter(isError)
  if (!fault) return
  const place = fault.expression?.[0] ?? resource.resourceType
  throw new MirrorError('content', `an artefact is no FHIR ${resource.resourceType}: see ${place.slice(0, 100)}`)
}

/**
 * Libraries of the same participant that are mirrored already: his rules are judged beside them, whether they may be run here or not, so
 * that they are what he published when somebody lets them run.
 */
async function earlierLibraries(
  given: readonly Resource[],
  participant: string,
  storage: Pick<Storage, 'search'>,
): Promise<Resource[]> {
  if (!given.some(({ resourceType }) => resourceType === 'Library' || resourceType === 'PlanDefinition')) return []
  const names = new Set(given.map(artefactName))
  const known = (await listAll(storage, 'Library')).filter((each) => mirroredFrom(each) === participant)
  return known.map(plain).filter((each) => !isRefused(each) && !names.has(artefactName(each)))
}

interface Copying {
  /** All artefacts of the reference, which may need each other. */
  beside: Resource[]
  source: MirrorSource
}

/** @throws MirrorError `conflict` */
async function copyOf(
  given: Resource,
  { beside, source }: Copying,
  { storage, publish }: MirrorStoreOptions,
): Promise<{ copy: Resource; isNew: boolean }> {
  const type = given.resourceType
  const id = copyId(given, source.participant)
  const before = (await storage.read(type, id))?.resource
  // The id is made of a short hash.
  if (before && (mirroredFrom(before) !== source.participant || artefactName(before) !== artefactName(given)))
    throw new MirrorError('conflict', `${type}/${id} is another artefact`)
  if (before && isPinned(before) && conflictWith(before, given))
    throw new MirrorError(
      'conflict',
      'an artefact has other content than was mirrored under its canonical and version before',
    )
  const { resource } = await publish.admit(given, beside)
  const tag = [...(resource.meta?.tag ?? []), mirroredTag(source.participant)]
  const stands = before ? isBeside(before) : await isTaken(given, source.participant, storage)
  if (stands) tag.push(besideTag)
  // Two references to the same content: the first stays its source.
  const from = before && isSame(before, resource) ? before.meta?.source : undefined
  // Of a resource only id and meta are others.
  const copy = { ...resource, id, meta: { ...resource.meta, source: from ?? source.url, tag } } as Resource
  return { copy, isNew: from === undefined }
}

/** The same for the same participant and canonical every time, and never an id that anybody here would choose. */
function copyId(resource: Resource, participant: string): string {
  const tail = resource.id ?? artefactCanonical(resource)?.url.split(/[/:]/).pop() ?? ''
  return derivedId(`${participant.toLowerCase()}-${tail}`.slice(0, 40), `${participant} ${artefactName(resource)}`)
}

/** Under a version what is published does not change; without one it may. */
const isPinned = (resource: Resource): boolean =>
  artefactCanonical(resource)?.version !== undefined && ['active', 'retired'].includes(statusOf(resource) ?? '')

const isSame = (before: Resource, given: Resource): boolean =>
  statusOf(before) === statusOf(given) && contentHash(before) === contentHash(given)

/** Whether another participant's copy has the url, in whatever version: who was first keeps it. */
async function isTaken(given: Resource, participant: string, { findCanonical }: Pick<Storage, 'findCanonical'>) {
  const stored = await findCanonical(given.resourceType, artefactCanonical(given)?.url ?? '')
  return stored.some((each) => {
    const other = mirroredFrom(each)
    return other !== undefined && other !== participant && !isBeside(each)
  })
}

/** A copy with the record of where it comes from, which belongs to it. */
function writesOf(copy: Resource, source: MirrorSource): Write[] {
  const record = provenanceOf(copy, source)
  return [
    { method: 'PUT', type: copy.resourceType, id: String(copy.id), resource: copy, unrecorded: true },
    { method: 'PUT', type: 'Provenance', id: String(record.id), resource: record, unrecorded: true },
  ]
}

function provenanceOf(copy: Resource, { participant, url, uuid, thumbprint, at }: MirrorSource): Provenance {
  const target = nameOf(copy)
  const hash = sha256Hex(`${target} ${uuid} ${thumbprint}`).slice(0, 32)
  const name = { system: 'urn:ietf:rfc:3986', value: artefactName(copy) }
  return {
    resourceType: 'Provenance',
    id: `mirror-${hash}`,
    meta: { source: url, tag: [mirroredTag(participant)] },
    target: [{ reference: target, type: copy.resourceType, identifier: name }],
    recorded: at.toISOString(),
    agent: [
      {
        type: {
          coding: [
            {
              system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type',
              code: 'author',
              display: 'Author',
            },
          ],
        },
        who: { identifier: { system: 'http://smart.who.int/trust/CodeSystem/Participants', value: participant } },
      },
    ],
    entity: [
      {
        extension: [{ url: `${extensionBase}/content-sha256`, valueString: thumbprint }],
        role: 'source',
        what: { identifier: { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${uuid}` }, display: url },
      },
    ],
  }
}

function retired(copy: Resource): Write {
  // Only artefacts are mirrored, and all have a status.
  const resource = { ...copy, status: 'retired' } as Resource
  return { method: 'PUT', type: copy.resourceType, id: String(copy.id), resource, unrecorded: true }
}

/**
 * Resources of a FHIR package from elsewhere, without its examples.
 * @throws MirrorError `content`
 */
export async function readForeignPackage(bytes: Buffer): Promise<Resource[]> {
  const opened = await openPackage({ bytes, name: 'package.tgz' }, packageLimits)
  const resources: Resource[] = []
  for await (const { content } of packageEntries(opened, {})) {
    if ('failed' in content) throw new MirrorError('content', 'a file of the package cannot be read')
    if ('resource' in content) resources.push(content.resource)
  }
  return resources
}
