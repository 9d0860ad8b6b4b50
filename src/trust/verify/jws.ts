import { constants, type KeyObject, verify } from 'node:crypto'
import { jsonObjectOf, splitJws } from '../../base/crypto/compact-jws.ts'
import type { JsonObject } from '../../base/json-value.ts'

/** A signed message in compact form (RFC 7515, 7.1), taken apart; nothing of it is proven. */
export interface ReadJws {
  header: JsonObject
  algorithm: string
  /** What is signed. */
  input: Buffer
  signature: Buffer
  /** Claims of a JWT (RFC 7519); absent where the payload is no JSON object. */
  claims?: JsonObject
}

/** What somebody must do about a signature algorithm. */
interface Algorithm {
  /** Whether a public key may be used with it. */
  fits(key: KeyObject): boolean
  hash: string | undefined
  /** RSASSA-PSS with a salt as long as the hash (RFC 7518, 3.5). */
  isPss?: true
}

const isOnCurve =
  (curve: string) =>
  ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean =>
    asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === curve
const isRsa = ({ asymmetricKeyType }: KeyObject): boolean => asymmetricKeyType === 'rsa'
const isEd25519 = ({ asymmetricKeyType }: KeyObject): boolean => asymmetricKeyType === 'ed25519'

/** Algorithms that are read (RFC 7518, 3.1; RFC 8037; RFC 9864). There is no `none` and no MAC. */
const ALGORITHMS = new Map<string, Algorithm>([
  ['ES256', { fits: isOnCurve('prime256v1'), hash: 'sha256' }],
  ['ES384', { fits: isOnCurve('secp384r1'), hash: 'sha384' }],
  ['ES512', { fits: isOnCurve('secp521r1'), hash: 'sha512' }],
  ['PS256', { fits: isRsa, hash: 'sha256', isPss: true }],
  ['RS256', { fits: isRsa, hash: 'sha256' }],
  ['EdDSA', { fits: isEd25519, hash: undefined }],
  ['Ed25519', { fits: isEd25519, hash: undefined }],
])

/** Whether an algorithm is one that is read. */
export const isKnownAlgorithm = (name: string): boolean => ALGORITHMS.has(name)

/** Whether a public key is one that the algorithm is for. */
export const fitsAlgorithm = (name: string, key: KeyObject): boolean => ALGORITHMS.get(name)?.fits(key) ?? false

/** Whether the signature over the message is that of the key; false, never an exception, for anything else. */
export function isSignedWith({ algorithm, input, signature }: ReadJws, key: KeyObject): boolean {
  const known = ALGORITHMS.get(algorithm)
  if (!known?.fits(key)) return false
  const options = known.isPss
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { key, dsaEncoding: 'ieee-p1363' as const }
  try {
    return verify(known.hash, input, options, signature)
  } catch {
    return false // a signature of the wrong length, or a key that OpenSSL refuses when it is used
  }
}

/**
 * Takes a signed message apart: strictly, since what is read in two ways is signed in one. With `content` it must be detached (RFC 7515,
 * appendix F; RFC 7797), without it must not. A text says what is wrong, and quotes nothing of the message.
 */
export function readJws(text: string, content?: Uint8Array): ReadJws | string {
  const read = splitJws(text)
  if (typeof read === 'string') return read
  const { head, payload: body, header, signature } = read
  if (content ? body !== '' : body === '')
    return content ? 'it is not detached: it has a payload of its own' : 'it has no payload'
  const fault = headerFault(header, content !== undefined)
  if (fault !== undefined) return fault
  const payload = content ? detachedPayload(content, header.b64 === false) : Buffer.from(body)
  const claims = content ? undefined : claimsOf(body, header)
  if (claims === 'unclear')
    return 'its payload cannot be read in one way: a member stands there twice, or it is too deep'
  return {
    header,
    algorithm: String(header.alg),
    input: Buffer.concat([Buffer.from(`${head}.`, 'ascii'), payload]),
    signature,
    ...(claims ? { claims } : {}),
  }
}

/** Extensions that must be understood: `b64` of a detached message is, no other is. */
function headerFault({ alg, kid, crit, b64 }: JsonObject, isDetached: boolean): string | undefined {
  if (typeof alg !== 'string') return 'its header names no algorithm'
  if (kid !== undefined && (typeof kid !== 'string' || kid === '')) return 'its key id is no text'
  if (crit === undefined) return b64 === undefined ? undefined : 'b64 stands in its header, and not in crit'
  const isB64 = Array.isArray(crit) && crit.length === 1 && crit[0] === 'b64' && typeof b64 === 'boolean'
  return isDetached && isB64 ? undefined : 'its header demands what is not understood here (crit)'
}

const detachedPayload = (content: Uint8Array, isRaw: boolean): Buffer =>
  isRaw ? Buffer.from(content) : Buffer.from(Buffer.from(content).toString('base64url'))

/** Claims, unless the payload is packed or no JSON; a member that stands twice would be read in two ways. */
function claimsOf(body: string, { zip }: JsonObject): JsonObject | 'unclear' | undefined {
  if (zip !== undefined) return undefined
  const bytes = Buffer.from(body, 'base64url')
  const claims = jsonObjectOf(bytes)
  if (claims) return claims
  // What begins as an object and is none is read by somebody else as one; to try it with another parser takes as long as it is deep.
  return /^\s*\{/.test(bytes.toString('latin1')) ? 'unclear' : undefined
}
