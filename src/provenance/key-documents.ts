/** The public keys of this server as others look for them: a JWK set (RFC 7517), and the document of its did:web identifier. */

import type { KeyObject, X509Certificate } from 'node:crypto'
import { jwkThumbprint } from '../base/crypto/jwk-thumbprint.ts'
import { sha256Base64url } from '../base/crypto/sha256.ts'
import type { JsonObject } from '../base/json-value.ts'
import type { FindDocument, PublicDocument } from '../base/public-document.ts'
import { didDocumentPath, didWebOf, pathOf } from './did-web.ts'
import type { SigningKeys } from './keys.ts'

/** What the documents tell of. */
export interface KeyDocumentsOptions {
  keys: Pick<SigningKeys, 'all'>
  /** The key that signs requests to other servers (RFC 9421), where there is one. */
  messageKey?(): { keyId: string; publicKey: KeyObject }
  /** Public address of this server, without `/fhir`. */
  baseUrl: string
}

/** A key as both documents tell of it. */
interface ToldKey {
  keyId: string
  algorithm: string
  publicKey: KeyObject
  certificate?: X509Certificate
  chain: readonly X509Certificate[]
  /** Since when and why it counts no more. */
  revoked?: { at: string; reason: string }
  /** What a DID document says of it (https://www.w3.org/TR/did-core/#verification-relationships). */
  relationship: 'assertionMethod' | 'authentication'
}

/** Half the time that a key is shown ahead is more than enough to see it. */
const cacheControl = 'public, max-age=3600'

/**
 * `/.well-known/jwks.json`, and `did.json` where did:web looks for it; below the path of a public address that has one, and without
 * it for a proxy that takes it away. The bytes are the same for the same keys.
 */
export function keyDocuments(options: KeyDocumentsOptions): FindDocument {
  const path = pathOf(options.baseUrl)
  const wanted = new Map<string, 'jwks' | 'did'>([
    ['/.well-known/jwks.json', 'jwks'],
    [`${path}/.well-known/jwks.json`, 'jwks'],
    ['/.well-known/did.json', 'did'],
    [`${path}/.well-known/did.json`, 'did'],
    [didDocumentPath(options.baseUrl), 'did'],
  ])
  let made: { of: string; documents: Record<'jwks' | 'did', PublicDocument> } | undefined
  return (asked) => {
    const which = wanted.get(asked.path)
    if (!which) return undefined
    const keys = toldKeys(options)
    const of = keys.map(({ keyId, relationship, revoked }) => `${relationship} ${keyId} ${revoked?.at}`).join('\n')
    if (made?.of !== of) made = { of, documents: documentsOf(keys, options.baseUrl) }
    return made.documents[which]
  }
}

function toldKeys({ keys, messageKey }: KeyDocumentsOptions): ToldKey[] {
  const own = messageKey?.()
  return [
    ...keys.all().map((key): ToldKey => ({ ...key, relationship: 'assertionMethod' })),
    ...(own ? [{ ...own, algorithm: 'ES256', chain: [], relationship: 'authentication' } as const] : []),
  ]
}

function documentsOf(keys: readonly ToldKey[], baseUrl: string): Record<'jwks' | 'did', PublicDocument> {
  return {
    jwks: document({ keys: keys.map(jwkOf) }, 'application/jwk-set+json', '/.well-known/jwks.json'),
    did: document(didDocument(keys, didWebOf(baseUrl)), 'application/did+json', '/.well-known/did.json'),
  }
}

function document(json: JsonObject, contentType: string, route: string): PublicDocument {
  const body = Buffer.from(`${JSON.stringify(json, null, 2)}\n`)
  const etag = `"${sha256Base64url(body)}"`
  return { body, contentType, etag, cacheControl, route }
}

/** The public key as a JWK, with what its certificate says (RFC 7517 §4; `nbf` and `exp` in seconds since 1970). */
function jwkOf({ keyId, algorithm, publicKey, certificate, chain, revoked }: ToldKey): JsonObject {
  const { kty, crv, x, y, n, e } = publicKey.export({ format: 'jwk' })
  const ofKind: JsonObject =
    kty === 'RSA' ? { n: String(n), e: String(e) } : { crv: String(crv), x: String(x), y: String(y) }
  const seconds = (date: Date) => Math.floor(date.getTime() / 1000)
  return {
    kid: keyId,
    kty: String(kty),
    alg: algorithm,
    use: 'sig',
    ...ofKind,
    ...(certificate
      ? {
          x5c: chain.map(({ raw }) => raw.toString('base64')),
          'x5t#S256': sha256Base64url(certificate.raw),
          nbf: seconds(certificate.validFromDate),
          exp: seconds(certificate.validToDate),
        }
      : {}),
    // As OpenID Federation 1.0 (§8.7.2) tells of historical keys; who does not know the member sees a key that has ended.
    ...(revoked
      ? {
          exp: seconds(new Date(revoked.at)),
          revoked: { revoked_at: seconds(new Date(revoked.at)), reason: revoked.reason },
        }
      : {}),
  }
}

/** Ids of a key in the document: as lists of the network have it, and the thumbprint (RFC 7638), by which signatures name it. */
function idsOf({ keyId, publicKey, relationship }: ToldKey, did: string): string[] {
  const thumbprint = relationship === 'assertionMethod' ? jwkThumbprint(publicKey) : undefined
  return [...new Set([keyId, thumbprint ?? keyId])].map((each) => `${did}#${each}`)
}

function didDocument(keys: readonly ToldKey[], did: string): JsonObject {
  const named = (wanted: ToldKey['relationship']) =>
    keys.filter((key) => key.relationship === wanted && !key.revoked).flatMap((key) => idsOf(key, did))
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/suites/jws-2020/v1'],
    id: did,
    verificationMethod: keys.flatMap((key) =>
      idsOf(key, did).map((id) => ({
        id,
        type: 'JsonWebKey2020',
        controller: did,
        // https://www.w3.org/TR/cid-1.0/#verification-methods
        ...(key.revoked ? { revoked: key.revoked.at } : {}),
        publicKeyJwk: jwkOf(key),
      })),
    ),
    assertionMethod: named('assertionMethod'),
    authentication: named('authentication'),
  }
}
