import { type KeyObject, X509Certificate } from 'node:crypto'
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { hasPeriod, subjectKeyIdentifier } from '../../base/crypto/x509.ts'
import type { Json } from '../../base/json-value.ts'
import { keepPerObject } from '../../base/keep.ts'

/** What lists say of a key. */
const STATUSES = ['current', 'terminated', 'revoked', 'expired'] as const
/** What a list says of a key. */
export type KeyStatus = (typeof STATUSES)[number]

/** A status as lists write it; undefined for any other value. */
export const readStatus = (value: Json | undefined): KeyStatus | undefined => STATUSES.find((each) => each === value)

/** The form of a status, for messages. */
export const statusForm = `one of ${STATUSES.join(', ')}`

/** CSCA and SCA are one usage: paths and fragments of the network's lists say the one, coded fields the other. */
export const scaOf = (usage: string): string => (usage === 'CSCA' ? 'SCA' : usage)

/**
 * Domain of passport keys: the network has no code for it, and they are no keys of a health domain. An authority of passports signs
 * passports, and what it signed is no word of the participant of that country.
 */
export const PASSPORT_DOMAIN = 'ICAO'

/** A key that somebody vouches for. */
export interface TrustedKey {
  /** As published: standard base64 for HCERT, thumbprint for SMART Health Cards, a name for DIVOC. */
  keyId: string
  /** Further names of the same key: the subject key identifier of a certificate, base64. */
  otherKeyIds: string[]
  /** GDHCN participant, alpha-3 upper case; empty when the key binds nobody. */
  participant: string
  /**
   * Issuer that must be equal character by character: the address of SMART Health Cards or DIVOC. A key bound to an address
   * never serves formats whose issuers are countries, whatever its participant.
   */
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
  /** The one JOSE algorithm that the key is for (RFC 7517, 4.4), where its entry names one. */
  algorithm?: string
  /** SHA-256 in hex over the certificate's DER, or over the SubjectPublicKeyInfo of a bare key. */
  thumbprint: string
  /** SHA-256 in hex over the SubjectPublicKeyInfo: equal for every certificate of one key. */
  publicKeyThumbprint: string
  validFrom?: Date
  validTo?: Date
  /** Object identifiers of the certificate's extended key usage. */
  extendedKeyUsage: string[]
  /** Names of the lists that vouch for it, in configured order. */
  lists: string[]
  /** The upload certificate that signed the entry for a gateway: what is said against it is said against the key. */
  uploadedBy?: X509Certificate
  /** Other gateways that a federated entry comes from, as the gateway of the list names them; absent: no list has it from another. */
  sourceGateways?: string[]
  /** DID of the list that its list took it from; in a list that merges no others its own. */
  origin?: string
  /** The worst that any list says of it. */
  status: KeyStatus
  /** Least version of the revocation list, which the key announces. */
  revocationVersion?: number
  /** The revocation list itself, where it was given with the key. */
  revocationList?: Json
  /** What is unusual about the entry, for people who administer lists. */
  warnings: string[]
}

/** A family of credentials, as it finds its keys. */
export interface Framework {
  name: string
  /** How it names its issuers: as a country or participant, or by an address character by character. */
  issuers: 'country' | 'address'
}

/** What is looked for. */
export interface KeyQuery {
  /** Family of the credential: decides which keys may serve it and how the issuer is compared. Without it all are listed. */
  framework?: Framework
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
  /** Why no key counts at all, for an administrator: a list that withdraws keys, or that is required, cannot be read. */
  readonly unavailable?: string | undefined
  /** Lists that would give keys and are not there, in words, for an administrator. */
  readonly gap?: string | undefined
  /** What speaks for caution about a key that counts: its list is old, or a newer one that waits lacks it. */
  remarksOn?(key: TrustedKey): string[]
  /**
   * The worst that any list says of a certificate that need not be a key here: the signer that a seal carries. `revoked` also
   * for one that is distrusted. Undefined when nothing speaks against it.
   */
  objectionTo?(certificate: X509Certificate): Exclude<KeyStatus, 'current'> | undefined
}

/** SHA-256 in hex over a public key's SubjectPublicKeyInfo. */
export const publicKeyThumbprint = (key: KeyObject): string => sha256Hex(key.export({ type: 'spki', format: 'der' }))

/** Thumbprints of a certificate and of its public key; kept, since one authority stands above many keys. */
export const certificatePrints = keepPerObject((certificate: X509Certificate) => ({
  thumbprint: sha256Hex(certificate.raw),
  publicKeyThumbprint: publicKeyThumbprint(certificate.publicKey),
}))

/** Key id of a certificate: the first 8 bytes of SHA-256 over its DER, base64. */
export function derivedKeyId(certificate: X509Certificate): string {
  return Buffer.from(certificatePrints(certificate).thumbprint.slice(0, 16), 'hex').toString('base64')
}

/** The members of a TrustedKey that a certificate determines. Throws when its public key cannot be read. */
export function certificateMembers(certificate: X509Certificate) {
  const subjectKeyId = subjectKeyIdentifier(certificate.raw)
  return {
    certificate,
    publicKey: certificate.publicKey,
    ...certificatePrints(certificate),
    validFrom: certificate.validFromDate,
    validTo: certificate.validToDate,
    extendedKeyUsage: certificate.keyUsage ?? [],
    otherKeyIds: subjectKeyId ? [Buffer.from(subjectKeyId).toString('base64')] : [],
  }
}

/** Reads a certificate from DER; undefined when it is none, its key is of a kind that OpenSSL does not know, or its period cannot be read. */
export function readCertificate(der: Uint8Array | string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(der)
    return certificate.publicKey && hasPeriod(certificate) ? certificate : undefined
  } catch {
    return undefined // OpenSSL's codes say nothing to an administrator; the caller names the entry
  }
}

/** Curves of signing keys, by OpenSSL's names: at least 256 bits (TR-03110 for brainpool). */
const CURVES = /^(?:prime256v1|secp384r1|secp521r1|brainpoolP(?:256|320|384|512)[rt]1)$/
const MINIMUM_RSA_BITS = 2048

/**
 * Why a public key is of no use to anybody, whoever vouches for it; undefined for a good one. A curve that is not one of the known
 * ones (smaller, or given by parameters of its own) could be chosen so that anybody can sign under it.
 */
export function keyFault(key: KeyObject): string | undefined {
  const { namedCurve, modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return undefined
    case 'ec':
      return namedCurve !== undefined && CURVES.test(namedCurve)
        ? undefined
        : `its curve (${namedCurve ?? 'of unknown parameters'}) is not used`
    case 'rsa':
    case 'rsa-pss':
      if (modulusLength < MINIMUM_RSA_BITS) return `RSA of ${modulusLength} bits is too weak`
      return publicExponent < 3n ? 'its RSA exponent is too small' : undefined
    default:
      return `keys of type ${key.asymmetricKeyType ?? key.type} are not used`
  }
}

const CURVE_NAMES: Record<string, string> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

/** Name of a key's algorithm as people know it: `P-256`, `brainpoolP256r1`, `RSA-2048`, `Ed25519`. */
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
