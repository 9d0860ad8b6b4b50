/** How a client proves who it is (SMART Backend Services; RFC 7523). */

import { jsonObjectOf, splitJws } from '../../base/crypto/compact-jws.ts'
import type { JsonObject } from '../../base/json-value.ts'
import type { Once } from '../once.ts'
import type { ClientSettings } from '../settings/authority-settings.ts'
import { SKEW_SECONDS, unknownKey, verifyToken, wrongAudience } from '../tokens/verify-token.ts'

/** Longest life of an assertion. */
const ASSERTION_SECONDS = 300
const LONGEST_JTI = 256

/** What assertions are judged by. */
export interface AssertionOptions {
  clients: readonly ClientSettings[]
  /** Address of the token endpoint. */
  endpoint: string
  /** Remembers `jti`. */
  once: Once
  now(): Date
}

/**
 * The client that made an assertion; a text says why it is nobody's. Its keys are those of its registration: nothing is fetched.
 * @throws FhirError 429, 5xx when it cannot be told now
 */
export async function clientOfAssertion(text: string, options: AssertionOptions): Promise<ClientSettings | string> {
  const { endpoint, once, now } = options
  const client = namedClient(text, options.clients)
  if (!client) return 'the assertion names no client that is registered here with a key'
  const claims = await verifyToken(text, {
    algorithms: ['RS384', 'ES384'],
    types: ['jwt'],
    issuer: client.id,
    audience: endpoint,
    longestSeconds: ASSERTION_SECONDS,
    now,
    keyOf: (keyId, algorithm, header) =>
      isOwnAddress(header.jku, client)
        ? client.keys.find((each) => each.keyId === keyId && each.algorithm === algorithm)?.publicKey
        : undefined,
  })
  if (typeof claims === 'string') return `the assertion is not valid: ${claims}${hintOf(claims, endpoint)}`
  const fault = claimsFault(claims, client.id)
  if (fault !== undefined) return `the assertion is not valid: ${fault}`
  const isFirst = await once.use(client.id, String(claims.jti), Number(claims.exp) + SKEW_SECONDS)
  return isFirst ? client : 'the assertion was used already (jti)'
}

/** What a client is to do about a fault that it often makes. */
function hintOf(fault: string, endpoint: string): string {
  if (fault === wrongAudience) return ` (aud must be ${endpoint})`
  return fault === unknownKey ? ' (kid, alg and jku must be those of a registered key)' : ''
}

function namedClient(text: string, clients: readonly ClientSettings[]): ClientSettings | undefined {
  const read = splitJws(text)
  const claims = typeof read === 'string' ? undefined : jsonObjectOf(Buffer.from(read.payload, 'base64url'))
  return clients.find(({ id, keys }) => id === claims?.iss && keys.length > 0)
}

/** `jku` names where the keys are found: it must be an address that is registered, and even then nothing is fetched. */
const isOwnAddress = (jku: JsonObject[string] | undefined, { jku: registered }: ClientSettings): boolean =>
  jku === undefined || (typeof jku === 'string' && registered.includes(jku))

function claimsFault({ sub, aud, jti }: JsonObject, id: string): string | undefined {
  if (sub !== id) return 'its sub is not its iss'
  if (Array.isArray(aud) && aud.length !== 1) return 'it is meant for others, too (aud)'
  return typeof jti === 'string' && jti !== '' && jti.length <= LONGEST_JTI ? undefined : 'it has no jti'
}
