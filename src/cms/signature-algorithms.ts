/** Which signatures of messages count: ECDSA, RSA and RSASSA-PSS with SHA-256 and larger (RFC 5652, RFC 5754, RFC 4056). */
import { constants, type KeyObject, verify } from 'node:crypto'
import { isRsaLength } from '../base/crypto/rsa-length.ts'
import { type Element, expectTag, objectIdentifier, smallInteger, tags } from './ber.ts'
import { malformed, unproved } from './cms-error.ts'

/** Digests that count. SHA-1 and MD5 do not: another content with the same digest can be made. */
const digests: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

interface Scheme {
  kind: 'ec' | 'rsa' | 'pss'
  /** Absent where the identifier names none: then it is the digest of the message. */
  digest?: string
}

const schemes: Readonly<Record<string, Scheme>> = {
  '1.2.840.10045.2.1': { kind: 'ec' },
  '1.2.840.10045.4.3.2': { kind: 'ec', digest: 'sha256' },
  '1.2.840.10045.4.3.3': { kind: 'ec', digest: 'sha384' },
  '1.2.840.10045.4.3.4': { kind: 'ec', digest: 'sha512' },
  '1.2.840.113549.1.1.1': { kind: 'rsa' },
  '1.2.840.113549.1.1.11': { kind: 'rsa', digest: 'sha256' },
  '1.2.840.113549.1.1.12': { kind: 'rsa', digest: 'sha384' },
  '1.2.840.113549.1.1.13': { kind: 'rsa', digest: 'sha512' },
  '1.2.840.113549.1.1.10': { kind: 'pss' },
}

const curves = ['prime256v1', 'secp384r1', 'secp521r1', 'brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1']
const RSA_BITS = 2048
const MGF1 = '1.2.840.113549.1.1.8'
const SALT_BYTES = 20

/** A signature, and by what it was made. */
export interface SignatureToCheck {
  key: KeyObject
  /** AlgorithmIdentifier of the signature. */
  algorithm: Element
  /** Digest of the message, in node's spelling. */
  digest: string
  signed: Uint8Array
  signature: Uint8Array
}

/** The digest of an AlgorithmIdentifier, in node's spelling. @throws CmsError for one that does not count */
export function digestOf(algorithm: Element | undefined): string {
  const { children } = expectTag(algorithm, tags.sequence, 'the digest algorithm')
  const digest = digests[objectIdentifier(children[0], 'the digest algorithm')]
  if (!digest) unproved('the digest algorithm is none that counts: SHA-256, SHA-384 and SHA-512 do')
  return digest
}

/** Whether a signature is one of the key. @throws CmsError for an algorithm or a key that does not count */
export function signatureIsGood({ key, algorithm, digest, signed, signature }: SignatureToCheck): boolean {
  const [identifier, parameters] = algorithm.children
  const scheme = schemes[objectIdentifier(identifier, 'the signature algorithm')]
  if (!scheme) unproved('the signature algorithm is none that counts: ECDSA, RSA and RSASSA-PSS do')
  if (scheme.digest !== undefined && scheme.digest !== digest) unproved('digest and signature algorithm differ')
  checkKey(key, scheme.kind)
  const ways = {
    ec: () => ({ key, dsaEncoding: 'der' as const }),
    rsa: () => ({ key, padding: constants.RSA_PKCS1_PADDING }),
    pss: () => ({ key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: saltLengthOf(parameters, digest) }),
  }
  if (scheme.kind !== 'ec' && !isRsaLength(signature, key)) return false
  const way = ways[scheme.kind]()
  try {
    return verify(digest, signed, way, signature)
  } catch {
    return false // the key's own parameters do not allow it, or the salt is longer than the key
  }
}

function checkKey(key: KeyObject, kind: Scheme['kind']): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key
  const fits = kind === 'ec' ? type === 'ec' : type === 'rsa' || (kind === 'pss' && type === 'rsa-pss')
  if (!fits) unproved('the key of the signer is of another kind than the signature')
  if (kind === 'ec' && !curves.includes(details.namedCurve ?? ''))
    unproved('the curve of the signer is none that counts')
  if (kind !== 'ec' && (details.modulusLength ?? 0) < RSA_BITS) unproved('the key of the signer is too short')
}

/** RSASSA-PSS-params (RFC 4055, 3.1): both digests must be the message's. */
function saltLengthOf(parameters: Element | undefined, digest: string): number {
  const fields = new Map(
    expectTag(parameters, tags.sequence, 'the parameters of RSASSA-PSS').children.map((each) => [each.tag, each]),
  )
  const [hash, mask, salt, trailer] = [0xa0, 0xa1, 0xa2, 0xa3].map((tag) => fields.get(tag))
  const [maskName, maskHash] = mask?.children[0]?.children ?? []
  if (mask && objectIdentifier(maskName, 'the mask of RSASSA-PSS') !== MGF1)
    unproved('the mask of RSASSA-PSS is none that counts')
  // The defaults of both are SHA-1.
  if (!hash || !mask || digestOf(hash.children[0]) !== digest || digestOf(maskHash) !== digest)
    unproved('the digests of RSASSA-PSS differ from that of the message')
  if (trailer && smallInteger(trailer.children[0], 'the trailer of RSASSA-PSS') !== 1)
    malformed('the trailer of RSASSA-PSS is none that exists')
  return salt ? smallInteger(salt.children[0], 'the salt of RSASSA-PSS') : SALT_BYTES
}
