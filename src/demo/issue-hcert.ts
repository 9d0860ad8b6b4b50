import { constants, type KeyObject, sign } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { encodeBase45 } from '../credentials/encoding/base45.ts'
import { coseLabels, signedBytes } from '../credentials/encoding/cose.ts'
import { type SignatureAlgorithm, signatureAlgorithms } from '../credentials/signature-algorithms.ts'
import { type CborInput, encodeCbor } from './cbor-encode.ts'

/**
 * Issues HCERT codes for demonstration and tests; key material is made by the caller. What it writes is what an issuer writes (HCERT,
 * section 3), and on request what a forger would.
 */

/** Who signs. */
export interface HcertSigner {
  privateKey: KeyObject
  /** Bytes of the key id: first 8 bytes of SHA-256 over the certificate's DER. */
  keyId: Uint8Array
  algorithm: 'ES256' | 'ES384' | 'ES512' | 'PS256' | 'EdDSA'
}

/** Departures from the usual form. */
export interface HcertOptions {
  /** Where the key id stands; default `protected`. */
  keyIdIn?: 'protected' | 'unprotected' | 'none'
  /** Where the algorithm stands; default `protected`. */
  algorithmIn?: 'protected' | 'unprotected'
  /** CBOR tags around the message, outermost first; default [18]. */
  tags?: number[]
  /** A forgery: this payload instead of the claims that were signed. */
  replacedPayload?: CborInput
  /** A forgery: this signature instead of the right one. */
  replacedSignature?: Uint8Array
}

/** Common claims (RFC 8392) around a kind of certificate; times in seconds. */
export interface HcertClaims {
  issuer?: string
  issuedAt?: number
  notBefore?: number
  expires?: number
  /** Key and value below the claim -260. */
  certificate: [key: number, value: CborInput]
}

/** The payload of an HCERT as a CBOR map. */
export function hcertClaims(claims: HcertClaims): Map<CborInput, CborInput> {
  const entries: [number, CborInput | undefined][] = [
    [1, claims.issuer],
    [4, claims.expires],
    [5, claims.notBefore],
    [6, claims.issuedAt],
    [-260, new Map([claims.certificate])],
  ]
  return new Map(entries.filter(([, value]) => value !== undefined))
}

/** The text of an HCERT code, `HC1:…`, over any payload. */
export function issueHcert(payload: CborInput, signer: HcertSigner, options: HcertOptions = {}): string {
  const algorithm = signatureAlgorithms.find(({ name }) => name === signer.algorithm)
  if (!algorithm) throw new TypeError(`no such algorithm: ${signer.algorithm}`)
  const { keyIdIn = 'protected', algorithmIn = 'protected' } = options
  const header = (place: string) =>
    new Map<CborInput, CborInput>([
      ...(algorithmIn === place ? ([[coseLabels.alg, algorithm.cose]] as const) : []),
      ...(keyIdIn === place ? ([[coseLabels.kid, signer.keyId]] as const) : []),
    ])
  const protectedBytes = encodeCbor(header('protected'))
  const signed = encodeCbor(payload)
  const signature =
    options.replacedSignature ?? signRaw(algorithm, signer.privateKey, signedBytes(protectedBytes, signed))
  const sent = 'replacedPayload' in options ? encodeCbor(options.replacedPayload) : signed
  const message: CborInput = [protectedBytes, header('unprotected'), sent, signature]
  const tagged = (options.tags ?? [18]).reduceRight<CborInput>((value, tag) => ({ tag, value }), message)
  return `HC1:${encodeBase45(deflateSync(encodeCbor(tagged)))}`
}

/** A raw signature, r‖s for ECDSA. */
function signRaw(algorithm: SignatureAlgorithm, key: KeyObject, data: Uint8Array): Buffer {
  if (algorithm.keyTypes.includes('ec')) return sign(algorithm.hash, data, { key, dsaEncoding: 'ieee-p1363' })
  if (algorithm.hash === undefined) return sign(undefined, data, key)
  return sign(algorithm.hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 })
}
