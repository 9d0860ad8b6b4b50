/** Access tokens (RFC 6750): of an external issuer, and of this server's own token endpoint. */
import { sha256Base64url } from '../../base/crypto/sha256.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { keep } from '../../base/keep.ts'
import type { Principal } from '../../fhir/principal.ts'
import { prefixFault, readPrefix } from '../canonical-prefix.ts'
import { jurisdictionFault, readJurisdiction } from '../jurisdiction.ts'
import { commonGrant, narrowed, principalOf } from '../principals.ts'
import { readScopes, type Scope } from '../scopes.ts'
import type { ClientSettings, Grant, IssuerSettings } from '../settings/authority-settings.ts'
import { unproven } from '../unproven.ts'
import { accessTokenAlgorithms, type KeySet } from './key-set.ts'
import type { OwnTokens } from './own-tokens.ts'
import { SKEW_SECONDS, verifyToken } from './verify-token.ts'

/** Claims by which an issuer says what its client may write. */
const PREFIXES_CLAIM = 'canonical_prefixes'
const JURISDICTIONS_CLAIM = 'jurisdictions'
/** Tokens that live longer were made by mistake. */
const LONGEST_SECONDS = 86_400
/** Tokens that were verified, and are recognised by their hash. */
const MOST_KEPT = 1_000

/** The holder of a token. */
export interface Holder {
  principal: Principal
  /** SHA-256 of the client certificate to which the token is bound (RFC 8705, 3.1), hex. */
  boundTo?: string
}

/** Finds out whose a token is. */
export type HolderOf = (token: string) => Holder | Promise<Holder>

/** What tokens are judged by. */
interface AccessTokenOptions {
  issuer?: IssuerSettings & { keys: KeySet }
  own?: OwnTokens
  clients: readonly ClientSettings[]
  now(): Date
}

interface Kept extends Holder {
  /** Seconds since 1970 at which it ends. */
  until: number
  generation: number
}

/**
 * Verifies access tokens; one that was verified is known by its hash until it ends or the keys change.
 * @throws FhirError (of what it returns) 401 for a token that does not hold, 503 when that cannot be told now
 */
export function createHolderOf(options: AccessTokenOptions): HolderOf {
  const { issuer, own, now } = options
  const known = keep<string, Kept>(MOST_KEPT)
  const generation = () => issuer?.keys.generation() ?? 0
  const verify = async (token: string, hash: string): Promise<Holder> => {
    const at = generation()
    const claims = await claimsOf(token, options)
    const holder = own?.isOwn(claims) ? ownHolder(claims, options.clients) : foreignHolder(claims, options.clients)
    // Verified by the keys that were there before or after: what is kept must not outlive a change in between.
    if (at === generation()) known.set(hash, { ...holder, until: Number(claims.exp), generation: at })
    return holder
  }
  return (token) => {
    const hash = sha256Base64url(token)
    const found = known.get(hash)
    if (found) {
      issuer?.keys.refresh()
      const isOver = now().getTime() / 1000 >= found.until + SKEW_SECONDS
      if (!isOver && found.generation === generation()) return found
      known.delete(hash)
    }
    return verify(token, hash)
  }
}

async function claimsOf(token: string, { issuer, own, now }: AccessTokenOptions): Promise<JsonObject> {
  const isOwn = own?.mayBeOwn(token) === true
  if (!isOwn && !issuer) throw unproven('The bearer token is not valid.')
  const claims =
    isOwn || !issuer
      ? await own?.verify(token)
      : await verifyToken(token, {
          algorithms: accessTokenAlgorithms,
          types: [undefined, 'jwt', 'at+jwt'],
          issuer: issuer.issuer,
          audience: issuer.audience,
          longestSeconds: LONGEST_SECONDS,
          keyOf: issuer.keys.find,
          now,
        })
  if (claims === undefined || typeof claims === 'string')
    throw unproven(`The bearer token is not valid: ${claims ?? 'it is nobody’s'}.`)
  return claims
}

/** A client of this server's token endpoint: as it is registered now, with the scopes of its token. */
function ownHolder(claims: JsonObject, clients: readonly ClientSettings[]): Holder {
  const client = clients.find(({ id, keys }) => id === claims.client_id && keys.length > 0)
  if (!client) throw unproven('The bearer token is not valid: its client is not registered any more.')
  const { id, name, participant } = client
  const identity = { id: `client:${id}`, kind: 'client' as const, name, ...(participant ? { participant } : {}) }
  return { principal: principalOf(identity, narrowed(client, scopesOf(claims))) }
}

/** A client of the external issuer: as its token says, and no more than what is registered of it here. */
function foreignHolder(claims: JsonObject, clients: readonly ClientSettings[]): Holder {
  const id = clientId(claims)
  const client = id === undefined ? undefined : clients.find((each) => each.id === id && each.keys.length === 0)
  const name = id ?? subject(claims)
  const identity = {
    id: `issuer:${name}`,
    kind: 'client' as const,
    name: client?.name ?? name,
    ...(client?.participant ? { participant: client.participant } : {}),
  }
  const boundTo = binding(claims.cnf)
  return {
    principal: principalOf(identity, foreignGrant(claims, client)),
    ...(boundTo === undefined ? {} : { boundTo }),
  }
}

/** What neither token nor registration says, is nobody's. */
function foreignGrant(claims: JsonObject, client: Grant | undefined): Grant {
  const { [PREFIXES_CLAIM]: prefixes, [JURISDICTIONS_CLAIM]: jurisdictions } = claims
  const none: Grant = { scopes: [], canonicalPrefixes: [], jurisdictions: [] }
  const { canonicalPrefixes, jurisdictions: own } = client ?? none
  const claimed: Grant = {
    scopes: scopesOf(claims),
    canonicalPrefixes: listOf(prefixes, PREFIXES_CLAIM, prefixFault)?.map(readPrefix) ?? canonicalPrefixes,
    jurisdictions: listOf(jurisdictions, JURISDICTIONS_CLAIM, jurisdictionFault)?.map(readJurisdiction) ?? own,
  }
  return client ? commonGrant(claimed, client) : claimed
}

/** The client (RFC 9068, 2.2), also as OpenID Connect says it (`azp`). */
function clientId({ client_id: client, azp }: JsonObject): string | undefined {
  if (client !== undefined && azp !== undefined && client !== azp)
    throw unproven('The bearer token is not valid: it names two clients (client_id, azp).')
  const id = client ?? azp
  return id === undefined ? undefined : nameOf(id)
}

const subject = ({ sub }: JsonObject): string => nameOf(sub)

function nameOf(id: Json | undefined): string {
  if (typeof id === 'string' && /^[!-~]{1,200}$/.test(id)) return id
  throw unproven('The bearer token is not valid: it names no client (client_id, azp or sub).')
}

const LONGEST_LIST = 500

function listOf(value: Json | undefined, name: string, faultOf: (text: string) => string | undefined) {
  if (value === undefined) return undefined
  const texts = Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
  const isGood = Array.isArray(value) && texts.length === value.length && value.length <= LONGEST_LIST
  if (!isGood || texts.some((each) => faultOf(each) !== undefined))
    throw unproven(`The bearer token is not valid: its claim ${name} is not understood.`)
  return texts
}

/** `scope` (RFC 8693, 4.2), or `scp` as some issuers write it. */
function scopesOf({ scope, scp }: JsonObject): Scope[] {
  if (scope !== undefined && scp !== undefined)
    throw unproven('The bearer token is not valid: it has both scope and scp.')
  const given = scope ?? scp ?? ''
  const text = Array.isArray(given) ? given.join(' ') : given
  if (typeof text !== 'string') throw unproven('The bearer token is not valid: its scopes are not understood.')
  return readScopes(text)
}

/** A confirmation that is not understood lets nobody use the token (RFC 7800, 3.1). */
function binding(cnf: Json | undefined): string | undefined {
  if (cnf === undefined) return undefined
  const print = isJsonObject(cnf) && Object.keys(cnf).length === 1 ? cnf['x5t#S256'] : undefined
  if (typeof print === 'string' && /^[A-Za-z0-9_-]{43}$/.test(print))
    return Buffer.from(print, 'base64url').toString('hex')
  throw unproven('The bearer token is bound to a key of its client in a way that is not understood here (cnf).')
}
