/**
 * Immutable references: the bytes of every version that was published here, stored once, found by their hash for ever, and signed
 * once when somebody asks for the signature.
 */
import { setImmediate } from 'node:timers/promises'
import { splitJws } from '../base/crypto/compact-jws.ts'
import { keep } from '../base/keep.ts'
import { isNotPublic, mirroredSystem } from '../fhir/artefact.ts'
import { FhirError, issue } from '../fhir/error.ts'
import type { Publication, RecordChange, Storage } from '../storage/storage.ts'
import { type Content, contentId, contentOf, resourceContent } from './content.ts'
import { signJws } from './jws.ts'
import type { SigningKeys } from './keys.ts'
import { isGone, type Removal, removalMark, removalOf, removedIds } from './removals.ts'
import type { SigningKey } from './signing-key.ts'

/** Kinds of records. */
const kinds = {
  /** Content by its id. */
  content: 'reference-content',
  /** The signed message over content, by the id of the content. */
  jws: 'reference-jws',
  /** Hash of the content of a version, by `Type/id/_history/versionId`. */
  version: 'reference-of',
} as const

/** A version with its content. */
export interface PublishedContent extends Publication {
  /** SHA-256 of the content, lower-case hex. */
  hash: string
  /** The last part of the address of the content. */
  contentId: string
}

/** Immutable references of a store. */
export interface References {
  /**
   * Stores the content of what was published since it was last done.
   * @returns every version in force that is ours and has content, in the order in which they were stored
   * @throws FhirError 5xx when it cannot be stored now
   */
  inForce(): Promise<readonly PublishedContent[]>
  /** A number that grows with what may be published. */
  revision(): number
  /** The content of a published version. @throws FhirError 404 when it is none of ours, 422 when it has no content */
  ofVersion(version: Pick<Publication, 'type' | 'id' | 'versionId'>): Promise<Content>
  /** Content by its id. @throws Error when it is damaged, FhirError 410 when it was removed */
  content(id: string): Promise<Content | undefined>
  /**
   * The signed message over content, made and stored when there is none, or one of a key that was withdrawn; undefined without content
   * or without a key.
   * @throws Error when it is damaged
   */
  jws(id: string): Promise<string | undefined>
  /**
   * Removes content for good, with its signed message: by law, for nothing else takes back what was published.
   * @throws FhirError 404 when it is not here, 409 while a version of it is in force, 5xx when it cannot be stored now
   */
  remove(id: string, removal: Removal): Promise<void>
  /** Changes with what may have been removed. */
  removals(): number
  /** Changes with the key that signs, and with those that were withdrawn: what was kept of signatures is asked for again then. */
  signing(): string
  /** Changes of records that store content of this server's own making with its signed message, both or none. */
  additions(content: Content, jws?: string): RecordChange[]
}

/** What references are made over. */
export interface ReferencesOptions {
  storage: Pick<Storage, 'publications' | 'readVersion' | 'revision' | 'records'>
  keys: Pick<SigningKeys, 'current' | 'all'>
  /** Members of the protected header beside those of the key, for a signature made now. */
  header(key: SigningKey): Record<string, string>
}

/** Types with a `url`, a `version` and a `status`: what is published. */
export const publishedTypes = [
  'ActivityDefinition',
  'CapabilityStatement',
  'CodeSystem',
  'ConceptMap',
  'ImplementationGuide',
  'Library',
  'Measure',
  'OperationDefinition',
  'PlanDefinition',
  'Questionnaire',
  'SearchParameter',
  'StructureDefinition',
  'StructureMap',
  'ValueSet',
]

/** A removal is told in an AuditEvent: what was kept of content is looked at again when one was written. */
const removalTypes = ['AuditEvent']

/** Versions whose content is stored in one transaction. */
const perTransaction = 50

/** After content of so many bytes others have a turn. */
const longBytes = 100_000

/** References over a store. */
export function createReferences(options: ReferencesOptions): References {
  const { storage } = options
  const { records } = storage
  const index = createIndex(options)
  const signing = keep<string, Promise<string | undefined>>(64)
  const content = async (id: string) => {
    // The mark first: whatever else is stored of it counts no more.
    const removal = await removalOf(records, id)
    if (removal) throw isGone(id, removal)
    const text = await records.get(kinds.content, id)
    return text === undefined ? undefined : proved(id, contentOf(Buffer.from(text)))
  }
  const withdrawn = () => options.keys.all().filter(({ state }) => state === 'revoked')
  const sign = async (id: string) => {
    const key = options.keys.current()
    const signed = key && (await content(id))
    if (!signed) return undefined
    const jws = await signJws(signed.bytes, key, options.header(key))
    // Another process may have been faster: what is served first is served for ever.
    return (await records.replace(kinds.jws, id, undefined, jws)) ? jws : records.get(kinds.jws, id)
  }
  /** The stored message; one that a withdrawn key signed is forgotten, whoever withdrew it and whatever he did not come to do. */
  const stored = async (id: string) => {
    const removal = await removalOf(records, id)
    if (removal) throw isGone(id, removal)
    const known = await records.get(kinds.jws, id)
    if (known === undefined || !withdrawn().some(({ keyId }) => isSignedBy(known, keyId))) return known
    await records.replace(kinds.jws, id, known, undefined)
    return undefined
  }
  return {
    revision: () => storage.revision(publishedTypes),
    inForce: index.inForce,
    ofVersion: async (version) => {
      const hash = await index.hashOf(version)
      const found = await content(contentId(hash))
      // The id is a part of the hash: of two contents with one id only the first is stored.
      if (found?.hash !== hash) throw new Error(`the content of ${keyOf(version)} is not stored`)
      return found
    },
    content,
    jws: async (id) => {
      const known = await stored(id)
      if (known !== undefined) return provedMessage(id, known)
      const made = signing.of(id, sign)
      // Only those who ask at the same time share it: without a key today there may be one tomorrow.
      made.finally(() => signing.delete(id)).catch(() => undefined)
      return made
    },
    async remove(id, removal) {
      const inForce = await index.inForce()
      if ((await content(id)) === undefined) throw new FhirError(404, notHere(id))
      const used = inForce.find(({ contentId: each }) => each === id)
      if (used) throw new FhirError(409, stillInForce(id, keyOf(used)))
      const [bytes, jws] = [await records.get(kinds.content, id), await records.get(kinds.jws, id)]
      const gone = [
        { kind: kinds.content, key: id, from: bytes, to: undefined },
        ...(jws === undefined ? [] : [{ kind: kinds.jws, key: id, from: jws, to: undefined }]),
      ]
      if (!(await records.change([removalMark(id, removal), ...gone])))
        throw new Error('another process changed the content at the same time; try again')
    },
    removals: () => storage.revision(removalTypes),
    signing: () => [options.keys.current(), ...withdrawn()].map((key) => key?.keyId ?? '').join(' '),
    additions: ({ id, bytes }, jws) => [
      { kind: kinds.content, key: id, from: undefined, to: bytes.toString() },
      ...(jws === undefined ? [] : [{ kind: kinds.jws, key: id, from: undefined, to: jws }]),
    ],
  }
}

/**
 * Forgets the messages over content that a key signed: who asks for one again gets that of the key that signs now.
 * @param keyId as the headers of the messages name the key
 */
export async function forgetMessages(records: Storage['records'], keyId: string): Promise<void> {
  for (const { key, value } of await records.all(kinds.jws))
    if (isSignedBy(value, keyId)) await records.replace(kinds.jws, key, value, undefined)
}

function isSignedBy(jws: string, keyId: string): boolean {
  const read = splitJws(jws)
  return typeof read !== 'string' && read.header.kid === keyId
}

/** Content that is not what it is known by was damaged on the disk: it is not handed out. */
function proved(id: string, content: Content): Content {
  if (content.id !== id) throw new Error(`the stored content ${id} is damaged: its hash is ${content.hash}`)
  return content
}

/** The same of a signed message, by what it says: its signature is for those who read it to prove. */
function provedMessage(id: string, jws: string): string {
  const [, payload = ''] = jws.split('.')
  proved(id, contentOf(Buffer.from(payload, 'base64url')))
  return jws
}

const keyOf = ({ type, id, versionId }: Pick<Publication, 'type' | 'id' | 'versionId'>): string =>
  `${type}/${id}/_history/${versionId}`

/** Which content belongs to which version. */
interface Index {
  inForce: References['inForce']
  /** @throws FhirError 404, 422 */
  hashOf(version: Pick<Publication, 'type' | 'id' | 'versionId'>): Promise<string>
}

/** Why a version has no content. */
type Without = FhirError

function createIndex({ storage }: ReferencesOptions): Index {
  const { records } = storage
  /** By version: the hash of its content, or why it has none. */
  let known: Map<string, string | Without> | undefined
  let last: { revision: number; made: Promise<readonly PublishedContent[]> } | undefined

  const load = async () => new Map((await records.all(kinds.version)).map(({ key, value }) => [key, value]))

  const update = async (): Promise<readonly PublishedContent[]> => {
    known ??= await load()
    const all = await storage.publications()
    const missing = all.filter((each) => !known?.has(keyOf(each)))
    for (let at = 0; at < missing.length; at += perTransaction) {
      await store(missing.slice(at, at + perTransaction), known)
      await setImmediate()
    }
    const removed = await removedIds(records)
    return all.flatMap((each) => {
      const hash = known?.get(keyOf(each))
      const isHere = typeof hash === 'string' && !removed.has(contentId(hash))
      return each.isCurrent && isHere ? [{ ...each, hash, contentId: contentId(hash) }] : []
    })
  }

  const store = async (versions: readonly Publication[], into: Map<string, string | Without>): Promise<void> => {
    const found = new Map<string, string | Without>()
    const changes = new Map<string, RecordChange>()
    const removed = await removedIds(records)
    for (const each of versions) {
      const content = await contentOfVersion(storage, each)
      found.set(keyOf(each), content instanceof FhirError ? content : content.hash)
      if (content instanceof FhirError) continue
      if (content.bytes.length > longBytes) await setImmediate()
      const change = (kind: string, key: string, to: string) =>
        changes.set(`${kind} ${key}`, { kind, key, from: undefined, to })
      change(kinds.version, keyOf(each), content.hash)
      // Two versions may say the same.
      if (!removed.has(content.id) && (await records.get(kinds.content, content.id)) === undefined)
        change(kinds.content, content.id, content.bytes.toString())
    }
    if (await records.change([...changes.values()])) for (const [key, value] of found) into.set(key, value)
    // Another process stores the same: each one for itself, and what is there already stays.
    else if (versions.length > 1) for (const each of versions) await store([each], into)
    else await takeStored(versions, into)
  }

  const takeStored = async (versions: readonly Publication[], into: Map<string, string | Without>): Promise<void> => {
    for (const each of versions) {
      const hash = await records.get(kinds.version, keyOf(each))
      if (hash === undefined) await store([each], into)
      else into.set(keyOf(each), hash)
    }
  }

  const inForce = () => {
    const revision = storage.revision(publishedTypes)
    if (last?.revision === revision) return last.made
    const before = last?.made.catch(() => undefined)
    const made = (before ?? Promise.resolve()).then(update)
    const current = { revision, made }
    last = current
    made.catch(() => {
      // Tried again when somebody asks again.
      if (last === current) last = undefined
    })
    return made
  }
  return {
    inForce,
    async hashOf(version) {
      await inForce()
      const hash = known?.get(keyOf(version))
      if (typeof hash === 'string') return hash
      throw hash ?? new FhirError(404, { ...notPublished(keyOf(version)) })
    },
  }
}

const notHere = (id: string) => issue('not-found', `There is no content ${id} here.`)

const stillInForce = (id: string, version: string) =>
  issue('conflict', `The content ${id} is that of ${version}, which is in force: retire it first.`)

const notPublished = (name: string) => ({
  severity: 'error' as const,
  code: 'not-found' as const,
  details: { text: `${name} was not published by this server: it has no reference.` },
})

async function contentOfVersion(
  storage: Pick<Storage, 'readVersion'>,
  version: Publication,
): Promise<Content | Without> {
  const { type, id, versionId } = version
  const resource = (await storage.readVersion(type, id, versionId))?.resource
  // Who publishes what is mirrored vouches for it alone. A reference is for everybody, and what is restricted is not.
  if (!resource || isNotPublic(resource) || resource.meta?.tag?.some(({ system }) => system === mirroredSystem))
    return new FhirError(404, notPublished(keyOf(version)))
  try {
    return resourceContent(resource)
  } catch (error) {
    if (error instanceof FhirError) return error
    throw error
  }
}
