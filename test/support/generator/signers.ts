import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { DeclaredKey } from '../checker/declared.ts'
import { keyIdentifier, writeCertificate } from './certificate.ts'

/** Signs credentials: a key, how it is named in them, and what trust says of it. */
export interface Signer {
  privateKey: KeyObject
  algorithm: 'ES256' | 'ES384' | 'PS256' | 'EdDSA'
  /** In headers: base64 of the bytes for an HCERT, as it is for a card. */
  keyId: string
  /** Country that its credentials name, alpha-2. */
  country: string
  /** What the test declares of it. */
  key: DeclaredKey
}

/** What is asked of a new signer; the rest is as a good document signer has it. */
export interface SignerWish {
  country?: string
  algorithm?: Signer['algorithm']
  curve?: string
  /** Who certifies it: another signer, itself, or somebody who only says he is that one. */
  authority?: Signer | 'self' | { pretended: Signer }
  extendedUsages?: string[]
  from?: Date
  until?: Date
  isAuthority?: boolean
}

/** Period of everything that is in force in the tests' years. */
export const inForce = { from: new Date('2021-01-01T00:00:00Z'), until: new Date('2030-12-31T23:59:59Z') }
export const longAgo = { from: new Date('2020-01-01T00:00:00Z'), until: new Date('2021-06-01T00:00:00Z') }
export const farAhead = { from: new Date('2028-01-01T00:00:00Z'), until: new Date('2030-12-31T23:59:59Z') }

let serial = 0

function keyPair(algorithm: Signer['algorithm'], namedCurve: string): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === 'PS256') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519')
  return generateKeyPairSync('ec', { namedCurve })
}

/** Makes a signer with a certificate of its own, which no list has yet. */
export function certifiedSigner(wish: SignerWish = {}): Signer {
  const { country = 'DE', algorithm = 'ES256', authority = 'self', extendedUsages = [], isAuthority = false } = wish
  const pair = keyPair(algorithm, wish.curve ?? (algorithm === 'ES384' ? 'P-384' : 'P-256'))
  const { from = inForce.from, until = inForce.until } = wish
  const claimed = typeof authority === 'string' ? undefined : 'pretended' in authority ? authority.pretended : authority
  const forger = keyPair('ES256', 'P-256')
  const isPretended = typeof authority === 'object' && 'pretended' in authority
  const own = {
    country,
    name: isAuthority ? `SCA of ${country}` : `DSC ${serial}`,
    ...keyPair('ES256', 'P-256'),
    ...(algorithm === 'ES256' ? pair : {}),
  }
  const issuer = claimed
    ? {
        country: claimed.country,
        name: `SCA of ${claimed.country}`,
        ...(isPretended ? forger : { privateKey: claimed.privateKey, publicKey: claimed.key.publicKey }),
      }
    : own
  const text = { country, name: own.name, publicKey: pair.publicKey, issuer, from, until, extendedUsages, isAuthority }
  const forged = isPretended && claimed ? { authorityKeyId: keyIdentifier(claimed.key.publicKey) } : {}
  const certificate = writeCertificate({ ...text, ...forged }, ++serial)
  const keyId = createHash('sha256').update(certificate).digest().subarray(0, 8).toString('base64')
  const certifiedBy = claimed && !isPretended ? claimed.key.certificate : undefined
  return {
    privateKey: pair.privateKey,
    algorithm,
    keyId,
    country,
    key: {
      ids: [keyId, keyIdentifier(pair.publicKey).toString('base64')],
      publicKey: pair.publicKey,
      certificate,
      from,
      until,
      extendedUsages,
      ...(certifiedBy ? { certifiedBy } : {}),
    },
  }
}

/** Makes a signer that has a key alone; for cards its id is the RFC 7638 thumbprint. */
export function bareSigner(wish: Pick<SignerWish, 'country' | 'algorithm'> & { keyId?: string } = {}): Signer {
  const { country = 'DE', algorithm = 'ES256' } = wish
  const { publicKey, privateKey } = keyPair(algorithm, 'P-256')
  const keyId = wish.keyId ?? thumbprint(publicKey)
  return { privateKey, algorithm, keyId, country, key: { ids: [keyId], publicKey } }
}

/** RFC 7638 thumbprint of an EC key. */
function thumbprint(key: KeyObject): string {
  const { crv, kty, x, y } = key.export({ format: 'jwk' })
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
}

/** Cards that every card key's revocation list names. */
export const revokedCards = [
  { rid: 'REVOKEDRID' },
  { rid: 'OLDRID', before: 1_600_000_000 },
  { rid: 'NEWRID', before: 4_000_000_000 },
]

/** The JWK of a key with everything that a JWK can say of it. */
export function jwkOf(key: DeclaredKey): Record<string, unknown> {
  const { ids, certificate, issuer, participant, domain, usage, status, from, until, revoked } = key
  const seconds = (date: Date) => date.getTime() / 1000
  const rids = revoked?.map(({ rid, before }) => (before === undefined ? rid : `${rid}.${before}`))
  return {
    ...key.publicKey.export({ format: 'jwk' }),
    kid: ids[0],
    ...(certificate ? { x5c: [Buffer.from(certificate).toString('base64')] } : {}),
    ...(issuer || participant ? { iss: issuer ?? participant } : {}),
    ...(domain ? { domain } : {}),
    ...(usage ? { usage } : {}),
    ...(status ? { status } : {}),
    ...(from && !certificate ? { nbf: seconds(from) } : {}),
    ...(until && !certificate ? { exp: seconds(until) } : {}),
    ...(rids ? { crlVersion: 1, crl: { kid: ids[0], method: 'rid', ctr: 1, rids } } : {}),
  }
}
