/** Batches of revoked hashes (EU DCC gateway, revocation), before they are given to a gateway. */
import type { JsonObject } from '../../base/json-value.ts'

/** What the hashes of a batch are made of. */
export const batchHashTypes = ['UCI', 'SIGNATURE', 'COUNTRYCODEUCI'] as const

/** Most hashes of a batch. */
const MOST_ENTRIES = 1000
const HASH_BYTES = 16
const SHA256_BYTES = 32

/** What stands in every batch beside its hashes. */
export interface BatchHead {
  /** Alpha-2 of the sender. */
  country: string
  /** Until when the hashes count. */
  expires: Date
  /** Base64; undefined where the signer's key is not known. */
  kid?: string | undefined
  hashType: (typeof batchHashTypes)[number]
}

/** Numbers of lines, the first ten of them. */
function placesOf(lines: readonly number[]): string {
  const more = lines.length > 10 ? ` and ${lines.length - 10} more` : ''
  return `${lines.length === 1 ? 'line' : 'lines'} ${lines.slice(0, 10).join(', ')}${more}`
}

/**
 * Batches of a file of hashes, one a line: base64 or hexadecimal of a SHA-256 or its first half; empty lines and those that begin with
 * `#` are passed over. As many batches as are needed; equal hashes are sent once.
 * @throws Error that names lines, and quotes none
 */
export function batchesOfLines(text: string, head: BatchHead): JsonObject[] {
  const hashes = new Set<string>()
  const wrong: number[] = []
  text.split(/\r?\n/).forEach((line, at) => {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) return
    const hash = hashOf(trimmed)
    if (hash === undefined) wrong.push(at + 1)
    else hashes.add(hash)
  })
  if (wrong.length > 0) throw fault(`no hash in base64 or hexadecimal stands in ${placesOf(wrong)}`)
  if (hashes.size === 0) throw fault('there is no hash in it')
  const all = [...hashes]
  const batches: JsonObject[] = []
  for (let at = 0; at < all.length; at += MOST_ENTRIES)
    batches.push({
      country: head.country,
      expires: head.expires.toISOString().replace(/\.\d+Z$/, 'Z'),
      kid: head.kid ?? 'UNKNOWN_KID',
      hashType: head.hashType,
      entries: all.slice(at, at + MOST_ENTRIES).map((hash) => ({ hash })),
    })
  return batches
}

/** What a gateway, or sense, has against a batch that came as JSON and is well-formed. */
export function batchProblems(batch: JsonObject, country: string, now: Date): string[] {
  const problems: string[] = []
  if (batch.country !== country) problems.push(`country is not ${country}, that of the certificates`)
  if (!Array.isArray(batch.entries) || batch.entries.length === 0) problems.push('there is no entry in it')
  else if (batch.entries.length > MOST_ENTRIES) problems.push(`it has more than ${MOST_ENTRIES} entries`)
  if (typeof batch.expires === 'string' && new Date(batch.expires) <= now) problems.push('it has expired')
  for (const name of ['batchId', 'date', 'deleted'])
    if (name in batch) problems.push(`${name} is the gateway's to give`)
  return problems
}

function hashOf(text: string): string | undefined {
  const isHex = /^(?:[0-9a-f]{32}|[0-9a-f]{64})$/i.test(text)
  const isBase64 = /^(?:[A-Za-z0-9+/]{22}(?:==)?|[A-Za-z0-9+/]{43}=?)$/.test(text)
  if (!isHex && !isBase64) return undefined
  const bytes = Buffer.from(text, isHex ? 'hex' : 'base64')
  if (bytes.length !== HASH_BYTES && bytes.length !== SHA256_BYTES) return undefined
  // Spare bits that are set say the same bytes in an unusual way: a slip, most likely of the wrong line.
  if (isBase64 && bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) return undefined
  return bytes.subarray(0, HASH_BYTES).toString('base64')
}

const fault = (text: string) => Object.assign(new Error(text), { code: 'BATCH' })
