/** One key of this server: how others know it, for how long, and how it signs. */

import { constants, type KeyObject, type SignKeyObjectInput, sign, type X509Certificate } from 'node:crypto'
import { jwkThumbprint } from '../base/crypto/jwk-thumbprint.ts'
import { sha256 } from '../base/crypto/sha256.ts'

/** Signature algorithms of JWS (RFC 7518 §3.1) that this server signs with. */
export type SigningAlgorithm = 'ES256' | 'ES384' | 'PS256' | 'RS256'

/**
 * `current` signs; `next` is shown ahead of its turn; `retired` is shown for as long as a signature by it lives; `revoked` is shown as what
 * counts no more.
 */
export type KeyState = 'current' | 'next' | 'retired' | 'revoked'

/** A key of this server, private where it still signs. */
export interface SigningKey {
  /**
   * With a certificate base64 of the first 8 bytes of SHA-256 over its DER, as lists of the network name it; else the thumbprint of
   * RFC 7638.
   */
  readonly keyId: string
  readonly algorithm: SigningAlgorithm
  readonly state: KeyState
  /** Since when and why it counts no more, of one that is `revoked`. */
  readonly revoked?: { at: string; reason: string }
  readonly publicKey: KeyObject
  readonly certificate?: X509Certificate
  /** The certificate first, then who issued each. */
  readonly chain: X509Certificate[]
  /**
   * Signature over bytes as JOSE writes it: for ECDSA r and s side by side (RFC 7518 §3.4).
   * @throws Error when only the public half is there
   */
  sign(bytes: Uint8Array): Promise<Buffer>
}

/** What a key is made of; the private half stays inside. */
export interface KeyMaterial {
  publicKey: KeyObject
  privateKey?: KeyObject
  /** The certificate first. */
  chain: X509Certificate[]
}

/** @throws Error that says why the key cannot sign */
export function signingKey(material: KeyMaterial, state: KeyState): SigningKey {
  const { publicKey, privateKey, chain } = material
  const [certificate] = chain
  const algorithm = algorithmOf(publicKey)
  return {
    keyId: keyIdOf(publicKey, certificate),
    algorithm,
    state,
    publicKey,
    ...(certificate ? { certificate } : {}),
    chain,
    sign: (bytes) => {
      if (!privateKey) return Promise.reject(new Error('only the public half of this key is here'))
      return signBytes(bytes, privateKey, algorithm)
    },
  }
}

function keyIdOf(publicKey: KeyObject, certificate: X509Certificate | undefined): string {
  if (certificate) return certificateKeyId(certificate)
  const thumbprint = jwkThumbprint(publicKey)
  if (thumbprint === undefined) throw new Error('the key has no form as a JWK')
  return thumbprint
}

/** Key id of a certificate as lists of the network have it: base64 of the first 8 bytes of SHA-256 over its DER. */
function certificateKeyId(certificate: X509Certificate): string {
  return sha256(certificate.raw).subarray(0, 8).toString('base64')
}

/** Fewer bits are refused (NIST SP 800-131A). */
const leastModulusBits = 2048

/** The algorithm that fits a key. @throws Error for a key that fits none */
export function algorithmOf(key: KeyObject): SigningAlgorithm {
  const { asymmetricKeyType, asymmetricKeyDetails } = key
  if (asymmetricKeyType === 'ec') {
    const curve = asymmetricKeyDetails?.namedCurve
    if (curve === 'prime256v1') return 'ES256'
    if (curve === 'secp384r1') return 'ES384'
    throw new Error(`an elliptic curve key must be on P-256 or P-384; this one is on ${curve ?? 'an unnamed curve'}`)
  }
  if (asymmetricKeyType === 'rsa') {
    const bits = asymmetricKeyDetails?.modulusLength ?? 0
    if (bits < leastModulusBits) throw new Error(`an RSA key must have ${leastModulusBits} bits; this one has ${bits}`)
    return 'PS256'
  }
  throw new Error(`a key for ECDSA or RSA is wanted; this one is for ${asymmetricKeyType ?? 'nothing that is known'}`)
}

const hashes = { ES256: 'sha256', ES384: 'sha384', PS256: 'sha256', RS256: 'sha256' } as const

function signBytes(bytes: Uint8Array, key: KeyObject, algorithm: SigningAlgorithm): Promise<Buffer> {
  const options: SignKeyObjectInput =
    algorithm === 'PS256'
      ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : { key, dsaEncoding: 'ieee-p1363' }
  return new Promise((resolve, reject) => {
    sign(hashes[algorithm], bytes, options, (error, signature) => (error ? reject(error) : resolve(signature)))
  })
}
