/** Immutable references and manifests as others read them: `/fhir/r/{id}`, `/fhir/r/{id}.jws`, `/trusted/{service}[/{domain}]`. */

import { sha256 } from '../base/crypto/sha256.ts'
import { keep, keepPerObject } from '../base/keep.ts'
import type { FindDocument, PublicDocument } from '../base/public-document.ts'
import { notFound } from '../fhir/error.ts'
import { pathOf } from './did-web.ts'
import { isService, type Manifest, type Manifests } from './manifests.ts'
import type { References } from './references.ts'

/** What the documents are made of. */
export interface ReferenceDocumentsOptions {
  references: References
  manifests: Manifests
  /** Public address of this server, without `/fhir`. */
  baseUrl: string
  /** Of which the first is meant where none is named. */
  domains: readonly string[]
}

/** What never changes may be kept for a year, which is as good as for ever (RFC 9111 §1.2.2, RFC 8246). */
const immutable = 'public, max-age=31536000, immutable'

/** Documents kept in memory, and how long the longest of them is. */
const mostKept = 300
const longestKept = 100_000

/** Finds references and manifests. What is looked for as one of them, and is none, is 404. */
export function referenceDocuments(options: ReferenceDocumentsOptions): FindDocument {
  const content = contentDocuments(options)
  const trusted = manifestDocuments(options)
  const base = pathOf(options.baseUrl)
  const [contentPath, trustedPath] = [`${base}/fhir/r/`, `${base}/trusted/`]
  return ({ path, accept }) => {
    if (path.startsWith(contentPath)) return content(path.slice(contentPath.length), accept)
    return path.startsWith(trustedPath) ? trusted(path.slice(trustedPath.length)) : undefined
  }
}

type Found = ReturnType<FindDocument>

function contentDocuments({ references }: ReferenceDocumentsOptions) {
  const kept = keep<string, PublicDocument>(mostKept)
  const load = async (id: string, isSigned: boolean): Promise<PublicDocument> => {
    const document = (await find(id, isSigned)) ?? (await references.inForce().then(() => find(id, isSigned)))
    if (document && document.body.length <= longestKept) kept.set(nameOf(id, isSigned), document)
    if (document) return document
    if (isSigned && (await references.content(id)))
      throw notFound('This content is not signed: the server had no signing key when it was asked.')
    throw notFound('There is no content with this hash here.')
  }
  const find = async (id: string, isSigned: boolean) => {
    const text = isSigned ? await references.jws(id) : (await references.content(id))?.bytes
    return text === undefined ? undefined : immutableDocument(Buffer.from(text), isSigned)
  }
  const nameOf = (id: string, isSigned: boolean) =>
    `${id} ${references.removals()} ${isSigned ? `jws ${references.signing()}` : ''}`
  return (name: string, accept: string | undefined): Found => {
    const [, id, suffix] = /^([A-Za-z0-9_-]{22})(\.jws)?$/.exec(name) ?? []
    if (id === undefined) return undefined
    const isSigned = suffix !== undefined || prefersSigned(accept)
    return kept.get(nameOf(id, isSigned)) ?? load(id, isSigned)
  }
}

function immutableDocument(body: Buffer, isSigned: boolean): PublicDocument {
  return {
    ...hashed(body),
    contentType: isSigned ? 'application/jose' : 'application/fhir+json; charset=utf-8',
    cacheControl: immutable,
    route: isSigned ? '/fhir/r/:id.jws' : '/fhir/r/:id',
  }
}

/** With the hash of its bytes as tag, and as RFC 9530 says it. */
function hashed(body: Buffer, headers: Record<string, string> = {}) {
  const digest = sha256(body)
  const reprDigest = `sha-256=:${digest.toString('base64')}:`
  return { body, etag: `"${digest.toString('hex')}"`, headers: { 'Repr-Digest': reprDigest, ...headers } }
}

/** Whether `application/jose` is asked for rather than JSON (RFC 9110 §12.5.1). */
function prefersSigned(accept: string | undefined): boolean {
  if (accept === undefined || !/jose/i.test(accept)) return false
  const weights = new Map<string, number>()
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((each) => each.trim())
    const weight = parameters.find((each) => each.startsWith('q='))?.slice(2)
    weights.set(type, weight === undefined ? 1 : Number(weight))
  }
  const weightOf = (...types: string[]) =>
    types.map((type) => weights.get(type)).find((each) => each !== undefined) ?? 0
  const signed = weights.get('application/jose') ?? 0
  const json = Math.max(weightOf('application/fhir+json'), weightOf('application/json'))
  return signed > 0 && signed > json
}

const manifestDocument = keepPerObject((manifest: Manifest): PublicDocument => {
  return {
    ...hashed(Buffer.from(manifest.jws), { 'Content-Location': manifest.url, Vary: 'Accept-Encoding' }),
    contentType: manifest.contentType,
    route: '/trusted/:service/:domain',
  }
})

/** The newest manifest itself, and no redirection to it: those who read references follow none. */
function manifestDocuments({ manifests, domains }: ReferenceDocumentsOptions) {
  const pick = (all: readonly Manifest[], service: string, domain: string): PublicDocument => {
    const found = all.find((each) => each.service === service && each.domain === domain)
    if (found) return manifestDocument(found)
    throw notFound('Nothing is published for this service in this domain, or this server has no key to sign it with.')
  }
  return (name: string): Found => {
    const [service = '', domain = domains[0] ?? '', ...more] = name.replace(/^%24/, '$').split('/')
    if (!isService(service) || more.length > 0) return undefined
    const known = manifests.known()
    return known ? pick(known, service, domain) : manifests.manifests().then((all) => pick(all, service, domain))
  }
}
