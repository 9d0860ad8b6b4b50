/** What a reference names: a resource, a Bundle of them, a manifest whose entries are fetched, or a package. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { parseJson } from '../../base/json.ts'
import { artefactName, artefactTypes } from '../../fhir/artefact.ts'
import { structureFaults } from '../../fhir/check/resource.ts'
import { isError } from '../../fhir/error.ts'
import { isAnyResource, isOfType } from '../../fhir/json.ts'
import type { Library, Resource } from '../../fhir/types.ts'
import type { SendRequest } from '../../network/network-request.ts'
import { contentHash, hashExtension } from './content-hash.ts'
import { get } from './fetch-reference.ts'
import { MirrorError } from './mirror-error.ts'

/** How content is read. */
export interface ContentReading {
  /** Of the reference. */
  url: string
  service: string
  request: SendRequest
  /** Resources of a package (`.tgz`). @throws Error when it is none that is read */
  readPackage(bytes: Buffer): Promise<Resource[]>
  /** Names of artefacts that are here already, by the hash of their content: they are not fetched again. */
  known: ReadonlyMap<string, string>
}

/** What was read. */
export interface ReadContent {
  resources: { resource: Resource; hash: string }[]
  /** Names of artefacts that are here already, unchanged. */
  kept: string[]
}

/** Most artefacts behind one reference, and bytes of what a manifest names. */
const MOST_ARTEFACTS = 10_000
const MANIFEST_BYTES = 200_000_000
const ENTRY_BYTES = 5_000_000
const DEPTH = 128

/**
 * Reads content that is proved.
 * @throws MirrorError `content`, and of entries `unreachable`, `entry-mismatch`
 */
export async function readContent(content: Buffer, reading: ContentReading): Promise<ReadContent> {
  const read =
    content[0] === 0x1f && content[1] === 0x8b ? await packageOf(content, reading) : await jsonOf(content, reading)
  if (read.resources.length > MOST_ARTEFACTS) throw unfit('it has more artefacts than are mirrored')
  const names = new Set<string>()
  for (const { resource } of read.resources) {
    checkArtefact(resource, reading.service)
    const name = `${resource.resourceType} ${artefactName(resource)}`
    if (names.has(name)) throw unfit('two of its artefacts have the same canonical and version')
    names.add(name)
  }
  return read
}

const unfit = (text: string) => new MirrorError('content', text)

async function packageOf(content: Buffer, { readPackage }: ContentReading): Promise<ReadContent> {
  const resources = (await readPackage(content)).filter(({ resourceType }) => artefactTypes.includes(resourceType))
  if (resources.length === 0) throw unfit('the package has no artefact that is mirrored')
  return whole(resources)
}

async function jsonOf(content: Buffer, reading: ContentReading): Promise<ReadContent> {
  const resource = resourceOf(content, 'content')
  if (isOfType(resource, 'Bundle')) {
    if (resource.type !== 'collection') throw unfit('a Bundle must be a collection')
    const entries = resource.entry ?? []
    if (!Array.isArray(entries)) throw unfit('it is no FHIR resource')
    return whole(
      entries.map((entry) => {
        if (isAnyResource(entry?.resource)) return entry.resource
        throw unfit('an entry of the Bundle has no resource')
      }),
    )
  }
  // Of anything else the store judges the structure; a manifest is acted on at once.
  if (isOfType(resource, 'Library') && structureFaults(resource).some(isError)) throw unfit('it is no FHIR Library')
  if (isOfType(resource, 'Library') && isManifest(resource)) return entriesOf(resource, reading)
  return whole([resource])
}

/** Artefacts between two pauses in which other requests are served. */
const perTurn = 25

async function whole(resources: readonly Resource[]): Promise<ReadContent> {
  const read: ReadContent = { kept: [], resources: [] }
  for (const [at, resource] of resources.entries()) {
    if (at % perTurn === 0) await nextTurn()
    const hash = contentHash(resource)
    if (hash === undefined) throw unfit('an artefact has no canonical form (RFC 8785)')
    read.resources.push({ resource, hash })
  }
  return read
}

/** @throws MirrorError of the state; the parser's text would quote what came */
function resourceOf(bytes: Buffer, state: 'content' | 'entry-mismatch'): Resource {
  try {
    const json = parseJson(bytes, { depth: DEPTH })
    if (isAnyResource(json)) return json
  } catch {
    // said below
  }
  throw new MirrorError(state, 'it is no FHIR resource in JSON, Bundle, manifest or package')
}

/** An artefact of a type that is mirrored and that the reference announces: rules do not come in as a value set. */
function checkArtefact(resource: Resource, service: string): void {
  const type = resource.resourceType
  if (!artefactTypes.includes(type)) throw unfit('it has a resource of a type that is not mirrored')
  if (artefactTypes.includes(service) && type !== service)
    throw unfit('it has an artefact of another type than its service says')
  const url = 'url' in resource ? resource.url : undefined
  if (typeof url !== 'string' || url === '') throw unfit('it has an artefact without canonical url')
  if (url.includes('|')) throw unfit('it has an artefact whose url holds a version')
}

// ---------- manifests ----------

const isManifest = (library: Library): boolean =>
  library.type?.coding?.some(({ code }) => code === 'asset-collection') === true &&
  JSON.stringify(library.relatedArtifact ?? []).includes(JSON.stringify(hashExtension))

interface Entry {
  canonical: string | undefined
  url: string
  hash: string
}

/** A collection without a single hash is an artefact like another; one entry without hash spoils a manifest. */
function manifestEntries({ relatedArtifact = [] }: Library, { url: own }: ContentReading): Entry[] {
  const parts = relatedArtifact.filter(({ type }) => type === 'composed-of')
  if (parts.length > MOST_ARTEFACTS) throw unfit('the manifest has more entries than are mirrored')
  return parts.map(({ url, resource, extension = [] }) => {
    const hashes = extension.filter((each) => each.url === hashExtension).map(({ valueString }) => valueString)
    const [hash] = hashes
    if (hashes.length !== 1 || hash === undefined || !/^[0-9a-f]{64}$/.test(hash))
      throw unfit('an entry of the manifest has no hash of its content')
    if (typeof url !== 'string' || !isOfHost(url, own))
      throw unfit('an entry of the manifest is not on the host of the reference')
    return { canonical: resource, url, hash }
  })
}

/** The guard judges the address; this one holds it to the host that the reference was registered for. */
function isOfHost(url: string, own: string): boolean {
  const [a, b] = [URL.parse(url), URL.parse(own)]
  return a !== null && b !== null && a.protocol === 'https:' && a.host === b.host
}

async function entriesOf(library: Library, reading: ContentReading): Promise<ReadContent> {
  const entries = manifestEntries(library, reading)
  const kept: string[] = []
  const resources: ReadContent['resources'] = []
  let left = MANIFEST_BYTES
  for (const [at, entry] of entries.entries()) {
    if (at % perTurn === 0) await nextTurn()
    const known = reading.known.get(entry.hash)
    if (known !== undefined) {
      kept.push(known)
      continue
    }
    const { body } = await get(entry.url, {
      request: reading.request,
      maxBytes: Math.min(ENTRY_BYTES, left),
      accept: 'application/fhir+json',
    })
    left -= body.length
    if (left <= 0) throw unfit('what the manifest names is larger than is mirrored')
    resources.push({ resource: provedEntry(body, entry), hash: entry.hash })
  }
  return { resources, kept }
}

/** By its bytes, or by its canonical form where the address gives it with the meta of its server. */
function provedEntry(body: Buffer, { canonical, hash }: Entry): Resource {
  const resource = resourceOf(body, 'entry-mismatch')
  if (sha256Hex(body) !== hash && contentHash(resource) !== hash)
    throw new MirrorError(
      'entry-mismatch',
      'what stands at an address of the manifest does not have the hash that it says',
    )
  if (canonical !== undefined && canonical !== artefactName(resource))
    throw new MirrorError(
      'entry-mismatch',
      'what stands at an address of the manifest has another canonical than it says',
    )
  return resource
}
