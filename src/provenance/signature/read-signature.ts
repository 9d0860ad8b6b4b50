/** A FHIR Signature that carries a detached JWS, read strictly: what is read in two ways is signed in one. */

import { X509Certificate } from 'node:crypto'
import { hasBase64Letters } from '../../base/crypto/base64.ts'
import { splitJws } from '../../base/crypto/compact-jws.ts'
import { sha256 } from '../../base/crypto/sha256.ts'
import type { JsonObject } from '../../base/json-value.ts'
import type { Signature } from './sign.ts'

/** A detached JWS taken apart; nothing of it is proven. */
export interface ReadSignature {
  header: JsonObject
  /** As it stands in the message: what is signed begins with it. */
  head: string
  signature: Buffer
  /** Whether the payload is signed as it is (RFC 7797). */
  isRaw: boolean
}

/** Longest `data`, in characters: that of a header of 64 kB, which holds ten certificates, and of a signature. */
const longestData = 100_000

/** Takes a Signature apart; a text says what is wrong, and quotes nothing of it. */
export function readSignature({ sigFormat, data }: Partial<Signature>): ReadSignature | string {
  if (sigFormat !== 'application/jose') return 'its sigFormat is not application/jose'
  if (typeof data !== 'string' || data === '') return 'it has no data'
  if (data.length > longestData) return 'its data is longer than that of any signature'
  // White space is allowed in base64 of FHIR.
  const text = data.replace(/[ \t\r\n]+/g, '')
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) return 'its data is not base64'
  const read = splitJws(bytes.toString('latin1'))
  if (typeof read === 'string') return read
  if (read.payload !== '') return 'it is not detached: it has a payload of its own'
  const { head, header, signature } = read
  return headerFault(header) ?? { head, header, signature, isRaw: header.b64 === false }
}

const textMembers = ['kid', 'sigT', 'canon', 'iss', 'url', 'version', 'hash']

function headerFault({ crit, b64, ...header }: JsonObject): string | undefined {
  if (typeof header.alg !== 'string') return 'its header names no algorithm'
  const odd = textMembers.find((name) => header[name] !== undefined && typeof header[name] !== 'string')
  if (odd !== undefined) return `${odd} in its header is no text`
  if (crit === undefined) return b64 === undefined ? undefined : 'b64 stands in its header, and not in crit'
  const isB64 = Array.isArray(crit) && crit.length === 1 && crit[0] === 'b64' && typeof b64 === 'boolean'
  return isB64 ? undefined : 'its header demands what is not understood here (crit)'
}

/** What is signed: the header and the payload (RFC 7515 §5.1, RFC 7797 §3). */
export function signingInput({ head, isRaw }: ReadSignature, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${head}.`, 'ascii'), isRaw ? bytes : Buffer.from(bytes.toString('base64url'))])
}

/** A text member of a header; undefined for anything else. */
export const textOf = (header: JsonObject, name: string): string | undefined => {
  const value = header[name]
  return typeof value === 'string' ? value : undefined
}

/** More certificates than these are not read. */
const mostCertificates = 10

/**
 * The certificates of a header, leaf first (RFC 7515 §4.1.6, §4.1.8); a text says what is wrong with them. That they are there vouches
 * for nothing.
 */
export function headerCertificates(header: JsonObject): X509Certificate[] | string {
  const { x5c, 'x5t#S256': thumbprint } = header
  if (x5c === undefined) return thumbprint === undefined ? [] : 'x5t#S256 stands in its header, and x5c does not'
  if (!Array.isArray(x5c) || x5c.length === 0 || x5c.length > mostCertificates) return 'x5c is no list of certificates'
  const certificates: X509Certificate[] = []
  for (const each of x5c) {
    const certificate = typeof each === 'string' && hasBase64Letters(each) ? certificateOf(each) : undefined
    if (!certificate) return 'a certificate of x5c cannot be read'
    certificates.push(certificate)
  }
  const [leaf] = certificates
  if (thumbprint !== undefined && thumbprint !== (leaf && sha256(leaf.raw).toString('base64url')))
    return 'x5t#S256 is not that of the first certificate'
  const isBroken = certificates.some((each, at) => {
    const issuer = certificates[at + 1]
    return issuer !== undefined && !(each.issuer === issuer.subject && isSignedBy(each, issuer))
  })
  return isBroken ? 'the certificates of x5c are no chain: one of them is not signed by the next' : certificates
}

function certificateOf(base64: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(Buffer.from(base64, 'base64'))
    // Of a key that OpenSSL does not know, this throws.
    return certificate.publicKey.type === 'public' ? certificate : undefined
  } catch {
    return undefined
  }
}

/** Whether one certificate signed another; false, never an exception, when that cannot be told. */
export function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return issuer.ca && certificate.verify(issuer.publicKey)
  } catch {
    return false
  }
}
