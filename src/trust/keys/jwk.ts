import type { KeyObject } from 'node:crypto'
import { publicKeyOfJwk } from '../../base/crypto/public-jwk.ts'
import type { JsonObject } from '../../base/json-value.ts'

const CURVE_BYTES: Record<string, number> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 }

/**
 * Public key of a JWK. Coordinates and modulus are read leniently, since published lists write them as signed integers: a
 * leading zero byte, or one byte short. Undefined when the key cannot be read.
 * Private members are never looked at.
 */
export function publicKeyFromJwk(jwk: JsonObject): KeyObject | undefined {
  const members = publicMembers(jwk)
  return members && publicKeyOfJwk(members)
}

function publicMembers(jwk: JsonObject): JsonObject | undefined {
  const { kty, crv, x, y, n, e } = jwk
  if (kty === 'EC' && typeof crv === 'string' && typeof x === 'string' && typeof y === 'string') {
    const size = CURVE_BYTES[crv]
    return size === undefined ? { kty, crv, x, y } : { kty, crv, x: unsigned(x, size), y: unsigned(y, size) }
  }
  if (kty === 'RSA' && typeof n === 'string' && typeof e === 'string') return { kty, n: unsigned(n, 0), e }
  if (kty === 'OKP' && crv === 'Ed25519' && typeof x === 'string') return { kty, crv, x }
  return undefined
}

/** A big-endian integer without sign byte, padded to `size` bytes, as base64url. */
function unsigned(text: string, size: number): string {
  const bytes = Buffer.from(text, 'base64url') // reads plain base64 and padding too
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const magnitude = bytes.subarray(start)
  return Buffer.concat([Buffer.alloc(Math.max(0, size - magnitude.length)), magnitude]).toString('base64url')
}

/** DER certificates of `x5c` (RFC 7517, 4.7), leaf first. */
export function x5cCertificates(jwk: JsonObject): Buffer[] {
  const list = Array.isArray(jwk.x5c) ? jwk.x5c : []
  return list.filter((each) => typeof each === 'string').map((each) => Buffer.from(each, 'base64'))
}
