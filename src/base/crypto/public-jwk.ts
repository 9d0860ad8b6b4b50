import { createPublicKey, type KeyObject } from 'node:crypto'
import type { JsonObject } from '../json-value.ts'

/** Members of public keys by type (RFC 7518, 6; RFC 8037, 2). */
const MEMBERS = new Map<unknown, readonly string[]>([
  ['RSA', ['kty', 'n', 'e']],
  ['EC', ['kty', 'crv', 'x', 'y']],
  ['OKP', ['kty', 'crv', 'x']],
])

/** The public key that a JWK is; undefined when it lacks a member or cannot be read. Private members are never looked at. */
export function publicKeyOfJwk(jwk: JsonObject): KeyObject | undefined {
  const members = MEMBERS.get(jwk.kty)
  if (!members?.every((name) => typeof jwk[name] === 'string')) return undefined
  try {
    return createPublicKey({ key: Object.fromEntries(members.map((name) => [name, jwk[name]])), format: 'jwk' })
  } catch {
    return undefined // off the curve, or of a kind OpenSSL does not know
  }
}
