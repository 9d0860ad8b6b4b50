import { isUtf8 } from 'node:buffer'
import { canonicalJson as writeCanonicalJson } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'

/**
 * Parses JSON in which no object has a member twice (JSON.parse would keep the last one, another reader the first) and which
 * is nested at most `maxDepth` deep. Undefined when it is broken or has either.
 */
export function parseStrictJson(text: string, maxDepth: number): Json | undefined {
  let json: Json
  try {
    json = JSON.parse(text)
  } catch {
    return undefined // the parser's message quotes the text
  }
  return isUnambiguous(text, maxDepth) ? json : undefined
}

/** The same of bytes, which must be UTF-8: what replaces a broken character would be text that nobody wrote. */
export function parseStrictJsonBytes(bytes: Uint8Array, maxDepth: number): Json | undefined {
  if (!isUtf8(bytes)) return undefined
  return parseStrictJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'), maxDepth)
}

/** One open object or list while scanning; `members` is absent for lists. */
interface Open {
  members?: Set<string>
}

/** Scans text that is known to be well-formed. */
function isUnambiguous(text: string, maxDepth: number): boolean {
  const open: Open[] = []
  let expectsName = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') {
      const end = stringEnd(text, at)
      if (expectsName && !addMember(open.at(-1), text.slice(at, end))) return false
      expectsName = false
      at = end - 1
    } else if (character === '{' || character === '[') {
      open.push(character === '{' ? { members: new Set() } : {})
      if (open.length > maxDepth) return false
      expectsName = character === '{'
    } else if (character === '}' || character === ']') open.pop()
    else if (character === ',') expectsName = open.at(-1)?.members !== undefined
  }
  return true
}

/** Position after the closing quote of the string that begins at `start`. */
function stringEnd(text: string, start: number): number {
  let at = text.indexOf('"', start + 1)
  while (isEscaped(text, at)) at = text.indexOf('"', at + 1)
  return at + 1
}

/** Whether an odd number of backslashes stands before a quote. */
function isEscaped(text: string, quote: number): boolean {
  let at = quote
  while (text[at - 1] === '\\') at--
  return (quote - at) % 2 === 1
}

/** False when the object has it already; an escaped name is compared unescaped. */
function addMember(object: Open | undefined, token: string): boolean {
  const name: string = token.includes('\\') ? JSON.parse(token) : token.slice(1, -1)
  if (!object?.members || object.members.has(name)) return false
  object.members.add(name)
  return true
}

/**
 * Bytes of base64url text (RFC 4648, section 5), padding allowed; undefined when it is none, or when bits that say nothing are
 * set: the same bytes would have several texts.
 */
export function decodeBase64Url(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9_-]+={0,2}$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text.replace(/=+$/, '') ? bytes : undefined
}

/** Canonical JSON (RFC 8785). Undefined for what has no canonical form: a lone surrogate, a number beyond the range of doubles (`1e400`). */
export function canonicalJson(value: Json): string | undefined {
  try {
    return writeCanonicalJson(value)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}
