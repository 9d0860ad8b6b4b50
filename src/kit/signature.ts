/**
 * The signature of a kit: a detached compact JWS over its manifest (RFC 7515, appendix F) by the key with which the server signs what it
 * publishes. When the kit was made, and until when it is good, stand in its header, and so outside of what a kit is known by.
 */
import { type KeyObject, X509Certificate } from 'node:crypto'
import { splitJws } from '../base/crypto/compact-jws.ts'
import { sha256, sha256Hex } from '../base/crypto/sha256.ts'
import { hasPeriod, isForSignatures } from '../base/crypto/x509.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
import { isKnownAlgorithm, isSignatureOf } from '../provenance/signature/algorithms.ts'
import type { SigningKey } from '../provenance/signing-key.ts'
import { KitError } from './kit-error.ts'
import type { Pins } from './pinned-keys.ts'

/** For how long a kit is good. */
export interface KitPeriod {
  /** When it was made. */
  madeAt: Date
  /** From then on every verdict says that the kit is old. */
  validUntil: Date
  /** From then on it gives no verdict. */
  refusedFrom: Date
}

/** What a kit is signed with. */
export interface KitSigner {
  key: SigningKey
  /** Key id of the header: DID URL of the key. */
  keyId: string
  /** The did:web identifier of the server. */
  issuer: string
}

/** What the media type of the message is. */
const contentType = 'application/json'

/** A kit is good for a second at least: the header has whole ones. */
export const shortestMilliseconds = 1000

/** A second, as the header has it. */
const second = (at: Date): string => `${at.toISOString().slice(0, 19)}Z`

/** Signs the bytes of a manifest. */
export async function signManifest(manifest: Uint8Array, signer: KitSigner, period: KitPeriod): Promise<string> {
  const { key, keyId, issuer } = signer
  const { certificate, chain } = key
  const header = {
    alg: key.algorithm,
    typ: 'JOSE',
    kid: keyId,
    ...(certificate
      ? {
          x5c: chain.map(({ raw }) => raw.toString('base64')),
          'x5t#S256': sha256(certificate.raw).toString('base64url'),
        }
      : {}),
    sigT: second(period.madeAt),
    cty: contentType,
    iss: issuer,
    hash: sha256Hex(manifest),
    validUntil: second(period.validUntil),
    refusedFrom: second(period.refusedFrom),
  }
  const head = Buffer.from(JSON.stringify(header)).toString('base64url')
  const signature = await key.sign(signedBytes(head, manifest))
  return `${head}..${signature.toString('base64url')}`
}

const signedBytes = (head: string, manifest: Uint8Array): Buffer =>
  Buffer.from(`${head}.${Buffer.from(manifest).toString('base64url')}`, 'ascii')

/** What a signature says that holds. */
export interface ProvedSignature extends KitPeriod {
  /** Who signed, as the certificate or the header says. */
  issuer: string
}

/**
 * Proves a signature over the bytes of a manifest by pinned keys.
 * @throws KitError
 */
export function proveSignature(jws: string, manifest: Uint8Array, pins: Pins): ProvedSignature {
  const read = splitJws(jws)
  const refuse = (why: string) => new KitError('signature', `the signature of the kit does not count: ${why}`)
  if (typeof read === 'string') throw refuse(read)
  const { head, header, payload, signature } = read
  if (payload !== '') throw refuse('it is not detached')
  if (header.crit !== undefined || header.b64 !== undefined)
    throw refuse('its header has an extension that is not known')
  const { alg, hash } = header
  if (!isKnownAlgorithm(alg)) throw refuse('its algorithm is none that is taken')
  const period = periodOf(header)
  if (!period) throw refuse('it does not say when the kit was made, and until when it is good')
  const certificates = certificatesOf(header.x5c)
  if (!certificates) throw refuse('its certificates cannot be read')
  const [leaf] = certificates
  const keys = vouchedKeys(certificates, pins, period)
  if (typeof keys === 'string') throw refuse(keys)
  if (hash !== undefined && hash !== sha256Hex(manifest)) throw refuse('it is of another manifest')
  const input = signedBytes(head, manifest)
  if (!keys.some((key) => isSignatureOf({ algorithm: alg, input, signature }, key)))
    throw refuse(
      keys.length === 0 ? 'no key is pinned' : 'it was not made by a pinned key, or the manifest was changed',
    )
  return { ...period, issuer: nameOf(leaf) ?? (typeof header.iss === 'string' ? header.iss : 'unknown') }
}

function periodOf({ sigT, validUntil, refusedFrom }: JsonObject): KitPeriod | undefined {
  const [made, valid, refused] = [sigT, validUntil, refusedFrom].map(instantOf)
  if (!made || !valid || !refused || valid <= made || refused < valid) return undefined
  return { madeAt: made, validUntil: valid, refusedFrom: refused }
}

function instantOf(value: Json | undefined): Date | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value)) return undefined
  const at = new Date(value)
  return Number.isNaN(at.getTime()) || second(at) !== value ? undefined : at
}

const mostCertificates = 10

function certificatesOf(x5c: Json | undefined): X509Certificate[] | undefined {
  if (x5c === undefined) return []
  if (!Array.isArray(x5c) || x5c.length === 0 || x5c.length > mostCertificates) return undefined
  try {
    const certificates = x5c.map((each) => {
      const der = Buffer.from(String(each), 'base64')
      if (der.toString('base64') !== each) throw new Error('base64')
      return new X509Certificate(der)
    })
    // The key of one may be none, which shows when it is asked for.
    return certificates.every((each) => each.publicKey && hasPeriod(each)) ? certificates : undefined
  } catch {
    return undefined // OpenSSL's words say nothing to who reads them here
  }
}

/** The keys that may have signed: the leaf's where it or an authority above it is pinned; without certificates the pinned ones. A text says why none. */
function vouchedKeys(
  certificates: X509Certificate[],
  { keys, authorities }: Pins,
  { madeAt: at, refusedFrom }: KitPeriod,
): KeyObject[] | string {
  const [leaf] = certificates
  if (!leaf) return [...keys]
  const isPinned = keys.some((key) => key.equals(leaf.publicKey))
  if (!isPinned && !isUnder(certificates, authorities, at)) return 'no pinned key made it'
  if (at < leaf.validFromDate || at > leaf.validToDate) return 'it was made outside of the period of its certificate'
  // No kit is used for longer than the certificate of who signed it holds; one that ends as it signs has a second.
  if (refusedFrom.getTime() > Math.max(leaf.validToDate.getTime(), at.getTime() + shortestMilliseconds))
    return 'it is to be used for longer than its certificate holds'
  if (isForSignatures(leaf.raw) === false) return 'its certificate is not for digital signatures'
  return [leaf.publicKey]
}

/** Whether a chain, leaf first, leads to a pinned authority, every certificate in force at a time. */
function isUnder(chain: X509Certificate[], authorities: readonly X509Certificate[], at: Date): boolean {
  const isIssuedBy = (one: X509Certificate, above: X509Certificate) =>
    above.ca &&
    one.checkIssued(above) &&
    one.verify(above.publicKey) &&
    at >= above.validFromDate &&
    at <= above.validToDate
  for (const [index, each] of chain.entries()) {
    if (authorities.some((authority) => isIssuedBy(each, authority))) return true
    const next = chain[index + 1]
    if (!next || !isIssuedBy(each, next)) return false
  }
  return false
}

const nameOf = (certificate: X509Certificate | undefined): string | undefined =>
  certificate?.subject.split('\n').join(', ')
