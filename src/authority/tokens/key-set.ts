/** Public keys of an authorization server, as a JWK Set (RFC 7517, 5). */
import type { KeyObject } from 'node:crypto'
import { jsonObjectOf } from '../../base/crypto/compact-jws.ts'
import { publicKeyOfJwk } from '../../base/crypto/public-jwk.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import { FhirError, issue } from '../../fhir/error.ts'

/** Algorithms of access tokens (RFC 7518, 3.1), and the keys that they are for. */
const ALGORITHMS: Readonly<Record<string, { kty: string; crv?: string }>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
}

/** Their names; there is no `none` and no MAC. */
export const accessTokenAlgorithms: readonly string[] = Object.keys(ALGORITHMS)

/** A public key of the set. */
interface SetKey {
  keyId: string
  publicKey: KeyObject
  /** Those that it is for. */
  algorithms: readonly string[]
}

const MOST_KEYS = 100
/** A set of more bytes is not read. */
export const mostSetBytes = 1_000_000
const MINIMUM_RSA_BITS = 2048

/**
 * The keys of a set that verify access tokens; others (for encryption, of other kinds, without `kid`) are left out.
 * @throws Error when it is no set, or has none of them
 */
export function readKeySet(bytes: Uint8Array): SetKey[] {
  const set = bytes.length > mostSetBytes ? undefined : jsonObjectOf(bytes)
  if (!set || !Array.isArray(set.keys) || set.keys.length > MOST_KEYS)
    throw new Error(`a JWK Set (RFC 7517) of at most ${MOST_KEYS} keys is wanted`)
  const keys = set.keys.flatMap((jwk) => readSetKey(jwk) ?? [])
  if (keys.length === 0) throw new Error(`the JWK Set has no key for ${accessTokenAlgorithms.join(', ')} with a kid`)
  return keys
}

function readSetKey(jwk: Json): SetKey | undefined {
  if (!isJsonObject(jwk)) return undefined
  const { kid, kty, crv, alg, use, key_ops: operations } = jwk
  if (typeof kid !== 'string' || kid === '' || (use !== undefined && use !== 'sig')) return undefined
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return undefined
  const algorithms = Object.entries(ALGORITHMS)
    .filter(([, its]) => its.kty === kty && its.crv === (kty === 'EC' ? crv : undefined))
    .map(([name]) => name)
    .filter((name) => alg === undefined || alg === name)
  const publicKey = algorithms.length > 0 ? publicKeyOfJwk(jwk) : undefined
  if ((publicKey?.asymmetricKeyDetails?.modulusLength ?? MINIMUM_RSA_BITS) < MINIMUM_RSA_BITS) return undefined
  return publicKey && { keyId: kid, publicKey, algorithms }
}

/** Keys of an issuer, as they are now. */
export interface KeySet {
  /**
   * The one key of that id for an algorithm; undefined when there is none, or more than one.
   * @throws FhirError 503 when no set can be had that is young enough
   */
  find(keyId: string, algorithm: string): Promise<KeyObject | undefined>
  /** Another number after every change: what was proved by earlier keys is to be proved anew. */
  generation(): number
  /** Reads the set again where that is due, and does not wait for it. */
  refresh(): void
}

/** Where a set comes from, and how often it is looked at. */
interface KeySetOptions {
  read(): Promise<Uint8Array>
  now(): Date
  /** After so long it is read again. */
  freshSeconds?: number
  /** After so long it does not count any more. */
  lastingSeconds?: number
  /** Not more often than that, whatever tokens name. */
  pauseSeconds?: number
  /** Takes why it could not be read. */
  report(error: unknown): void
}

/** Keeps the last good set, and reads it again when it is old or when a token names a key that it lacks. */
export function createKeySet(options: KeySetOptions): KeySet {
  const { read, now, report, freshSeconds = 600, lastingSeconds = 86_400, pauseSeconds = 30 } = options
  let keys: SetKey[] = []
  let spelling = ''
  let generation = 0
  let goodAt: number | undefined
  let triedAt: number | undefined
  let reading: Promise<void> | undefined
  const age = (at: number | undefined) =>
    at === undefined ? Number.POSITIVE_INFINITY : Math.abs(now().getTime() / 1000 - at)
  const readAgain = async () => {
    triedAt = now().getTime() / 1000
    try {
      const bytes = await read()
      const found = readKeySet(bytes)
      const text = Buffer.from(bytes).toString('latin1')
      if (text !== spelling) generation += 1
      keys = found
      spelling = text
      goodAt = now().getTime() / 1000
    } catch (error) {
      report(error)
    }
  }
  const update = (): Promise<void> | undefined => {
    if (age(triedAt) < pauseSeconds) return reading
    reading ??= readAgain().finally(() => {
      reading = undefined
    })
    return reading
  }
  const refresh = () => {
    if (age(goodAt) > freshSeconds) void update()
  }
  return {
    generation: () => (age(goodAt) > lastingSeconds ? -1 : generation),
    refresh,
    async find(keyId, algorithm) {
      refresh()
      const named = () => keys.filter((each) => each.keyId === keyId)
      if (age(goodAt) > lastingSeconds || named().length === 0) await update()
      if (age(goodAt) > lastingSeconds) throw notThere()
      const fitting = named().filter(({ algorithms }) => algorithms.includes(algorithm))
      return fitting.length === 1 ? fitting[0]?.publicKey : undefined
    },
  }
}

const notThere = () =>
  new FhirError(503, issue('transient', 'The keys of the issuer of tokens cannot be read now; ask again later.'), {
    'Retry-After': '30',
  })
