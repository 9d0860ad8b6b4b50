import type { KeyObject, X509Certificate } from 'node:crypto'
import type { Json } from '../base/json-value.ts'

/** Checks of `$evaluate`, in the order in which they are made and reported (evaluate.md, Reply). */
export const checkNames = [
  'recognise',
  'encoding',
  'compression',
  'envelope',
  'payload',
  'key',
  'signature',
  'key-validity',
  'key-usage',
  'validity-period',
  'revocation',
] as const
/** Name of one check. */
export type CheckName = (typeof checkNames)[number]

/** Status codes of `$evaluate` (evaluate.md, Reply). */
export type Status =
  | 'VERIFIED'
  | 'NOT_SUPPORTED'
  | 'INVALID_ENCODING'
  | 'INVALID_COMPRESSION'
  | 'INVALID_SIGNING_FORMAT'
  | 'UNSUPPORTED_CONTENT'
  | 'KID_NOT_INCLUDED'
  | 'ISSUER_NOT_TRUSTED'
  | 'TERMINATED_KEYS'
  | 'EXPIRED_KEYS'
  | 'REVOKED_KEYS'
  | 'INVALID_SIGNATURE'
  | 'KEY_USAGE_MISMATCH'
  | 'NOT_YET_VALID'
  | 'EXPIRED'
  | 'REVOKED'
  | 'UNSIGNED_CONTENT'

/** Format codes of `$evaluate`: the kind of credential, known after decoding. */
export type Format =
  | 'hcert-dcc'
  | 'hcert-ddcc-vs'
  | 'hcert-ddcc-tr'
  | 'hcert-dvc'
  | 'hcert-icvp'
  | 'hcert-link'
  | 'shc'
  | 'divoc'
  | 'icao-vds-nc'
  | 'smart-health-link'

/** Name of a format family: which decoder reads it, and which keys it looks for. */
export type FormatName = 'hcert' | 'shc' | 'divoc' | 'icao-vds-nc' | 'smart-health-link'

/** What a credential certifies: vaccination, test, recovery (the keys of the EU DCC). */
export type EventKind = 'v' | 't' | 'r'

/** A time claim in seconds since 1970; present but not a finite number is kept apart from absent. */
export type Claim = number | 'not-a-number'

/** Limits of credentials.md, section 10. */
export interface Limits {
  /** Longest text of one code, in characters. */
  textCharacters: number
  /** Most chunks of a chunked SMART Health Card. */
  chunks: number
  /** Largest inflated size, in bytes. */
  inflatedBytes: number
  cborDepth: number
  cborItems: number
  jsonDepth: number
}

/** The limits of credentials.md, section 10. */
export const defaultLimits: Limits = {
  textCharacters: 8192,
  chunks: 50,
  inflatedBytes: 256 * 1024,
  cborDepth: 32,
  cborItems: 20_000,
  jsonDepth: 64,
}

/** A wrong credential: the check that fails, the status it gives, and a detail that never quotes the credential. */
export interface Failure {
  check: CheckName
  status: Status
  detail: string
  /** Known as far as the text went. */
  format?: Format
  /** Earlier checks that could not be reached all the same: an SHC with a bad header was never inflated. */
  skipped?: CheckName[]
  /** The issuer's name is no secret: reported when it was read. */
  issuer?: string
}

/** What a format needs of a trusted key; trust/'s TrustedKey fits. */
export interface VerificationKey {
  publicKey: KeyObject
  /** Participant (alpha-3) that the key belongs to; empty when the key binds nobody. */
  participant: string
  certificate?: X509Certificate | undefined
  thumbprint: string
  /** GDHCN usage (`DSC`, `SCA`, …); empty when the entry does not say. */
  usage: string
}

/** A departure that leaves the credential readable: its check becomes `warn`. */
export interface Remark {
  check: CheckName
  detail: string
}

/** What a credential says, read once after its signature was verified; every later step reads this value and no other. */
export interface Opened {
  /**
   * The shape of credentials.md section 8, first column: strict JSON, texts in normal form C, without what FHIR would refuse and
   * without events that did not happen.
   */
  content: Json
  /** Kinds of certificate in it, the one that names the credential first. */
  formats: Format[]
  /** Certified events, of all kinds, for key usage. */
  events: EventKind[]
  /** Departures that leave it readable: the check `payload` warns. No text quotes a value. */
  remarks: string[]
  /** What was not understood or does not count, and makes `accepted` impossible or must be told. */
  obstacles: Obstacle[]
  /** Identifiers under which a revocation list may name it. */
  certificateIds: string[]
  /** The formats under a signer of that GDHCN domain, where it decides between two. */
  formatsUnder?(domain: string): Format[]
}

/** Something of the content that is not counted. */
export interface Obstacle {
  /** Never quotes a value. */
  text: string
  /** False where the rest may still be accepted: an event that did not happen is told and left out. */
  blocks: boolean
}

/** A decoded, not yet verified credential: what finds the key and judges the period, and no content (HCERT 6.3). */
export interface Envelope {
  format: Format
  /** As the credential says: claim 1, iss, hdr.is. */
  issuer?: string
  /** Why the issuer cannot be compared with anything: no text, too long, control characters. */
  issuerFault?: string
  /** What to look up, in the spelling of credentials.md section 3; undefined → KID_NOT_INCLUDED. */
  keyId: string | undefined
  /** Name in the JOSE registry, e.g. ES256. */
  algorithm: string
  /** Other names under which a trusted list may hold the signer's key, tried after `keyId`. */
  otherKeyIds?: string[]
  /** Whether the signature matches; false also for a key of the wrong type. Pure. A promise only for JSON-LD proofs. */
  verify(key: VerificationKey): boolean | Promise<boolean>
  /**
   * Formats that carry their signer's certificate: whether it chains to this trusted key. A key that does not vouch is no
   * candidate (ISSUER_NOT_TRUSTED, not INVALID_SIGNATURE).
   */
  vouchedBy?(key: VerificationKey): boolean
  /** The embedded signer certificate, whose period and extended key usage count beside the trusted key's. */
  signer?: X509Certificate
  /** Whether the proof covers every datum. */
  coverage?: 'whole' | 'partial'
  period: { issuedAt?: Claim; notBefore?: Claim; expires?: Claim }
  /** SHC `rid`. */
  revocationId?: string
  /** Hashes under which a DCC revocation list may name it (hex, first 16 bytes of SHA-256); computed when asked for. */
  revocationHashes?(certificateIds: string[]): string[]
  /** About the envelope and its claims. */
  remarks: Remark[]
  /** Reads the content; called only when the signature matched. A text says why it is no content of this kind (UNSUPPORTED_CONTENT). */
  open(): Opened | string
}

/** One credential format: recognises by prefix, decodes to an envelope or says what is wrong. Never throws. */
export interface CredentialFormat {
  name: FormatName
  /** Prefix test only, no decoding. */
  recognises(text: string): boolean
  /** Whether a credential may come in several chunks. */
  isChunked?: true
  /** Several parts only for chunked formats. */
  decode(parts: string[], limits: Limits): Envelope | Failure
  /** Raw transport without text encoding (HCERT 4.1: NFC, Bluetooth); absent where the format has none. */
  decodeBytes?(bytes: Uint8Array, limits: Limits): Envelope | Failure
}

/** Whether a decoder's answer is a failure. */
export function isFailure(decoded: object): decoded is Failure {
  return 'check' in decoded && 'status' in decoded
}
