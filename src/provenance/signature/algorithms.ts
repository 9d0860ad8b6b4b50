/** Signature algorithms that are read (RFC 7518 §3.1, RFC 8037), and the one kind of key that each goes with. */

import { constants, type KeyObject, verify } from 'node:crypto'

interface Algorithm {
  fits(key: KeyObject): boolean
  hash: string | undefined
  isPss?: true
}

const isOnCurve = (key: KeyObject, curve: string): boolean =>
  key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === curve

/** Fewer bits are refused (NIST SP 800-131A). */
const leastModulusBits = 2048
const isStrong = ({ asymmetricKeyDetails }: KeyObject): boolean =>
  (asymmetricKeyDetails?.modulusLength ?? 0) >= leastModulusBits && (asymmetricKeyDetails?.publicExponent ?? 0n) >= 3n

const algorithms = new Map<string, Algorithm>([
  ['ES256', { fits: (key) => isOnCurve(key, 'prime256v1'), hash: 'sha256' }],
  ['ES384', { fits: (key) => isOnCurve(key, 'secp384r1'), hash: 'sha384' }],
  [
    'PS256',
    {
      fits: (key) => ['rsa', 'rsa-pss'].includes(String(key.asymmetricKeyType)) && isStrong(key),
      hash: 'sha256',
      isPss: true,
    },
  ],
  ['RS256', { fits: (key) => key.asymmetricKeyType === 'rsa' && isStrong(key), hash: 'sha256' }],
  ['EdDSA', { fits: (key) => key.asymmetricKeyType === 'ed25519', hash: undefined }],
])

/** Whether an algorithm is one that is read. There is no `none` and no MAC. */
export const isKnownAlgorithm = (name: unknown): name is string => typeof name === 'string' && algorithms.has(name)

/** Whether a public key is one that an algorithm is for. */
export const fitsAlgorithm = (name: string, key: KeyObject): boolean =>
  key.type === 'public' && algorithms.get(name)?.fits(key) === true

/** Whether the signature over bytes is that of the key; false, never an exception, for anything else. */
export function isSignatureOf(
  { algorithm, input, signature }: { algorithm: string; input: Uint8Array; signature: Uint8Array },
  key: KeyObject,
): boolean {
  const known = algorithms.get(algorithm)
  if (!known || !fitsAlgorithm(algorithm, key)) return false
  const options = known.isPss
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { key, dsaEncoding: 'ieee-p1363' as const }
  try {
    return verify(known.hash, input, options, signature)
  } catch {
    return false // a signature of the wrong length, or a key that OpenSSL refuses when it is used
  }
}
