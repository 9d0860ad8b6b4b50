import type { KeyObject, X509Certificate } from 'node:crypto'
import type { Json } from '../base/json-value.ts'
import type { HealthLink } from './health-link/health-link.ts'
import type { HeldLists } from './held-lists.ts'
import type { Layer } from './layer.ts'
import type { CheckName, Status } from './verdict-words.ts'

export { type CheckName, checkNames, type Status } from './verdict-words.ts'

/** What a credential certifies: vaccination, test, recovery (the keys of the EU DCC), or a whole patient summary, which is none of them. */
export type EventKind = 'v' | 't' | 'r' | 's'

/** A time claim in seconds since 1970; present but not a finite number is kept apart from absent. */
export type Claim = number | 'not-a-number'

/** Bounds of what is read of a credential, whatever it says of itself. */
export interface Limits {
  /** Longest text of one code, in characters. */
  textCharacters: number
  /** Longest text of one DIVOC code, whose zip is larger. */
  zipCharacters: number
  /** Most chunks of a chunked SMART Health Card. */
  chunks: number
  /** Largest inflated size, in bytes. */
  inflatedBytes: number
  cborDepth: number
  cborItems: number
  jsonDepth: number
}

/** The largest real credential has 1,781 characters and inflates to some thousand bytes. */
export const defaultLimits: Limits = {
  textCharacters: 8192,
  zipCharacters: 16_384,
  chunks: 50,
  inflatedBytes: 256 * 1024,
  cborDepth: 32,
  cborItems: 20_000,
  jsonDepth: 64,
}

/** What was scanned: the text of a code, the texts of its chunks, or the bytes of a raw transport (HCERT 4.1: NFC, Bluetooth). */
export type Scanned = string[] | Uint8Array

/**
 * What one check found: a failure when it has a status, else a departure that is told and leaves the credential readable. No detail
 * quotes the credential.
 */
export interface Finding {
  check: CheckName
  status?: Status
  /** Told of a check that passed: no departure at all. */
  isNote?: true
  /** Though it is no failure, nothing can be accepted with it. */
  blocks?: true
  detail: string
}

/** Why a text is no credential of its format: the check that fails ends the decoding. */
export interface Failure extends Finding {
  status: Status
  /** The kind, known as far as the text went. */
  format?: string
  /** Earlier checks that could not be reached all the same: an SHC with a bad header was never inflated. */
  skipped?: CheckName[]
  /** Where its content lies elsewhere, for whoever may follow it: a link that nobody signed is no credential of its own. */
  link?: HealthLink
}

/** Failures of one format. */
export const failureOf =
  (format: string) =>
  (check: CheckName, status: Status, detail: string): Failure => ({ check, status, detail, format })

/** What a format may ask of a trusted key; trust/'s TrustedKey fits. */
export interface VerificationKey {
  publicKey: KeyObject
  keyId: string
  /** Participant (alpha-3) that the key belongs to; empty when the key binds nobody. */
  participant: string
  certificate?: X509Certificate | undefined
  thumbprint: string
  /** GDHCN usage (`DSC`, `SCA`, …); empty when the entry does not say. */
  usage: string
  /** Least version of the revocation list, which the key announces. */
  revocationVersion?: number
  /** The revocation list that came with the key, as it was published. */
  revocationList?: Json
}

/** A decoded, not yet verified credential: what finds the key and judges the period, and no content (HCERT 6.3). */
export interface Envelope {
  /** Kind of certificate, as far as it is known before the content is read. */
  format: string
  /** As the credential says (claim 1, iss, hdr.is), whatever it is; absent when it names none. */
  issuer?: unknown
  /** What to look up, as trusted lists spell it; undefined → KID_NOT_INCLUDED. */
  keyId: string | undefined
  /** Other names under which a trusted list may hold the signer's key, tried after `keyId`. */
  otherKeyIds?: string[]
  /** Name in the JOSE registry, e.g. ES256. */
  algorithm: string
  /** Whether the signature matches; false also for a key of the wrong type. Pure. A promise only for JSON-LD proofs. */
  verify(key: VerificationKey): boolean | Promise<boolean>
  /** What is unusual about this key under this signature. */
  keyRemark?(key: VerificationKey): string | undefined
  /**
   * Formats that carry their signer's certificate: whether it chains to this trusted key. A key that does not vouch is no
   * candidate (ISSUER_NOT_TRUSTED, not INVALID_SIGNATURE).
   */
  vouchedBy?(key: VerificationKey): boolean
  /** The embedded signer certificate, whose period and extended key usage count beside the trusted key's. */
  signer?: X509Certificate
  /** Whether the proof covers every datum. */
  coverage: 'whole' | 'partial'
  period: { issuedAt?: Claim; notBefore?: Claim; expires?: Claim }
  /** About the envelope and its claims. */
  remarks: Finding[]
  /**
   * What the revocation list that came with the key and those that the server holds of its owner say: that one names the credential (status
   * REVOKED), or what is wrong with a list; undefined when no list is known at all. Absent where no lists of the format are known.
   */
  revocation?(key: VerificationKey, certificateIds: string[], held: HeldLists | undefined): Finding[] | undefined
  /** Reads the content; called only when the signature matched. A text says why it is no content of this kind (UNSUPPORTED_CONTENT). */
  open(): Opened | string
}

/** What a credential says, read once after its signature was verified; every later step reads this value and no other. */
export interface Opened {
  /** Strict JSON, texts in normal form C, without what FHIR would refuse and without events that did not happen. */
  content: Json
  /** Kinds of certificate in it, the one that names the credential first; each is one of the format's `kinds`. */
  formats: string[]
  /** Certified events, of all kinds, for key usage. */
  events: EventKind[]
  /** Kinds of those that happened, which rules are about; absent where all did, or none. */
  happened?: EventKind[]
  /** Departures that leave it readable: the check `payload` warns. No text quotes a value. */
  remarks: string[]
  /** What was not understood or does not count. */
  obstacles: Obstacle[]
  /** Identifiers under which a revocation list may name it. */
  certificateIds: string[]
  /** Signed pointers to content elsewhere. */
  links?: HealthLink[]
  /** The formats under a signer of that GDHCN domain, where it decides between two. */
  formatsUnder?(domain: string): string[]
}

/**
 * Something of the content that is not counted: it makes `accepted` impossible where it `blocks`, else (an event that did not happen
 * and is left out) it is told. The text never quotes a value.
 */
export interface Obstacle {
  text: string
  blocks: boolean
}

/** What maps and rules get of one kind of certificate in a verified credential. Numbers stay numbers; `""` counts as absent. */
export interface CertificateInput {
  /** Canonicals of the default maps: content → core data set, each over the output of the one before, then core data set → Bundle. */
  maps: {
    coreDataSet: readonly string[]
    bundle: readonly string[]
    /** The maps to a Bundle read the content itself: a patient summary says more than core data sets can hold. */
    bundleOf?: 'content'
  }
  /** What maps into the core data set read. */
  claims: Json
  /** What maps that compose resources at once read (WHO DDCC `Cert…toDDCC`, and the WHO validator's); absent: the claims. */
  composition?(): Json
  /** Certified events: as many core data sets are due. One at least, but for a patient summary, which may have no vaccinations. */
  events: number
  /** Payload of CertLogic rules (EU DCC validation rules), where they are about this kind. */
  certLogic?: Json
}

/** One kind of certificate that a format carries. */
export interface CertificateKind {
  /** Trust domains of the network whose keys are there to sign it (WHO smart-trust, domains); absent: any. */
  domains?: readonly string[]
  /** Its default maps and what they get of the content; absent for a kind that points at content and has none of its own. */
  input?(content: Json): CertificateInput
}

/**
 * One credential format: everything that is particular to it. A format is one folder and one line in the list of formats; nothing
 * else of the server knows its name. Nothing of it throws, fetches, or reads the clock.
 */
export interface CredentialFormat {
  /** Family, by which the network marks keys that serve it alone. */
  name: string
  /** How its issuers are named, and so compared with a key's: as a country or participant, or by an address character by character. */
  issuers: 'country' | 'address'
  /** Prefix test only, no decoding. */
  recognises(scanned: Scanned): boolean
  /** Whether a credential may come in several chunks; without it several texts are refused. */
  isChunked?: true
  /** Which of how many chunks a text is, from 1; undefined for one that is whole, or no chunk at all. */
  chunkOf?(text: string): { at: number; of: number } | undefined
  /** To an envelope, or what is wrong. */
  decode(scanned: Scanned, limits: Limits): Envelope | Failure
  /** The layers between the text and what it says, for people; as far as they can be read. */
  layers?(scanned: Scanned, limits: Limits): Layer[]
  /** What a signer certificate's extended key usage (object identifiers) says against these contents; only for formats that have usages. */
  keyUsage?(usages: readonly string[], content: Pick<Opened, 'formats' | 'events'>): Finding | undefined
  /** Kinds of certificate by their code in replies. */
  kinds: Readonly<Record<string, CertificateKind>>
}

/** A finding of the check `revocation`. */
export const revocationFault = (detail: string): Finding => ({ check: 'revocation', detail })
/** That the list of its issuer names the credential. */
export const revoked: Finding = {
  check: 'revocation',
  status: 'REVOKED',
  detail: 'the credential is on the revocation list of its issuer',
}
