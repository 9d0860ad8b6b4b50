import type { TrustedKey } from './trusted-key.ts'

/** Kinds of trust source (trust-network.md, section 3). `gateway` comes with the gateway client. */
export type TrustSourceKind = 'did-v2' | 'jwks' | 'certificates'

/** One configured trust source. */
export interface TrustSource {
  /** Unique; appears in `issuer.trustList` of replies. */
  name: string
  kind: TrustSourceKind
  /** File, folder, or https URL. */
  location: string
  /** `did-v2`: file with the pinned signing key (DID document or JWK), or several. */
  key?: string[]
  /** `jwks`: issuer URL of the SMART Health Cards, unless each key says so itself. */
  issuer?: string
  /** `certificates`: for certificates without entry in `trust.json`. */
  participant?: string
  domain?: string
  usage?: string
  /** How often a remote list is fetched again; files are read at the start and on reload. */
  refreshSeconds?: number
}

/** What reading a source yields; `failure` says why it yields nothing. */
export interface SourceContent {
  keys: TrustedKey[]
  /** When the list was made, where it says so. */
  created?: string
  /** Entries that were left out, one text each. */
  warnings: string[]
}

/** A source cannot be used, with a reason for the administrator. */
export class UnusableSource extends Error {}

/** How files are read; the network comes behind the same functions. */
export interface TrustReaders {
  /** Bytes of a file. Rejects when there is none. */
  readFile(path: string): Promise<Buffer>
  /** Names in a folder, or undefined when the path is a file. Rejects when there is neither. */
  listFolder(path: string): Promise<string[] | undefined>
}
