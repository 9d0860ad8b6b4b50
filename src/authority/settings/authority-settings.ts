/** Who may write here, and what, as the configuration says it. */
import type { KeyObject } from 'node:crypto'
import type { Scope } from '../scopes.ts'

/** What somebody may write. */
export interface Grant {
  scopes: readonly Scope[]
  /** `*` is any. */
  canonicalPrefixes: readonly string[]
  /** Countries by three letters, `system|code`, or `*` for any. */
  jurisdictions: readonly string[]
}

/** A public key of a client. */
export interface ClientKey {
  keyId: string
  publicKey: KeyObject
  /** The one algorithm that it is for. */
  algorithm: 'RS384' | 'ES384'
}

/** A client of SMART Backend Services (CLIENTS). */
export interface ClientSettings extends Grant {
  id: string
  /** For people. */
  name: string
  /** With keys it is a client of this server's token endpoint; without, one of the external issuer. */
  keys: readonly ClientKey[]
  /** Addresses that its assertions may name as that of its keys (`jku`); nothing is fetched from them. */
  jku: readonly string[]
  /** Participant of the trust network that it belongs to, as it is written. */
  participant?: string
}

/** A participant of the trust network that may write (PARTICIPANTS). */
export interface ParticipantSettings extends Grant {
  /** Code of two or three letters, as it is written. */
  participant: string
  name: string
  /** SHA-256 thumbprints of its client certificates (mTLS), hex in lower case. */
  certificates: readonly string[]
  /** Whether a request may be authorised by a signature with an upload key that the trust lists name (RFC 9421). */
  networkKeys: boolean
}

/** An authorization server elsewhere whose access tokens are accepted (TOKEN_…). */
export interface IssuerSettings {
  /** `iss` of its tokens, exactly. */
  issuer: string
  /** Its keys: https address of a JWK Set, or a file. */
  jwks: { url: string } | { file: string }
  /** `aud` of tokens that are meant for this server. */
  audience: string
  /** Where clients get tokens, for smart-configuration. */
  tokenEndpoint?: string
}

/** The settings, read. */
export interface AuthoritySettings {
  issuer?: IssuerSettings
  clients: readonly ClientSettings[]
  participants: readonly ParticipantSettings[]
  /** Whether client certificates are seen in `Client-Cert` (RFC 9440) of the trusted proxies, too. */
  proxyCertificates: boolean
}
