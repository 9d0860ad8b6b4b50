import { defineMember } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import type { Claim, Envelope } from '../credential-format.ts'
import type { CborMap, CborValue } from '../encoding/cbor.ts'
import { instantSeconds } from '../encoding/instant.ts'
import { PLAIN, plainText } from '../encoding/plain-text.ts'

/** Keys of the registered claims (RFC 8392, 3.1) and of the health certificate (HCERT 3.3.2). */
export const claimKeys = { iss: 1, sub: 2, aud: 3, exp: 4, nbf: 5, iat: 6, cti: 7, hcert: -260 } as const

/** Claim 1: absent when it is null or blank; a text in normal form C; anything else as it is, for the caller to refuse. */
export function issuerClaim(claims: CborMap): { issuer?: unknown } {
  const claim = claims.get(claimKeys.iss)
  if (claim === undefined || claim === null) return {}
  if (typeof claim !== 'string') return { issuer: claim }
  if (claim.trim() === '') return {}
  return { issuer: PLAIN.test(claim) ? claim : claim.normalize('NFC') }
}

/** Claims 4 to 6. */
export function claimedPeriod(claims: CborMap): Envelope['period'] {
  const period: Envelope['period'] = {}
  if (claims.has(claimKeys.iat)) period.issuedAt = timeClaim(claims.get(claimKeys.iat))
  if (claims.has(claimKeys.nbf)) period.notBefore = timeClaim(claims.get(claimKeys.nbf))
  if (claims.has(claimKeys.exp)) period.expires = timeClaim(claims.get(claimKeys.exp))
  return period
}

/** Seconds as integer, float, 64-bit integer, tag 1, or tag 0 date text: all occur in the field. */
function timeClaim(value: CborValue): Claim {
  if (typeof value === 'number') return Number.isFinite(value) ? value : 'not-a-number'
  // One that fits into a number is written as a bignum: a tag that no time has.
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? 'not-a-number' : Number(value)
  if (typeof value !== 'object' || value === null) return 'not-a-number'
  if ('float' in value) return value.float
  if (!('tag' in value)) return 'not-a-number'
  if (value.tag === 1) return timeClaim(value.value)
  if (value.tag !== 0 || typeof value.value !== 'string') return 'not-a-number'
  return instantSeconds(value.value) ?? 'not-a-number'
}

/** To the last millisecond, the resolution of the clock. */
const DAY_SECONDS = 86_399.999

/** From a day or time to the end of another, UTC, as certificates state them beside or within their claims. */
export function periodBetween(from: CborValue, until: CborValue): Envelope['period'] {
  const period: Envelope['period'] = {}
  if (isPresent(from)) period.notBefore = dayStart(from)
  if (isPresent(until)) {
    const start = dayStart(until)
    // A date without time means its whole day.
    period.expires = start !== 'not-a-number' && !hasTime(until) ? start + DAY_SECONDS : start
  }
  return period
}

const isPresent = (value: CborValue): boolean => value !== undefined && value !== null && value !== ''
const dateText = (value: CborValue): unknown =>
  typeof value === 'object' && value !== null && 'tag' in value && value.tag === 0 ? value.value : value
const hasTime = (value: CborValue): boolean => String(dateText(value)).length > 10

function dayStart(value: CborValue): Claim {
  const text = dateText(value)
  return typeof text === 'string' ? (instantSeconds(text) ?? 'not-a-number') : 'not-a-number'
}

/** Registered claims as they are handed on beside the certificate: with text keys, times as seconds, claim 7 in base64. */
export function registeredClaims(claims: CborMap): JsonObject {
  const json: JsonObject = {}
  for (const key of [claimKeys.iss, claimKeys.sub, claimKeys.aud]) {
    const value = claims.get(key)
    const text = typeof value === 'string' ? plainText(value) : null
    if (text !== null) defineMember(json, String(key), text)
  }
  for (const key of [claimKeys.exp, claimKeys.nbf, claimKeys.iat]) {
    const time = claims.has(key) ? timeClaim(claims.get(key)) : 'not-a-number'
    if (time !== 'not-a-number') defineMember(json, String(key), time)
  }
  const id = claims.get(claimKeys.cti)
  if (id instanceof Uint8Array) defineMember(json, String(claimKeys.cti), Buffer.from(id).toString('base64'))
  return json
}
