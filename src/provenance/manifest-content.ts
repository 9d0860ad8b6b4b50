/** What a manifest says: a Library that names every artefact of a service with the hash of its content. */
import { createHash } from 'node:crypto'
import type { Library } from '../fhir/types.ts'
import { type Content, resourceContent } from './content.ts'

/** One artefact of a manifest. */
export interface ManifestEntry {
  /** `url|version`; without it the entry is known by its address alone. */
  canonical?: string
  /** Where its content is read, unchanged for ever. */
  url: string
  /** SHA-256 of that content, lower-case hex. */
  hash: string
}

/** Of what a manifest is made, all of it part of what it says. */
export interface ManifestSubject {
  /** Resource type, or `$evaluate`. */
  service: string
  /** Trust domain. */
  domain: string
  /** Public address of this server, without `/fhir`. */
  baseUrl: string
  /** Key that signs it. */
  keyId: string
  entries: readonly ManifestEntry[]
}

const extensionBase = 'http://vidimus.org/fhir/StructureDefinition'
/** SHA-256 of the bytes at `relatedArtifact.url`, lower-case hex. */
export const hashExtension = `${extensionBase}/content-sha256`
/** Key id of the key that signs the manifest: with another key it is another manifest, at another address. */
const keyExtension = `${extensionBase}/signing-key`

/** The same subject has the same fingerprint, however it was come by. */
export function fingerprintOf({ service, domain, baseUrl, entries }: Omit<ManifestSubject, 'keyId'>): string {
  const hash = createHash('sha256').update(JSON.stringify([service, domain, baseUrl]))
  for (const { canonical = '', url, hash: each } of entries) hash.update(`\n${canonical}\t${url}\t${each}`)
  return hash.digest('hex')
}

/** Entries in the order of a manifest: by canonical, then address, by code unit. */
export function sortedEntries(entries: readonly ManifestEntry[]): ManifestEntry[] {
  const keyOf = ({ canonical = '', url }: ManifestEntry) => `${canonical}\n${url}`
  return entries
    .map((entry) => ({ entry, key: keyOf(entry) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ entry }) => entry)
}

/** How a service is called in names and ids, which take no `$`. */
const plainName = (service: string): string => service.replace(/^\$/, '')

/** Address of the newest manifest, also its canonical. */
const manifestAddress = ({ service, domain, baseUrl }: Pick<ManifestSubject, 'service' | 'domain' | 'baseUrl'>) =>
  `${baseUrl}/trusted/${service}/${domain}`

/**
 * The manifest: `Library` of type `asset-collection` (https://hl7.org/fhir/R4/library.html), active.
 * @param version counts up from 1
 */
export function manifestContent(subject: ManifestSubject, version: number, made: Date): Content {
  const { service, domain, keyId, entries } = subject
  const name = plainName(service)
  const library: Library = {
    resourceType: 'Library',
    id: `trusted-${name}-${domain}`.slice(0, 64),
    extension: [{ url: keyExtension, valueString: keyId }],
    url: manifestAddress(subject),
    version: String(version),
    name: `Trusted${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    title: `What this server publishes for ${service} in ${domain}`,
    status: 'active',
    type: {
      coding: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/library-type',
          code: 'asset-collection',
          display: 'Asset Collection',
        },
      ],
    },
    date: made.toISOString(),
    relatedArtifact: entries.map(({ canonical, url, hash }) => ({
      extension: [{ url: hashExtension, valueString: hash }],
      type: 'composed-of' as const,
      url,
      ...(canonical === undefined ? {} : { resource: canonical }),
    })),
  }
  return resourceContent(library)
}
