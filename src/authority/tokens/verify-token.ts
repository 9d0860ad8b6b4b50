/** A signed token, verified (RFC 7519, RFC 9068). */

import type { KeyObject } from 'node:crypto'
import { errors, jwtVerify } from 'jose'
import { jsonObjectOf, splitJws } from '../../base/crypto/compact-jws.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { FhirError } from '../../fhir/error.ts'

/** What a token must be. */
export interface TokenRules {
  algorithms: readonly string[]
  /** Media types that it may have (`typ`), in lower case; `undefined` is none. */
  types: readonly (string | undefined)[]
  issuer: string
  audience: string
  /** Longest time until it ends, in seconds. */
  longestSeconds: number
  now(): Date
  /** The key of an id for an algorithm. */
  keyOf(keyId: string, algorithm: string, header: JsonObject): Promise<KeyObject | undefined> | KeyObject | undefined
}

/** Clocks may differ by so much. */
export const SKEW_SECONDS = 30
/** Longer tokens are not looked at, in characters. */
const LONGEST_TOKEN = 8_000

/**
 * The claims of a token; a text says what is wrong with it, and quotes nothing of it.
 * @throws FhirError 503 when keys cannot be had now
 */
export async function verifyToken(text: string, rules: TokenRules): Promise<JsonObject | string> {
  const { algorithms, types, issuer, audience, longestSeconds, now } = rules
  if (text.length > LONGEST_TOKEN) return 'it is too long'
  // What is read in two ways is signed in one: a member that stands twice is refused here, where the library takes the last.
  const read = splitJws(text)
  if (typeof read === 'string') return read
  const claims = jsonObjectOf(Buffer.from(read.payload, 'base64url'))
  if (!claims) return 'its claims are no JSON object, or have a member twice'
  const { alg, kid, typ, crit, b64 } = read.header
  if (typeof alg !== 'string' || !algorithms.includes(alg))
    return `its algorithm is none of those that are accepted: ${algorithms.join(', ')}`
  if (typeof kid !== 'string' || kid === '') return 'its header names no key (kid)'
  if (crit !== undefined || b64 !== undefined) return 'its header demands what is not understood here (crit, b64)'
  if (
    !(typ === undefined || typeof typ === 'string') ||
    !types.includes(typ?.toLowerCase().replace(/^application\//, ''))
  )
    return 'it is of another type (typ) than those that are meant for this'
  const key = await rules.keyOf(kid, alg, read.header)
  if (!key) return unknownKey
  try {
    await jwtVerify(text, key, {
      algorithms: [...algorithms],
      issuer,
      audience,
      requiredClaims: ['exp'],
      clockTolerance: SKEW_SECONDS,
      currentDate: now(),
    })
  } catch (error) {
    return faultOf(error)
  }
  return timesFault(claims, longestSeconds, now()) ?? claims
}

/** What else the times of a token say than that it is valid now. */
function timesFault({ exp, iat }: JsonObject, longestSeconds: number, now: Date): string | undefined {
  const seconds = now.getTime() / 1000
  if (typeof exp !== 'number' || exp > seconds + longestSeconds + SKEW_SECONDS)
    return `it lives for more than ${longestSeconds} seconds`
  if (iat === undefined) return undefined
  return typeof iat === 'number' && iat <= seconds + SKEW_SECONDS ? undefined : 'it was issued in the future'
}

/** Fault of a token whose key id leads to no key. */
export const unknownKey = 'its key is none of those of its issuer, or one for another use'
/** Fault of a token for somebody else. */
export const wrongAudience = 'it is meant for another audience'

const claimFaults: Readonly<Record<string, string>> = {
  iss: 'it is of another issuer',
  aud: wrongAudience,
  nbf: 'it is not valid yet',
  exp: 'it does not say when it ends',
}

function faultOf(error: unknown): string {
  if (error instanceof FhirError) throw error
  if (error instanceof errors.JWTExpired) return 'it has expired'
  if (error instanceof errors.JWTClaimValidationFailed) return claimFaults[error.claim] ?? 'a claim of it is wrong'
  return 'its signature is not that of its key'
}
