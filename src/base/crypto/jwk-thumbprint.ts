import type { JsonWebKey, KeyObject } from 'node:crypto'
import { sha256Base64url } from './sha256.ts'

/** Members of a thumbprint in their order (RFC 7638, 3.2; RFC 8037, 2). */
const THUMBPRINT_MEMBERS: Record<string, (keyof JsonWebKey)[]> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

/** Thumbprint of a public key (RFC 7638), base64url; undefined for a key that has no form as JWK (brainpool curves). */
export function jwkThumbprint(key: KeyObject): string | undefined {
  try {
    const jwk = key.export({ format: 'jwk' })
    const members = THUMBPRINT_MEMBERS[jwk.kty ?? '']
    if (!members) return undefined
    const text = JSON.stringify(Object.fromEntries(members.map((member) => [member, jwk[member]])))
    return sha256Base64url(text)
  } catch {
    return undefined // OpenSSL knows the curve, JOSE has no name for it
  }
}
