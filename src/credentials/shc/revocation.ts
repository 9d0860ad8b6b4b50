import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import { type Claim, type Finding, revocationFault, revoked, type VerificationKey } from '../credential-format.ts'
import type { HeldLists } from '../held-lists.ts'

/** What of a card its revocation entries are about. */
interface Revocable {
  rid: string | undefined
  notBefore: Claim | undefined
}

/**
 * What the revocation list that came with the key, and those that the server holds, say of a card; an entry `rid` revokes, `rid.seconds`
 * revokes cards with an nbf before that time. Well-formed entries count even in a list that is otherwise at fault.
 */
export function ridRevocation(
  key: VerificationKey,
  card: Revocable,
  held: HeldLists | undefined,
): Finding[] | undefined {
  const { revocationList: list, revocationVersion: version } = key
  const lists = held?.cards()
  const own = list === undefined ? undefined : ownRevocation(key, list, card)
  if (!lists) {
    if (own || version === undefined) return own
    return [revocationFault('the key announces a revocation list, which is not at hand')]
  }
  const isListed = lists.lists.some(({ revokedBefore }) => isRevoked(card, revokedBefore))
  if (isListed || own?.some(({ status }) => status !== undefined)) return [revoked]
  const findings = [...(own ?? []), ...lists.faults.map(revocationFault)]
  // The newest of all lists must be as new as the key announces; the one that came with it has said so of itself.
  if (version !== undefined && !own && !lists.lists.some((each) => each.version >= version))
    findings.push(revocationFault('the revocation list is older than the key announces'))
  return [...findings, ...lists.told.map((detail) => ({ ...revocationFault(detail), isNote: true as const }))]
}

function isRevoked({ rid, notBefore }: Revocable, revokedBefore: (rid: string) => number | undefined): boolean {
  const seconds = rid === undefined ? undefined : revokedBefore(rid)
  return seconds !== undefined && (typeof notBefore !== 'number' || notBefore < seconds)
}

/** What the list {kid, method: "rid", ctr, rids} that came with the key says. */
function ownRevocation(key: VerificationKey, list: Json, card: Revocable): Finding[] {
  const { revocationVersion: version } = key
  if (!isJsonObject(list) || !Array.isArray(list.rids)) return [revocationFault('the revocation list is malformed')]
  const faults: Finding[] = []
  const note = (detail: string) => faults.push(revocationFault(detail))
  if (list.method !== 'rid') note('the revocation list uses an unknown method')
  if (list.kid !== key.keyId) note('the revocation list is of another key')
  if (version !== undefined && !(typeof list.ctr === 'number' && list.ctr >= version))
    note('the revocation list is older than the key announces')
  const entries = list.rids.filter((each) => typeof each === 'string')
  if (entries.filter((each) => ENTRY.test(each)).length < list.rids.length)
    note('the revocation list has malformed entries')
  return entries.some((entry) => names(entry, card)) ? [revoked] : faults
}

const ENTRY = /^[A-Za-z0-9_-]{1,24}(\.\d{1,12})?$/

/** A time that is not understood, such as one in milliseconds, revokes cards of any time. */
function names(entry: string, { rid, notBefore }: Revocable): boolean {
  const [listed] = entry.split('.', 1)
  if (rid === undefined || listed !== rid) return false
  const seconds = ENTRY.test(entry) ? entry.split('.')[1] : undefined
  return seconds === undefined || typeof notBefore !== 'number' || notBefore < Number(seconds)
}
