/** Whose a key is, as those tell it who know keys: this room asks, and looks at nothing that a signature says of itself. */

import type { KeyObject, X509Certificate } from 'node:crypto'
import type { Resource } from '../../fhir/types.ts'

/** What a step found: a detail that passes, or why it fails or is not taken. Nothing of what is judged is quoted. */
export type Finding = string | { fail: string } | { skip: string }

/** Who signed, once that was proved. */
export interface Signer {
  /** Key id under which the key is known here. */
  keyId: string
  /** DID that the key is bound to by whoever vouches for it. */
  issuer?: string
  /** Code of the participant of the trust network. */
  participant?: string
  /** For people. */
  name?: string
  /** Lists that vouch for the key. */
  lists: readonly string[]
  /** Whether it is a key of this server. */
  isOwn?: true
}

/** A key that a header may mean, and how it stands. */
export interface JudgedKey {
  publicKey: KeyObject
  /** The one algorithm that its list has it for. */
  algorithm?: string
  signer: Signer
  /** Of a bare key; that of a certificate is part of `chain`. */
  period?: { from?: Date | undefined; until?: Date | undefined }
  key: Finding
  chain: Finding
  revocation: Finding
}

/** What a header says of its key. Nothing of it is trusted: it only helps to find what others vouch for. */
export interface AskedKey {
  keyId: string | undefined
  /** `iss` of the header. */
  issuer: string | undefined
  /** Leaf first; each is signed by the next. */
  certificates: readonly X509Certificate[]
  /** `sigT`. */
  signedAt: Date
}

/** Finds keys; a text says why there is none. */
type FindKeys = (asked: AskedKey) => readonly JudgedKey[] | string

/** Whether a signer may sign an artefact: its canonical url and jurisdictions; of a Bundle whether he may sign at all. */
export type JudgeAuthority = (signer: Signer, resource: Resource) => Finding

/** What judging signatures takes. */
export interface SignatureTrust {
  findKeys: FindKeys
  authority: JudgeAuthority
}

/** The parts of a DID URL: the DID, and what stands behind `#`; undefined for any other key id. */
export function didUrl(keyId: string): { did: string; fragment: string } | undefined {
  const [, did, fragment] = /^(did:[a-z0-9]+:[^#\s]+)#([^#\s]+)$/.exec(keyId) ?? []
  return did === undefined || fragment === undefined ? undefined : { did, fragment }
}
