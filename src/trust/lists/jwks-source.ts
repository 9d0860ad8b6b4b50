import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { readJwk } from '../keys/anchors.ts'
import type { Suspension } from '../keys/objections.ts'
import { keyFault, scaOf, type TrustedKey } from '../keys/trusted-key.ts'
import { parseJson } from './did-source.ts'
import {
  bindingOf,
  type SourceContent,
  scopeFault,
  type TrustReaders,
  type TrustSource,
  UnusableSource,
} from './trust-source.ts'

/**
 * Reads a `jwks` source: a JWK set whose keys have a `kid`. The issuer or participant that is configured binds all its keys: one
 * that names another (`iss`) is left out and reported, since it was not made for this one. Without one each key must name its own.
 * So are keys without kid or readable public key, and those with a member that is not understood. An entry that withdraws a key
 * which cannot be read withdraws its key id in every list; without a key id none is known to be good (UnusableSource).
 */
export async function readJwksSource(source: TrustSource, readers: TrustReaders): Promise<SourceContent> {
  const json = parseJson(await readers.readFile(source.location), source.location)
  const members = isJsonObject(json) && Array.isArray(json.keys) ? json.keys : undefined
  if (!members) throw new UnusableSource(`${source.location} is not a JWK set: {"keys": […]} is expected`)
  const content: SourceContent = { keys: [], warnings: [], leftOut: [] }
  const suspended: Suspension[] = []
  const keyIds: string[] = []
  for (const [at, jwk] of members.entries()) {
    const { key, fault, isUnclear } = isJsonObject(jwk) ? readEntry(jwk, source) : { fault: 'is no object' }
    if (key && fault === undefined) content.keys.push(key)
    else {
      if (!key && isJsonObject(jwk) && withdraws(jwk)) keyIds.push(withdrawnKeyId(jwk, at, source))
      const entry = key?.keyId ? `key ${at + 1} (${key.keyId})` : `key ${at + 1}`
      content.leftOut.push({ entry, reason: fault ?? '', ...(key ? { key } : {}) })
      if (key && isUnclear) suspended.push({ key, reason: `${source.name}: what the set says of it cannot be read` })
    }
  }
  return {
    ...content,
    ...(suspended.length > 0 ? { suspended } : {}),
    ...(keyIds.length > 0 ? { distrust: { list: source.name, participants: [], thumbprints: [], keyIds } } : {}),
  }
}

/** Whether an entry says that its key is no longer good, or says something in its place that is not understood. */
const withdraws = ({ status, revoked }: JsonObject): boolean =>
  (status !== undefined && status !== 'current') || (revoked !== undefined && revoked !== false)

/** The key id that an entry without readable key withdraws. */
function withdrawnKeyId({ kid }: JsonObject, at: number, { location }: TrustSource): string {
  if (typeof kid === 'string' && /^\S+$/.test(kid)) return kid
  throw new UnusableSource(
    `${location}: key ${at + 1} is withdrawn and has neither a readable public key nor a kid; no key of any list counts until it names one`,
    { withdrawsUnknown: true },
  )
}

interface ReadEntry {
  key?: TrustedKey
  fault?: string | undefined
  /** The set may withdraw the key, in a way that is not understood. */
  isUnclear?: boolean
}

function readEntry(jwk: JsonObject, source: TrustSource): ReadEntry {
  const { key: read, problem } = readJwk(jwk)
  if (!read) return { fault: problem }
  const { address, participant, fault } = bindingOf(source)
  const { participant: _, issuer, ...unbound } = read
  const isBound = address !== undefined || participant !== undefined
  const key: TrustedKey = {
    ...unbound,
    // Bound to an address, a key belongs to the participant that the operator names, or to none: never to one it names itself.
    ...(isBound ? { participant: participant ?? '' } : { participant: read.participant }),
    ...issuerMember(isBound ? address : issuer),
    domain: read.domain || (source.domain ?? ''),
    usage: read.usage || scaOf(source.usage ?? ''),
    lists: [source.name],
  }
  if (problem !== undefined) return { key, fault: problem, isUnclear: true }
  const named = typeof jwk.iss === 'string' ? jwk.iss : undefined
  return {
    key,
    fault: entryFault(key) ?? fault({ issuer: named }) ?? scopeFault(key, source) ?? keyFault(key.publicKey),
  }
}

const issuerMember = (issuer: string | undefined) => (issuer === undefined ? {} : { issuer })

const entryFault = ({ keyId, issuer, participant }: TrustedKey): string | undefined =>
  keyId === '' || (issuer === undefined && participant === '') ? 'lacks kid or issuer' : undefined
