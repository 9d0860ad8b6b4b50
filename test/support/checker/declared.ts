import type { KeyObject } from 'node:crypto'

/** A key or certificate as a test declares it: all that the judge is told about trust. */
export interface DeclaredKey {
  /** Names under which credentials find it: key id, subject key identifier, thumbprint. */
  ids: string[]
  publicKey: KeyObject
  /** DER; absent for a bare key. */
  certificate?: Uint8Array
  /** List where it stands; absent = a certificate that exists and that no list has. */
  list?: string
  /** Country or participant that it is bound to, alpha-2 or alpha-3. */
  participant?: string
  /** URL that it is bound to by its source, whatever the key says of itself. */
  issuer?: string
  domain?: string
  /** Absent = not said: a document signer, above seals a signing authority. */
  usage?: string
  status?: 'current' | 'terminated' | 'revoked' | 'expired'
  /** Named by a list of distrusted keys, or missing in a list that is required. */
  isDistrusted?: boolean
  from?: Date
  until?: Date
  extendedUsages?: string[]
  /** Its authority: signed by the key of that certificate (DER). Undefined = by nobody who matters, whatever it claims. */
  certifiedBy?: Uint8Array
  /** Whether its list takes only signers whose authority is listed for the same participant. */
  isChainDemanded?: boolean
  /** Revoked cards: those of that `rid`, with `before` only when older than that second. */
  revoked?: { rid: string; before?: number }[]
}

/** A JSON value of signed content. */
export type Plain = null | boolean | number | string | Plain[] | { [member: string]: Plain }

/** A certified event; members are absent where what was signed is no valid value. */
export interface Certified {
  kind: 'v' | 't' | 'r'
  /** FHIR date or dateTime. */
  date?: string | undefined
  dose?: number | undefined
  total?: number | undefined
  /** `system|code` of vaccine, disease, type of test. */
  codes: string[]
  from?: string | undefined
  until?: string | undefined
  /** Disease of a vaccination that the International Health Regulations say something of. */
  disease?: 'yellow-fever' | 'poliomyelitis' | undefined
  /** Result of a test. */
  detected?: boolean | 'both' | undefined
}

/** Whom a certificate is about; names in NFC. */
export interface Person {
  names: string[]
  birthDate?: string | undefined
  identifiers: string[]
}

/** What the signed content says: with `faults` it must not be VERIFIED, with `doubts` not accepted. */
export interface Facts {
  persons: Person[]
  events: Certified[]
  faults: string[]
  doubts: string[]
  /** Keys of the known subclaims of an HCERT. */
  kinds: string[]
  /** What a revocation list would name it by. */
  revocable?: { rid: string; notBefore: Plain | undefined }
}

/** Three-valued answer of a rule. */
export type Answer = boolean | null
