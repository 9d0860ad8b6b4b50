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
