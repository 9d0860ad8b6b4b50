import { createCipheriv } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import type { JsonObject } from '../base/json-value.ts'
import { type HcertClaims, hcertClaims } from './issue-hcert.ts'

/**
 * Issues health links for demonstration and tests (SMART Health Links 1.0; IHE ITI VHL): the text of the link, the certificate around it,
 * and its files; key and nonces are made by the caller.
 */

/** What a link says; the key as bytes, the rest as it stands in the payload. */
export interface LinkContent {
  url: string
  /** 32 bytes. */
  key?: Uint8Array
  flag?: string
  /** Seconds since 1970. */
  exp?: number
  label?: string
  v?: number
  extension?: JsonObject
}

/** The text of a link; `viewer` is the address of a page that shows it, without `#`. */
export function issueHealthLink(content: LinkContent, scheme: 'shlink' | 'vhlink', viewer?: string): string {
  const { key, ...rest } = content
  const payload = { ...rest, ...(key ? { key: Buffer.from(key).toString('base64url') } : {}) }
  const text = `${scheme}:/${Buffer.from(JSON.stringify(payload)).toString('base64url')}`
  return viewer === undefined ? text : `${viewer}#${text}`
}

/** The claims of a certificate that holds links: one as text, several as a list (HCERT, subclaim 5). */
export function linkClaims(links: string[], claims: Omit<HcertClaims, 'certificate'>) {
  const [first, ...others] = links
  const value = first !== undefined && others.length === 0 ? first : links.map((u) => ({ u }))
  return hcertClaims({ ...claims, certificate: [5, value] })
}

/** How a file of a link is sealed. */
export interface FileSeal {
  /** 32 bytes. */
  key: Uint8Array
  /** 12 bytes, never twice under one key. */
  nonce: Uint8Array
  contentType: string
  /** Deflated before. */
  isCompressed?: boolean
}

/** A file as a link offers it: compact JWE (RFC 7516), `dir` and `A256GCM`. */
export function sealFile(bytes: Uint8Array, { key, nonce, contentType, isCompressed = false }: FileSeal): string {
  const zip = isCompressed ? { zip: 'DEF' } : {}
  return sealUnder(
    { alg: 'dir', enc: 'A256GCM', cty: contentType, ...zip },
    isCompressed ? deflateRawSync(bytes) : bytes,
    {
      key,
      nonce,
    },
  )
}

/** The same under any header, as a forger might write it. */
export function sealUnder(header: JsonObject, content: Uint8Array, { key, nonce }: Pick<FileSeal, 'key' | 'nonce'>) {
  const head = Buffer.from(JSON.stringify(header)).toString('base64url')
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(head, 'latin1'))
  const sealed = Buffer.concat([cipher.update(content), cipher.final()])
  const parts = [nonce, sealed, cipher.getAuthTag()].map((part) => Buffer.from(part).toString('base64url'))
  return [head, '', ...parts].join('.')
}

/** A file of SMART Health Cards out of the compact JWS of each. */
export const cardFile = (cards: string[]): Buffer => Buffer.from(JSON.stringify({ verifiableCredential: cards }))
