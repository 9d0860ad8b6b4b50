import { createHash, type KeyObject, X509Certificate } from 'node:crypto'
import type { Json } from '../fhir/types.ts'
import { subjectKeyIdentifier } from '../fhir/x509.ts'

/** A key that somebody vouches for (trust-network.md, section 2). */
export interface TrustedKey {
  /** As published: standard base64 for HCERT, thumbprint for SMART Health Cards, a name for DIVOC. */
  keyId: string
  /** Further names of the same key: the subject key identifier of a certificate, base64. */
  otherKeyIds: string[]
  /** GDHCN participant, alpha-3 upper case; empty when the key binds nobody. */
  participant: string
  /** Issuer that must be equal character by character (SMART Health Cards, DIVOC). */
  issuer?: string
  /** GDHCN domain, e.g. `DCC`; empty when the key is bound to none. */
  domain: string
  /** `SCA`, `DSC`, `DECA`, `DESC`, `UP`, `TLS`, `AUTH`…; empty when not restricted. */
  usage: string
  /** Absent only for keys given as JWK. */
  certificate?: X509Certificate
  /** Issuers' certificates as published, nearest first. */
  chain: X509Certificate[]
  publicKey: KeyObject
  /** SHA-256 in hex over the certificate's DER, or over the SubjectPublicKeyInfo of a bare key. */
  thumbprint: string
  validFrom?: Date
  validTo?: Date
  /** Object identifiers of the certificate's extended key usage. */
  extendedKeyUsage: string[]
  /** Names of the lists that vouch for it, in configured order. */
  lists: string[]
  status: 'current' | 'terminated' | 'revoked' | 'expired'
  /** Least version of the revocation list, which the key announces. */
  revocationVersion?: number
  /** The revocation list itself, where it was given with the key. */
  revocationList?: Json
  /** What is unusual about the entry, for people who administer lists. */
  warnings: string[]
}

/** What is looked for. */
export interface KeyQuery {
  /** Family of the credential: decides how the issuer is compared. */
  framework?: string
  keyId?: string
  /** Participant in any spelling, a did:web id, or the issuer URL of a SMART Health Card. */
  issuer?: string
  domain?: string[]
  usage?: string[]
}

/** Anything that finds trusted keys. */
export interface KeySource {
  /** Every key that fits, in the order of the lists. */
  find(query: KeyQuery): TrustedKey[]
}

/** SHA-256 in hex. */
export const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Key id of a certificate: the first 8 bytes of SHA-256 over its DER, base64 (credentials.md, section 3). */
export function derivedKeyId(certificate: X509Certificate): string {
  return createHash('sha256').update(certificate.raw).digest().subarray(0, 8).toString('base64')
}

/** The members of a TrustedKey that a certificate determines. Throws when its public key cannot be read. */
export function certificateMembers(certificate: X509Certificate) {
  const subjectKeyId = subjectKeyIdentifier(certificate.raw)
  return {
    certificate,
    publicKey: certificate.publicKey,
    thumbprint: sha256Hex(certificate.raw),
    validFrom: certificate.validFromDate,
    validTo: certificate.validToDate,
    extendedKeyUsage: certificate.keyUsage ?? [],
    otherKeyIds: subjectKeyId ? [Buffer.from(subjectKeyId).toString('base64')] : [],
  }
}

/** Reads a certificate from DER; undefined when it is none, or its key is of a kind that OpenSSL does not know. */
export function readCertificate(der: Uint8Array | string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(der)
    return certificate.publicKey ? certificate : undefined
  } catch {
    return undefined // OpenSSL's codes say nothing to an administrator; the caller names the entry
  }
}

const CURVE_NAMES: Record<string, string> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

/** Name of a key's algorithm as trust-network.md section 3 has it: `P-256`, `brainpoolP256r1`, `RSA-2048`, `Ed25519`. */
export function keyAlgorithm(key: KeyObject): string {
  const details = key.asymmetricKeyDetails
  if (key.asymmetricKeyType === 'ec') {
    const curve = details?.namedCurve ?? 'EC'
    return CURVE_NAMES[curve] ?? curve
  }
  if (key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss') return `RSA-${details?.modulusLength}`
  return key.asymmetricKeyType === 'ed25519' ? 'Ed25519' : (key.asymmetricKeyType ?? 'unknown')
}

/** Whether the key's own period has ended at the clock. */
export const isExpired = (key: { validTo?: Date }, clock: Date): boolean =>
  key.validTo !== undefined && key.validTo < clock
