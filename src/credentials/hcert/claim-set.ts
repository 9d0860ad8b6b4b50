import type { Claim, Envelope, Format, Remark } from '../credential-format.ts'
import { type CborLimits, type CborMap, type CborValue, decodeCbor } from '../encoding/cbor.ts'
import { instantSeconds } from '../encoding/instant.ts'
import { issuerTextFault } from '../issuer-text.ts'
import { flatKind, flatPeriod } from './flat-kind.ts'
import { subclaimKind } from './subclaim-kinds.ts'

/** What the payload of an HCERT says before its signature is verified: CWT claims (RFC 8392), and of which kind the certificate is. */
export interface ClaimSet {
  format: Format
  issuer?: string
  issuerFault?: string
  period: Envelope['period']
  remarks: Remark[]
  claims: CborMap
}

/** Keys of the registered claims (RFC 8392, 3.1) and of the health certificate (HCERT, 3.3). */
export const claimKeys = { iss: 1, sub: 2, aud: 3, exp: 4, nbf: 5, iat: 6, cti: 7, hcert: -260 } as const

/** Reads the claims; a text says why the payload is of no known kind. Content is not looked at. */
export function readClaimSet(bytes: Buffer, limits: CborLimits): ClaimSet | string {
  const decoded = decodeCbor(bytes, limits)
  if (!decoded) return 'payload is not a single well-formed CBOR item'
  const claims = decoded.value
  if (!(claims instanceof Map)) return 'payload is not a map of claims'
  const isCwt = claims.has(claimKeys.hcert)
  const kind = isCwt ? subclaimKind(claims.get(claimKeys.hcert)) : flatKind(claims)
  if (typeof kind === 'string') return kind
  const period = isCwt ? periodOf(claims) : { ...periodOf(claims), ...flatPeriod(claims) }
  const remarks = isCwt ? periodRemarks(period) : []
  return { format: kind.format, ...issuerOf(claims.get(claimKeys.iss)), period, remarks, claims }
}

/** An issuer that is no text, or one that would show otherwise than it compares, cannot be compared with a key's. */
function issuerOf(claim: CborValue): Pick<ClaimSet, 'issuer' | 'issuerFault'> {
  if (claim === undefined || claim === null) return {}
  const issuerFault = issuerTextFault(claim)
  if (issuerFault !== undefined || typeof claim !== 'string')
    return { issuerFault: issuerFault ?? 'the issuer is not a text' }
  return claim.trim() === '' ? {} : { issuer: claim.normalize('NFC') }
}

/** Both are mandatory for every kind with CWT claims (HCERT, 3.3.1). */
function periodRemarks(period: Envelope['period']): Remark[] {
  const remarks: Remark[] = []
  if (period.expires === undefined) remarks.push({ check: 'validity-period', detail: 'no expiry (claim 4)' })
  if (period.issuedAt === undefined) remarks.push({ check: 'validity-period', detail: 'no time of issue (claim 6)' })
  return remarks
}

function periodOf(claims: CborMap): Envelope['period'] {
  const period: Envelope['period'] = {}
  if (claims.has(claimKeys.iat)) period.issuedAt = timeClaim(claims.get(claimKeys.iat))
  if (claims.has(claimKeys.nbf)) period.notBefore = timeClaim(claims.get(claimKeys.nbf))
  if (claims.has(claimKeys.exp)) period.expires = timeClaim(claims.get(claimKeys.exp))
  return period
}

/** Seconds as integer, float, 64-bit integer, tag 1, or tag 0 date text: all occur (credentials.md, 4.4). */
export function timeClaim(value: CborValue): Claim {
  if (typeof value === 'number') return Number.isFinite(value) ? value : 'not-a-number'
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object' || value === null) return 'not-a-number'
  if ('float' in value) return value.float
  if (!('tag' in value)) return 'not-a-number'
  if (value.tag === 1) return timeClaim(value.value)
  if (value.tag !== 0 || typeof value.value !== 'string') return 'not-a-number'
  return instantSeconds(value.value) ?? 'not-a-number'
}
