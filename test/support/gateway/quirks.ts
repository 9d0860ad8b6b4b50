/** Behaviours of the network's gateway that no documentation tells; by default as it is. */

/** Who may do what with revocations. */
export type Role = 'REVOCATION_LIST_READER' | 'REVOCATION_UPLOADER' | 'REVOCATION_DELETER'

/** Switchable while the stand-in runs. */
export interface Quirks {
  /** `/trustList/references` takes the one filter for the other. */
  swappedFilters: boolean
  /** An update with the uuid of another country's row is refused, instead of moving the row to the sender. */
  updateChecksOwner: boolean
  /** Unknown values of `referenceType` and `signatureType` filter nothing. */
  ignoreUnknownEnumFilters: boolean
  /** No certificate or an unknown one ends the connection by a TLS alert, as a terminator before a gateway does; else 401. */
  tlsAlert: boolean
  /** An unknown reference is 400, not 404. */
  notFoundAs400: boolean
  /** true: all revocation routes; false: the list alone; 'off': none. */
  revocation: boolean | 'off'
  /** Batches of a page of `/revocation-list`. */
  pageSize: number
}

/** As measured. */
export const realQuirks: Quirks = {
  swappedFilters: true,
  updateChecksOwner: false,
  ignoreUnknownEnumFilters: true,
  tlsAlert: false,
  notFoundAs400: true,
  revocation: false,
  pageSize: 1000,
}
