import { isJsonObject } from '../../base/json.ts'
import { type Claim, type Finding, revocationFault, revoked, type VerificationKey } from '../credential-format.ts'

/**
 * What a revocation list of SMART Health Cards {kid, method: "rid", ctr, rids} says of a card; an entry `rid` revokes, `rid.seconds`
 * revokes cards with an nbf before that time. Well-formed entries count even in a list that is otherwise at fault.
 */
export function ridRevocation(
  key: VerificationKey,
  card: { rid: string | undefined; notBefore: Claim | undefined },
): Finding[] | undefined {
  const { revocationList: list, revocationVersion: version } = key
  if (list === undefined)
    return version === undefined
      ? undefined
      : [revocationFault('the key announces a revocation list, which is not at hand')]
  if (!isJsonObject(list) || !Array.isArray(list.rids)) return [revocationFault('the revocation list is malformed')]
  const faults: Finding[] = []
  const note = (detail: string) => faults.push(revocationFault(detail))
  if (list.method !== 'rid') note('the revocation list uses an unknown method')
  if (list.kid !== key.keyId) note('the revocation list is of another key')
  if (version !== undefined && !(typeof list.ctr === 'number' && list.ctr >= version))
    note('the revocation list is older than the key announces')
  const entries = list.rids.filter((each) => typeof each === 'string').filter((each) => ENTRY.test(each))
  if (entries.length < list.rids.length) note('the revocation list has malformed entries')
  return entries.some((entry) => names(entry, card)) ? [revoked] : faults
}

const ENTRY = /^[A-Za-z0-9_-]{1,24}(\.\d{1,12})?$/

function names(entry: string, { rid, notBefore }: { rid: string | undefined; notBefore: Claim | undefined }): boolean {
  const [listed, seconds] = entry.split('.')
  if (rid === undefined || listed !== rid) return false
  return seconds === undefined || typeof notBefore !== 'number' || notBefore < Number(seconds)
}
