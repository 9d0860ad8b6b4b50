import { createDecipheriv } from 'node:crypto'
import { isJsonObject } from '../../base/json.ts'
import { inflateRaw } from '../encoding/inflate.ts'
import { decodeBase64Url, parseStrictJsonBytes } from '../encoding/strict-json.ts'
import type { NotFollowed } from './followed.ts'

/** A file that the key of its link opened. */
export interface OpenFile {
  /** Media type as the file says it, in lower case and without parameters. */
  contentType?: string
  bytes: Buffer
}

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** Largest inflated size of a file that came compressed. */
const INFLATED_BYTES = 250_000
const HEADER_DEPTH = 8

const wrong = (check: NotFollowed['check'], status: NotFollowed['status'], detail: string): NotFollowed => ({
  check,
  status,
  detail: `file behind the link: ${detail}`,
})
const malformed = (detail: string) => wrong('envelope', 'INVALID_SIGNING_FORMAT', `JWE: ${detail}`)

/**
 * Opens a file: compact JWE (RFC 7516), `dir` and `A256GCM` and nothing else, raw deflate allowed (`zip` DEF), as SMART Health Links 1.0
 * have it.
 */
export function openFile(jwe: string, key: Uint8Array): OpenFile | NotFollowed {
  const parts = jwe.trim().split('.')
  const [header = '', encryptedKey, ...rest] = parts
  const [headerBytes, nonce, content, tag] = [header, ...rest].map((each) => decodeBase64Url(each))
  if (parts.length !== 5 || encryptedKey !== '' || !headerBytes || !nonce || !content || !tag)
    return malformed('not five parts of base64url with an empty second one')
  const members = parseStrictJsonBytes(headerBytes, HEADER_DEPTH)
  if (!isJsonObject(members)) return malformed('header is not a JSON object')
  if (members.alg !== 'dir' || members.enc !== 'A256GCM') return malformed('alg and enc are not dir and A256GCM')
  if ('crit' in members) return malformed('critical header parameter')
  const { zip, cty } = members
  if (zip !== undefined && zip !== 'DEF') return malformed('zip is not DEF')
  if (cty !== undefined && typeof cty !== 'string') return malformed('cty is not a text')
  if (key.length !== KEY_BYTES || nonce.length !== NONCE_BYTES || tag.length !== TAG_BYTES)
    return malformed('key, initialization vector or tag is of another length')
  const plain = decrypt({ key, nonce, tag, content, authenticated: header })
  if (!plain) return wrong('signature', 'INVALID_SIGNATURE', 'it was changed, or the key of the link is another one')
  const bytes = zip === 'DEF' ? inflateRaw(plain, INFLATED_BYTES) : plain
  if (!bytes) {
    const detail = `not raw deflate data of at most ${INFLATED_BYTES} bytes`
    return wrong('compression', 'INVALID_COMPRESSION', detail)
  }
  return cty === undefined ? { bytes } : { bytes, contentType: mediaType(cty) }
}

interface Sealed {
  key: Uint8Array
  nonce: Uint8Array
  tag: Uint8Array
  content: Uint8Array
  authenticated: string
}

function decrypt({ key, nonce, tag, content, authenticated }: Sealed): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(authenticated, 'latin1'))
  decipher.setAuthTag(tag)
  try {
    return Buffer.concat([decipher.update(content), decipher.final()])
  } catch {
    return undefined // the tag does not fit: node:crypto says no more
  }
}

/** Longest media type that is shown, in characters. */
const TYPE_CHARACTERS = 100

/**
 * A media type in lower case without parameters; in a JWE the part before the slash may be left out (RFC 7516, 4.1.12). What is none
 * becomes `application/octet-stream`.
 */
export function mediaType(text: string): string {
  const [type = ''] = text.toLowerCase().split(';')
  const whole = type.includes('/') ? type.trim() : `application/${type.trim()}`
  const isType =
    whole.length <= TYPE_CHARACTERS && /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/.test(whole)
  return isType ? whole : 'application/octet-stream'
}
