import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'

/** A revocation list of SMART Health Cards `{kid, method: "rid", ctr, rids}` (SMART Health Cards Framework, revocation), read. */
export interface CardList {
  keyId: string
  /** `ctr`, which grows with every change. */
  version: number
  /**
   * When a card with this `rid` must have been issued, in seconds since 1970, not to be revoked; Infinity: all are. Undefined for a
   * card that the list does not name.
   */
  revokedBefore(rid: string): number | undefined
  entries: number
  /** What {@link revokedBefore} answers, by `rid`. */
  revoked: ReadonlyMap<string, number>
  /** What is wrong with the list; what is well-formed in it counts all the same. */
  faults: string[]
}

const ENTRY = /^([A-Za-z0-9_-]{1,24})(?:\.(\d{1,12}))?$/
/** An entry whose time is not understood, such as one in milliseconds: it revokes at any time. */
const TIMELESS = /^([A-Za-z0-9_-]{1,24})\./
/** An RFC 7638 thumbprint. */
const KEY_ID = /^[A-Za-z0-9_-]{43}$/
const MEMBERS = ['kid', 'method', 'ctr', 'rids']

/** Reads one list; a text says why it is none. */
export function readCardList(json: Json): CardList | string {
  if (!isJsonObject(json)) return 'it is no object'
  const { kid, method, ctr, rids } = json
  const strange = Object.keys(json).filter((name) => !MEMBERS.includes(name))
  if (strange.length > 0) return `it has members beside ${MEMBERS.join(', ')}`
  if (typeof kid !== 'string' || !KEY_ID.test(kid)) return 'kid must be the thumbprint of a key, 43 characters'
  if (method !== 'rid') return 'method must be "rid"'
  if (typeof ctr !== 'number' || !Number.isSafeInteger(ctr) || ctr < 0) return 'ctr must be a whole number from 0'
  if (!Array.isArray(rids)) return 'rids must be a list'
  const revoked = new Map<string, number>()
  let malformed = 0
  for (const entry of rids) {
    const read = typeof entry === 'string' ? ENTRY.exec(entry) : null
    if (!read) malformed++
    const [, rid, seconds] = read ?? ((typeof entry === 'string' && TIMELESS.exec(entry)) || [])
    if (rid !== undefined)
      revoked.set(rid, Math.max(revoked.get(rid) ?? 0, seconds === undefined ? Infinity : Number(seconds)))
  }
  return {
    keyId: kid,
    version: ctr,
    revokedBefore: (rid) => revoked.get(rid),
    entries: revoked.size,
    revoked,
    faults: malformed > 0 ? [`${malformed} of ${rids.length} entries are malformed`] : [],
  }
}
