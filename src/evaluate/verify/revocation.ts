import { isJsonObject } from '../../base/json-object.ts'
import type { Envelope, FormatName } from '../../credentials/credential-format.ts'
import type { TrustedKey } from '../../trust/keys/trusted-key.ts'
import type { StepResult } from './report.ts'

/** What revocation lists say; `isUnknown` where no list of the participant is known at all. */
export interface RevocationResult extends StepResult {
  isUnknown?: boolean
}

type RevocationRule = (envelope: Envelope, key: TrustedKey, certificateIds: string[]) => RevocationResult

const pass: RevocationResult = { details: [] }
const unknown: RevocationResult = { isUnknown: true, details: ['no revocation list of the issuer is known'] }
const revoked: StepResult = { status: 'REVOKED', details: ['the credential is on the revocation list of its issuer'] }

/** The check `revocation`, against the list that came with the key. A list that cannot be used is a remark, not a failure. */
export function checkRevocation(
  envelope: Envelope,
  key: TrustedKey,
  { framework, certificateIds }: { framework: FormatName; certificateIds: string[] },
): RevocationResult {
  return rules[framework]?.(envelope, key, certificateIds) ?? pass
}

/**
 * SMART Health Cards (credentials.md, section 5): {kid, method: "rid", ctr, rids}; an entry `rid` revokes, `rid.seconds`
 * revokes cards with an nbf before that time. Well-formed entries count even in a list that is otherwise at fault.
 */
const shcRule: RevocationRule = (envelope, key) => {
  const { revocationList: list, revocationVersion: version } = key
  if (list === undefined)
    return version === undefined ? unknown : { details: ['the key announces a revocation list, which is not at hand'] }
  if (!isJsonObject(list) || !Array.isArray(list.rids)) return { details: ['the revocation list is malformed'] }
  const details: string[] = []
  if (list.method !== 'rid') details.push('the revocation list uses an unknown method')
  if (list.kid !== key.keyId) details.push('the revocation list is of another key')
  if (version !== undefined && !(typeof list.ctr === 'number' && list.ctr >= version)) {
    details.push('the revocation list is older than the key announces')
  }
  const entries = list.rids.filter((each) => typeof each === 'string' && RID_ENTRY.test(each))
  if (entries.length < list.rids.length) details.push('the revocation list has malformed entries')
  return entries.some((entry) => matchesRid(String(entry), envelope)) ? revoked : { details }
}

const RID_ENTRY = /^[A-Za-z0-9_-]{1,24}(\.\d{1,12})?$/

function matchesRid(entry: string, { revocationId, period }: Envelope): boolean {
  const [rid, seconds] = entry.split('.')
  if (revocationId === undefined || rid !== revocationId) return false
  if (seconds === undefined) return true
  return typeof period.notBefore !== 'number' || period.notBefore < Number(seconds)
}

/** EU DCC (credentials.md, 4.5): {hashes: […]}, the first 16 bytes of SHA-256 in hex or base64. */
const dccRule: RevocationRule = (envelope, key, certificateIds) => {
  const { revocationList: list } = key
  if (list === undefined) return unknown
  const hashes = isJsonObject(list) ? list.hashes : list
  if (!Array.isArray(hashes)) return { details: ['the revocation list is malformed'] }
  const listed = new Set(hashes.filter((each) => typeof each === 'string').map(normaliseHash))
  const details = listed.has(undefined) || listed.size < 1 ? ['the revocation list has malformed entries'] : []
  return envelope.revocationHashes?.(certificateIds).some((hash) => listed.has(hash)) ? revoked : { details }
}

/** 16 bytes as lower-case hex; undefined when the text is neither hex nor base64 of at least 16 bytes. */
function normaliseHash(text: string): string | undefined {
  if (/^[0-9a-f]{32,64}$/i.test(text)) return text.slice(0, 32).toLowerCase()
  const bytes = Buffer.from(text, 'base64')
  return bytes.length >= 16 ? bytes.subarray(0, 16).toString('hex') : undefined
}

const rules: Partial<Record<FormatName, RevocationRule>> = { shc: shcRule, hcert: dccRule }
