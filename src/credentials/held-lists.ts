/**
 * Revocation lists that the server holds beside those that come with keys, for one credential at one clock; trust/'s lists fit. A list
 * that is not known is undefined.
 */
export interface HeldLists {
  /** Hash lists of the participant whose key signed (EU DCC gateway, revocation). */
  hashes(): (ListState & HashLists) | undefined
  /** Lists of the issuer of SMART Health Cards, for the key that signed (SMART Health Cards Framework, revocation). */
  cards(): (ListState & CardLists) | undefined
}

/** What is told of lists whatever they hold; no text names the credential. */
interface ListState {
  /** What is wrong with them. */
  faults: string[]
  /** What was looked at, and of when it is, for a credential that they do not name. */
  told: string[]
}

/** What the hashes of a list are made of. */
export type RevocationHash = 'SIGNATURE' | 'UCI' | 'COUNTRYCODEUCI'

interface HashLists {
  types: readonly RevocationHash[]
  /** Codes of the participant, as its lists write it. */
  countries: readonly string[]
  /** Whether a list names this, the first 16 bytes of a SHA-256. */
  names(type: RevocationHash, hash: Uint8Array): boolean
  /** Whether a filter that stands in for a list lets this pass: a list names it, or something else that looks the same there. */
  mayName?(type: RevocationHash, hash: Uint8Array): boolean
}

interface CardLists {
  /** Each with its version, and with when a card of that `rid` must have been issued, in seconds, not to be revoked. */
  lists: readonly { version: number; revokedBefore(rid: string): number | undefined }[]
}
