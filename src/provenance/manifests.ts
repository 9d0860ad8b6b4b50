/**
 * Manifests of what this server publishes: one for each service and trust domain, signed, stored, at an address that never changes
 * what it says; and what of them is to be registered at a gateway.
 */

import { setImmediate } from 'node:timers/promises'
import { sha256Hex } from '../base/crypto/sha256.ts'
import { formatCanonical } from '../fhir/canonical.ts'
import type { Resource } from '../fhir/types.ts'
import type { Storage } from '../storage/storage.ts'
import { resourceContent } from './content.ts'
import { signJws } from './jws.ts'
import type { SigningKeys } from './keys.ts'
import {
  fingerprintOf,
  type ManifestEntry,
  type ManifestSubject,
  manifestContent,
  sortedEntries,
} from './manifest-content.ts'
import type { PublishedContent, References, ReferencesOptions } from './references.ts'
import type { SigningKey } from './signing-key.ts'

/** What is to be registered at a gateway as a trusted reference. */
export interface WantedReference {
  /** Resource type, or `$evaluate`. */
  service: string
  /** Trust domain. */
  domain: string
  /** The immutable address. */
  url: string
  /** SHA-256 of what stands there, lower-case hex. */
  thumbprint: string
  contentType: string
  signatureType: 'JWS' | 'CMS' | 'NONE'
  /** Counts up with every change. */
  referenceVersion: string
  /** For people. */
  name: string
}

/** A manifest as it is served. */
export interface Manifest extends WantedReference {
  /** The signed message. */
  jws: string
}

/** Manifests of a server. */
export interface Manifests {
  /**
   * The manifests of what is in force now, made and stored where content or key have changed; none without a key.
   * @throws FhirError 5xx when one cannot be stored now
   */
  manifests(): Promise<readonly Manifest[]>
  /** The same when nothing has changed since they were last made; else undefined. */
  known(): readonly Manifest[] | undefined
  /** Whether a manifest was ever made in this store. */
  hasSigned(): Promise<boolean>
}

/** What manifests are made over. */
export interface ManifestsOptions extends Pick<ReferencesOptions, 'header'> {
  storage: Pick<Storage, 'records'>
  references: References
  keys: Pick<SigningKeys, 'current' | 'all'>
  /** Public address of this server, without `/fhir`. */
  baseUrl: string
  domains: readonly string[]
  /** What describes `$evaluate` as a service: how it is called, and where. */
  evaluate(): readonly Resource[]
  now(): Date
}

/** The services with a manifest of their own, in their order. */
const services = ['ValueSet', 'CodeSystem', 'ConceptMap', 'StructureMap', 'Library', 'PlanDefinition'] as const
const evaluateService = '$evaluate'

/** Whether there may be a manifest of that name. */
export const isService = (name: string): boolean => name === evaluateService || services.some((each) => each === name)

/** Kind of the records that say which manifest is the newest, by `service/domain`. */
const manifestKind = 'reference-manifest'

/** What is stored of the newest manifest. */
interface StoredManifest {
  fingerprint: string
  keyId: string
  version: number
  contentId: string
}

/** So often other processes may be faster before it is given up. */
const mostTries = 10

/** Manifests over a store. */
export function createManifests(options: ManifestsOptions): Manifests {
  const { references, keys } = options
  let last: { state: string; made: Promise<readonly Manifest[]>; result?: readonly Manifest[] } | undefined
  const stateNow = () => `${references.revision()} ${keys.current()?.keyId ?? ''}`
  return {
    known: () => (last?.state === stateNow() ? last.result : undefined),
    hasSigned: async () => (await options.storage.records.all(manifestKind)).length > 0,
    manifests() {
      const state = stateNow()
      if (last?.state === state) return last.made
      const before: Promise<unknown> = last?.made.catch(() => undefined) ?? Promise.resolve()
      const made = before.then(() => makeAll(options))
      const current: NonNullable<typeof last> = { state, made }
      last = current
      made.then(
        (result) => {
          current.result = result
        },
        () => {
          // Tried again when somebody asks again.
          if (last === current) last = undefined
        },
      )
      return made
    },
  }
}

async function makeAll(options: ManifestsOptions): Promise<readonly Manifest[]> {
  const key = options.keys.current()
  if (!key) return []
  const inForce = await options.references.inForce()
  const ofEvaluate = await describeEvaluate(options)
  const made: Manifest[] = []
  for (const domain of options.domains) {
    for (const service of [...services, evaluateService]) {
      const entries = service === evaluateService ? ofEvaluate : entriesOf(inForce, service, options.baseUrl)
      // A long manifest takes its time; others have a turn before it.
      await setImmediate()
      if (entries.length === 0) continue
      const subject = { service, domain, baseUrl: options.baseUrl, keyId: key.keyId, entries }
      made.push(await manifestOf(options, subject, key))
    }
  }
  return made
}

/** Address of content by its id. */
export const contentAddress = (baseUrl: string, id: string): string => `${baseUrl}/fhir/r/${id}`

/** The active artefacts of a type; of two with the same canonical the one that was stored last. */
function entriesOf(inForce: readonly PublishedContent[], type: string, baseUrl: string): ManifestEntry[] {
  const entries = new Map<string, ManifestEntry>()
  for (const each of inForce) {
    if (each.type !== type) continue
    const canonical = formatCanonical(each.url, each.version)
    entries.set(canonical, { canonical, url: contentAddress(baseUrl, each.contentId), hash: each.hash })
  }
  return sortedEntries([...entries.values()])
}

/** Stores what describes the service, and names it. */
async function describeEvaluate({
  evaluate,
  references,
  storage,
  baseUrl,
}: ManifestsOptions): Promise<ManifestEntry[]> {
  const entries: ManifestEntry[] = []
  for (const resource of evaluate()) {
    const content = resourceContent(resource)
    // Refused when another process was faster: what is known by its hash is the same.
    if (!(await references.content(content.id))) await storage.records.change(references.additions(content))
    const { url, version } = 'url' in resource && 'version' in resource ? resource : {}
    const canonical = typeof url === 'string' && typeof version === 'string' ? formatCanonical(url, version) : undefined
    const address = contentAddress(baseUrl, content.id)
    entries.push({ ...(canonical === undefined ? {} : { canonical }), url: address, hash: content.hash })
  }
  return sortedEntries(entries)
}

/** The newest manifest of a subject: the stored one while it says what is so, else a new one that is stored first. */
async function manifestOf(options: ManifestsOptions, subject: ManifestSubject, key: SigningKey): Promise<Manifest> {
  const { records } = options.storage
  const fingerprint = fingerprintOf(subject)
  const recordKey = `${subject.service}/${subject.domain}`
  for (let tries = 0; tries < mostTries; tries++) {
    const stored = await records.get(manifestKind, recordKey)
    const newest = stored === undefined ? undefined : readStored(stored)
    if (newest && newest.fingerprint === fingerprint && isOfOurs(newest, options.keys)) {
      const jws = await options.references.jws(newest.contentId)
      if (jws !== undefined) return describe(subject, newest, jws)
    }
    const made = await make(options, { subject, fingerprint, version: (newest?.version ?? 0) + 1, key })
    const { content, jws, manifest } = made
    const isStored = await records.change([
      ...options.references.additions(content, jws),
      { kind: manifestKind, key: recordKey, from: stored, to: JSON.stringify(manifest) },
    ])
    if (isStored) return describe(subject, manifest, jws)
    // Another process was faster; what it made is as good when it says the same.
  }
  throw new Error(`the manifest of ${recordKey} could not be stored: other processes keep changing it`)
}

/**
 * Whether a manifest is signed by the key that signs, or by the one that will: while processes are restarted one by one with the next
 * key, the others must not turn what it signed back.
 */
function isOfOurs({ keyId }: StoredManifest, keys: Pick<SigningKeys, 'all'>): boolean {
  return keys.all().some((key) => (key.state === 'current' || key.state === 'next') && key.keyId === keyId)
}

interface Making {
  subject: ManifestSubject
  fingerprint: string
  version: number
  key: SigningKey
}

async function make({ header, now }: ManifestsOptions, { subject, fingerprint, version, key }: Making) {
  const content = manifestContent(subject, version, now())
  const jws = await signJws(content.bytes, key, header(key))
  const manifest: StoredManifest = { fingerprint, keyId: key.keyId, version, contentId: content.id }
  return { content, jws, manifest }
}

function readStored(text: string): StoredManifest {
  const { fingerprint, keyId, version, contentId } = JSON.parse(text)
  return {
    fingerprint: String(fingerprint),
    keyId: String(keyId),
    version: Number(version),
    contentId: String(contentId),
  }
}

function describe(subject: ManifestSubject, { version, contentId }: StoredManifest, jws: string): Manifest {
  const { service, domain, baseUrl, entries } = subject
  const host = new URL(baseUrl).host
  return {
    service,
    domain,
    url: `${contentAddress(baseUrl, contentId)}.jws`,
    thumbprint: sha256Hex(jws),
    contentType: 'application/jose',
    signatureType: 'JWS',
    referenceVersion: String(version),
    name: `${service} of ${host} for ${domain} (${entries.length})`,
    jws,
  }
}
