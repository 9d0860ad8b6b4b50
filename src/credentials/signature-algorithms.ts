import { constants, type KeyObject, verify } from 'node:crypto'
import { derSignature } from '../base/crypto/ecdsa-signature.ts'
import { isRsaLength } from '../base/crypto/rsa-length.ts'
import { keepPerObject } from '../base/keep.ts'

/** Everything there is to know about one signature algorithm; callers never switch on names. */
export interface SignatureAlgorithm {
  /** JOSE name (RFC 7518, RFC 8037). */
  name: string
  /** COSE identifier (RFC 9053). */
  cose: number
  keyTypes: string[]
  /** Undefined where the algorithm hashes by itself. */
  hash: string | undefined
  /** Where a salt of RSASSA-PSS may have any length; else it has the 32 bytes of RFC 7518, 3.5. */
  salt?: 'any'
  /** Curve that the name suggests; another one is remarked upon, not refused: certificates with ES256 and a P-384 key are in the field. */
  curve?: string
}

/** The algorithms that credentials are signed with; there are no others: no RS256, no MAC. */
export const signatureAlgorithms: SignatureAlgorithm[] = [
  { name: 'ES256', cose: -7, keyTypes: ['ec'], hash: 'sha256', curve: 'prime256v1' },
  { name: 'ES384', cose: -35, keyTypes: ['ec'], hash: 'sha384', curve: 'secp384r1' },
  { name: 'ES512', cose: -36, keyTypes: ['ec'], hash: 'sha512', curve: 'secp521r1' },
  { name: 'PS256', cose: -37, keyTypes: ['rsa', 'rsa-pss'], hash: 'sha256' },
  { name: 'EdDSA', cose: -8, keyTypes: ['ed25519'], hash: undefined },
]

const byCose = new Map<unknown, SignatureAlgorithm>(signatureAlgorithms.map((each) => [each.cose, each]))
const byName = new Map<unknown, SignatureAlgorithm>(signatureAlgorithms.map((each) => [each.name, each]))

/** The algorithm of a COSE header value, if allowed. */
export const algorithmFromCose = (value: unknown): SignatureAlgorithm | undefined => byCose.get(value)
/** The algorithm of a JOSE `alg` value, if allowed. */
export const algorithmFromJose = (value: unknown): SignatureAlgorithm | undefined => byName.get(value)

/** Bytes of r, and of s, by OpenSSL curve name. A curve that is not here has no defined signature length: refused. */
const COORDINATE_BYTES: Record<string, number> = {
  prime256v1: 32,
  secp384r1: 48,
  secp521r1: 66,
  brainpoolP256r1: 32,
  brainpoolP320r1: 40,
  brainpoolP384r1: 48,
  brainpoolP512r1: 64,
}
const MINIMUM_RSA_BITS = 2048

interface KeyFacts {
  type: string
  curve: string | undefined
  coordinateBytes: number | undefined
  rsaBits: number
}

/** Reading these off a KeyObject crosses into OpenSSL each time, so they are kept with the key. */
const keyFacts = keepPerObject((key: KeyObject): KeyFacts => {
  const details = key.asymmetricKeyDetails
  const curve = details?.namedCurve
  return {
    type: key.asymmetricKeyType ?? key.type,
    curve,
    coordinateBytes: curve === undefined ? undefined : COORDINATE_BYTES[curve],
    rsaBits: details?.modulusLength ?? 0,
  }
})

/**
 * Whether the raw signature (r‖s for ECDSA, never DER) over `data` matches. The hash comes from the algorithm, the curve
 * from the key. False, never an exception, for a key of the wrong type or a signature of the wrong length.
 */
export function signatureMatches(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const facts = keyFacts(key)
  if (!algorithm.keyTypes.includes(facts.type)) return false
  try {
    if (facts.type === 'ec') {
      if (facts.coordinateBytes === undefined || signature.length !== 2 * facts.coordinateBytes) return false
      return verify(algorithm.hash, data, key, derSignature(signature))
    }
    if (algorithm.hash === undefined) return verify(undefined, data, key, signature)
    if (facts.rsaBits < MINIMUM_RSA_BITS || !isRsaLength(signature, key)) return false
    const saltLength = algorithm.salt === 'any' ? constants.RSA_PSS_SALTLEN_AUTO : 32
    return verify(algorithm.hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature)
  } catch {
    return false // OpenSSL refuses some keys only when they are used; to the caller that is "does not match"
  }
}

/** Whether an ECDSA algorithm, the key's curve and the signature's length belong together, for formats that demand it. */
export function fitsCurve(algorithm: SignatureAlgorithm, key: KeyObject, signature: Uint8Array): boolean {
  const { curve, coordinateBytes } = keyFacts(key)
  return curve !== undefined && curve === algorithm.curve && signature.length === 2 * (coordinateBytes ?? 0)
}

/** What is unusual about this algorithm with this key (ES256 with a P-384 key occurs and verifies); undefined when nothing. */
export function curveRemark({ name, curve: wanted }: SignatureAlgorithm, key: KeyObject): string | undefined {
  const { curve } = keyFacts(key)
  if (wanted === undefined || curve === undefined || curve === wanted) return undefined
  return `algorithm ${name} is used with a key on curve ${curve}`
}
