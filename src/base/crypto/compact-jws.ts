import { isJsonObject, parseJson } from '../json.ts'
import type { JsonObject } from '../json-value.ts'
import { isBase64url } from './base64.ts'

/** The parts of a signed message in compact form (RFC 7515, 7.1); nothing of it is proven. */
export interface CompactJws {
  /** As they stand in the message: base64url. The payload of a detached message is empty. */
  head: string
  payload: string
  header: JsonObject
  signature: Buffer
}

/** Longer headers are refused before they are read, in characters. */
const LONGEST_HEADER = 64 * 1024

/**
 * Takes a message apart, strictly, since what is read in two ways is signed in one: a header or payload in another spelling than the one
 * there is, and members that stand twice, are refused. A text says what is wrong, and quotes nothing of the message.
 */
export function splitJws(text: string): CompactJws | string {
  const parts = text.split('.', 4)
  const [head = '', payload = '', signature = ''] = parts
  if (parts.length !== 3) return 'it is not a compact JWS: three parts, separated by points, are expected'
  if (head.length > LONGEST_HEADER) return 'its header is too long'
  if (!parts.every(isBase64url)) return 'a part of it is not base64url without padding'
  if (head === '' || signature === '') return 'it lacks a header or a signature'
  const header = jsonObjectOf(Buffer.from(head, 'base64url'))
  if (!header) return 'its header is no JSON object, or has a member twice'
  return { head, payload, header, signature: Buffer.from(signature, 'base64url') }
}

/** The JSON object that bytes are; undefined for any other JSON, for none, and where a member stands twice. */
export function jsonObjectOf(bytes: Uint8Array): JsonObject | undefined {
  try {
    const json = parseJson(bytes)
    return isJsonObject(json) ? json : undefined
  } catch {
    return undefined // no JSON, or a member twice
  }
}
