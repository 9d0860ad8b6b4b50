import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { participantCode } from '../../base/participant-codes.ts'
import { HASH_BYTES } from './hash-drawer.ts'
import { type HashBatch, hashTypes } from './hash-index.ts'

/** A batch as its file has it, without the id that the file's name gives it. */
export interface ReadBatch extends Omit<HashBatch, 'id'> {
  /** When the gateway says that it was made. */
  date?: Date
}

/** What stands for any key of the participant. */
const ANY_KEY = ['', 'UNKNOWN_KID']
const MEMBERS = ['country', 'expires', 'kid', 'hashType', 'entries', 'date', 'batchId', 'deleted']
const SHA256_BYTES = 32

/**
 * Reads one batch `{country, expires, kid, hashType, entries: [{hash}]}` (EU DCC gateway, revocation) to the last member: what is not
 * understood may have been a withdrawal, so a text says what is wrong with it, and nothing of it is read. No text quotes an entry.
 */
export function readBatch(json: Json): ReadBatch | string {
  if (!isJsonObject(json)) return 'it is no object'
  const strange = Object.keys(json).filter((name) => !MEMBERS.includes(name))
  if (strange.length > 0) return `it has members beside ${MEMBERS.join(', ')}`
  if (json.deleted === true) return 'it is marked as deleted: take the file out of the folder'
  const country = typeof json.country === 'string' ? json.country.trim().toUpperCase() : ''
  if (participantCode(country) === undefined) return 'country must be a code of two or three letters'
  const hashType = hashTypes.find((type) => type === json.hashType)
  if (!hashType) return `hashType must be one of ${hashTypes.join(', ')}`
  const expires = instantOf(json.expires)
  if (!expires) return 'expires must be a date-time with an offset that exists'
  const date = instantOf(json.date)
  if (json.date !== undefined && !date) return 'date must be a date-time with an offset that exists'
  const keyId = keyIdOf(json.kid)
  if (keyId === undefined) return 'kid must be a key id in base64'
  const hashes = hashesOf(json)
  if (typeof hashes === 'string') return hashes
  return { country, hashType, expires, keyId, hashes, ...(date ? { date } : {}) }
}

/** The JSON of a batch's file: as it is, or its base64 text. A text says why it is neither. */
export function batchJson(text: string, parse: (json: string) => Json): { json: Json } | string {
  const trimmed = text.trim()
  if (/^[{[]/.test(trimmed)) return parsed(trimmed, parse)
  if (!/^[A-Za-z0-9+/\s]+={0,2}$/.test(trimmed)) return 'it is neither JSON nor base64'
  const bytes = Buffer.from(trimmed, 'base64')
  // A sequence of DER: CMS, whose signature nobody here could check.
  if (bytes[0] === 0x30) return 'it is a signed batch (CMS): the gateway client verifies those; files hold the payload'
  return parsed(bytes.toString('utf8').trim(), parse)
}

function parsed(text: string, parse: (json: string) => Json): { json: Json } | string {
  try {
    return { json: parse(text) }
  } catch {
    return 'it is not JSON' // the parser's message may quote an entry
  }
}

/** A date-time that the calendar has: Date would make another day of the 30th of February. */
function instantOf(value: Json | undefined): Date | undefined {
  if (typeof value !== 'string') return undefined
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/.test(value)) return undefined
  const day = new Date(`${value.slice(0, 10)}T00:00:00Z`)
  const exists = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value.slice(0, 10))
  const time = new Date(value.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  return exists && !Number.isNaN(time.getTime()) ? time : undefined
}

/** A key id of an EU DCC in hexadecimal. It is well-formed base64 as well, of other bytes, under which nothing would be found. */
const HEX_KEY_ID = /^[0-9a-f]{16}$/i

/** Standard base64; empty for any key. */
function keyIdOf(value: Json | undefined): string | undefined {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') return undefined
  if (ANY_KEY.includes(value)) return ''
  if (HEX_KEY_ID.test(value)) return Buffer.from(value, 'hex').toString('base64')
  return bytesOf(value)?.toString('base64')
}

/** Bytes of base64 in either alphabet; undefined for any other text, and for one that says the same bytes in an unusual way. */
function bytesOf(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64')
  const plain = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
  return bytes.toString('base64').replace(/=+$/, '') === plain ? bytes : undefined
}

function hashesOf({ entries }: JsonObject): Buffer | string {
  if (!Array.isArray(entries)) return 'entries must be a list'
  const hashes = Buffer.alloc(entries.length * HASH_BYTES)
  for (const [at, entry] of entries.entries()) {
    const hash = isJsonObject(entry) && Object.keys(entry).length === 1 ? hashOf(entry.hash) : undefined
    if (!hash) return `entry ${at + 1} must be {"hash": …} with ${HASH_BYTES} bytes of a SHA-256 in base64`
    hash.copy(hashes, at * HASH_BYTES, 0, HASH_BYTES)
  }
  return hashes
}

/** The first half of a SHA-256 in base64, or the whole of it; hexadecimal of either is told by its length. */
function hashOf(value: Json | undefined): Buffer | undefined {
  if (typeof value !== 'string') return undefined
  const isHex = /^(?:[0-9a-f]{32}|[0-9a-f]{64})$/i.test(value)
  const bytes = isHex ? Buffer.from(value, 'hex') : bytesOf(value)
  return bytes && (bytes.length === HASH_BYTES || bytes.length === SHA256_BYTES) ? bytes : undefined
}
