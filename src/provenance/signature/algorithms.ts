/** Signature algorithms that artefacts are signed with (RFC 7518 §3.1, RFC 8037), and how strong their keys must be. */

import type { KeyObject } from 'node:crypto'
import { fitsJwsAlgorithm, isJwsSignature, type SignedBytes } from '../../base/crypto/jws-algorithms.ts'

const algorithms: readonly unknown[] = ['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA']

/** Fewer bits are refused (NIST SP 800-131A). */
const leastModulusBits = 2048
const isStrong = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean =>
  !asymmetricKeyType?.startsWith('rsa') ||
  ((asymmetricKeyDetails?.modulusLength ?? 0) >= leastModulusBits && (asymmetricKeyDetails?.publicExponent ?? 0n) >= 3n)

/** Whether an algorithm is one that is read. There is no `none` and no MAC. */
export const isKnownAlgorithm = (name: unknown): name is string => algorithms.includes(name)

/** Whether a public key is one that an algorithm is for. */
export const fitsAlgorithm = (name: string, key: KeyObject): boolean =>
  key.type === 'public' && isKnownAlgorithm(name) && fitsJwsAlgorithm(name, key) && isStrong(key)

/** Whether the signature over bytes is that of the key; false, never an exception, for anything else. */
export const isSignatureOf = (signed: SignedBytes, key: KeyObject): boolean =>
  fitsAlgorithm(signed.algorithm, key) && isJwsSignature(signed, key)
