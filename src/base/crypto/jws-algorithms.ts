/** Signature algorithms of JWS, and the one kind of key that each goes with. There is no `none` and no MAC. */
import { constants, type KeyObject, verify } from 'node:crypto'
import { isRsaLength } from './rsa-length.ts'

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

/** RFC 7518, 3.1; RFC 8037; RFC 9864. */
const ALGORITHMS = new Map<string, Algorithm>([
  ['ES256', { fits: isOnCurve('prime256v1'), hash: 'sha256' }],
  ['ES384', { fits: isOnCurve('secp384r1'), hash: 'sha384' }],
  ['ES512', { fits: isOnCurve('secp521r1'), hash: 'sha512' }],
  ['PS256', { fits: (key) => isRsa(key) || key.asymmetricKeyType === 'rsa-pss', hash: 'sha256', isPss: true }],
  ['RS256', { fits: isRsa, hash: 'sha256' }],
  ['EdDSA', { fits: isEd25519, hash: undefined }],
  ['Ed25519', { fits: isEd25519, hash: undefined }],
])

/** Whether an algorithm is one that is read. */
export const isJwsAlgorithm = (name: string): boolean => ALGORITHMS.has(name)

/** Whether a public key is one that the algorithm is for. */
export const fitsJwsAlgorithm = (name: string, key: KeyObject): boolean => ALGORITHMS.get(name)?.fits(key) ?? false

/** Bytes that are signed, and the signature over them. */
export interface SignedBytes {
  algorithm: string
  input: Uint8Array
  signature: Uint8Array
}

/** Whether the signature over bytes is that of the key; false, never an exception, for anything else. */
export function isJwsSignature({ algorithm, input, signature }: SignedBytes, key: KeyObject): boolean {
  const known = ALGORITHMS.get(algorithm)
  if (!known?.fits(key)) return false
  if (known.isPss && !isRsaLength(signature, key)) return false
  const options = known.isPss
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { key, dsaEncoding: 'ieee-p1363' as const }
  try {
    return verify(known.hash, input, options, signature)
  } catch {
    return false // a signature of the wrong length, or a key that OpenSSL refuses when it is used
  }
}
