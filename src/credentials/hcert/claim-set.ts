import type { Json, JsonObject } from '../../fhir/types.ts'
import type { Claim, Envelope, EventKind, Format, Remark } from '../credential-format.ts'
import { type CborLimits, type CborMap, type CborValue, decodeCbor } from '../encoding/cbor.ts'
import { cborToJson, defineMember } from '../encoding/cbor-json.ts'
import { instantSeconds } from '../encoding/instant.ts'
import { flatContent } from './flat.ts'
import { subclaims } from './subclaims.ts'

/** What the payload of an HCERT says: CWT claims (RFC 8392) around one kind of certificate. */
export interface ClaimSet {
  format: Format
  issuer?: string
  period: Envelope['period']
  events: EventKind[]
  remarks: Remark[]
  /** `ci` of every certified event of an EU DCC, for revocation lists. */
  certificateIds?: string[]
  formatUnder?(domain: string): Format
  content(): Json
}

/** What a reader of one kind of payload finds; a text instead of it says what is wrong, without quoting it. */
export interface PayloadContent {
  format: Format
  events: EventKind[]
  /** Departures that leave it readable. */
  remarks: string[]
  certificateIds?: string[]
  /** A period of the payload's own, for kinds without CWT claims. */
  period?: Envelope['period']
  formatUnder?(domain: string): Format
}

const claimKeys = { iss: 1, exp: 4, nbf: 5, iat: 6, hcert: -260 } as const

/** Reads the payload; a text says why it is of no known kind. */
export function readClaimSet(bytes: Buffer, limits: CborLimits): ClaimSet | string {
  const decoded = decodeCbor(bytes, limits)
  if (!decoded) return 'payload is not a single well-formed CBOR item'
  const claims = decoded.value
  if (!(claims instanceof Map)) return 'payload is not a map of claims'
  const found = claims.has(claimKeys.hcert) ? readHcertClaim(claims.get(claimKeys.hcert)) : flatContent(claims)
  if (typeof found === 'string') return found
  return claimSetOf(claims, found)
}

/** The first known key of the hcert claim decides (credentials.md, 4.2). */
function readHcertClaim(hcert: CborValue): PayloadContent | string {
  if (!(hcert instanceof Map)) return 'claim -260 is not a map'
  const kind = subclaims.find(({ key }) => hcert.has(key))
  return kind ? kind.read(hcert.get(kind.key)) : 'claim -260 holds no known kind of certificate'
}

function claimSetOf(claims: CborMap, found: PayloadContent): ClaimSet {
  const issuer = claims.get(claimKeys.iss)
  const remarks = found.remarks.map((detail): Remark => ({ check: 'payload', detail }))
  const period = { ...periodOf(claims), ...found.period }
  if (found.format === 'hcert-dcc' && period.expires === undefined) {
    remarks.push({ check: 'validity-period', detail: 'no expiry (claim 4), which the EU DCC demands' })
  }
  return {
    format: found.format,
    ...(typeof issuer === 'string' && issuer.trim() !== '' ? { issuer } : {}),
    period,
    events: found.events,
    remarks,
    ...(found.certificateIds ? { certificateIds: found.certificateIds } : {}),
    ...(found.formatUnder ? { formatUnder: found.formatUnder } : {}),
    content: () => claimsJson(claims),
  }
}

function periodOf(claims: CborMap): Envelope['period'] {
  const period: Envelope['period'] = {}
  if (claims.has(claimKeys.iat)) period.issuedAt = timeClaim(claims.get(claimKeys.iat))
  if (claims.has(claimKeys.nbf)) period.notBefore = timeClaim(claims.get(claimKeys.nbf))
  if (claims.has(claimKeys.exp)) period.expires = timeClaim(claims.get(claimKeys.exp))
  return period
}

/** Seconds as integer, float, 64-bit integer, tag 1, or tag 0 date text: all occur (credentials.md, 4.4). */
function timeClaim(value: CborValue): Claim {
  if (typeof value === 'number') return Number.isFinite(value) ? value : 'not-a-number'
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object' || value === null || !('tag' in value)) return 'not-a-number'
  if (value.tag === 1) return timeClaim(value.value)
  if (value.tag !== 0 || typeof value.value !== 'string') return 'not-a-number'
  return instantSeconds(value.value) ?? 'not-a-number'
}

/** The claims with text keys, times as seconds (credentials.md, section 8). */
function claimsJson(claims: CborMap): JsonObject {
  const json = cborToJson(claims) as JsonObject // a Map always becomes an object
  for (const key of [claimKeys.exp, claimKeys.nbf, claimKeys.iat]) {
    const time = claims.has(key) ? timeClaim(claims.get(key)) : 'not-a-number'
    if (time !== 'not-a-number') defineMember(json, String(key), time)
  }
  return json
}
