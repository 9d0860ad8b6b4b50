/** Who makes requests of a server, by its configuration. */
import { readFile } from 'node:fs/promises'
import { type Authority, createAuthority } from '../authority/authority.ts'
import { smartConfiguration } from '../authority/smart-configuration.ts'
import { mostSetBytes } from '../authority/tokens/key-set.ts'
import { keepPerObject } from '../base/keep.ts'
import { sameParticipant } from '../base/participant-codes.ts'
import type { AnswerForm, FindDocument } from '../base/public-document.ts'
import type { Config } from '../config.ts'
import type { HttpHooks, HttpSettings } from '../http/context.ts'
import { developerBy, messagesOfProxies } from '../http/limits/requester.ts'
import type { NetworkClient } from '../network/network-client.ts'
import type { Storage } from '../storage/storage.ts'
import type { KeyIndex } from '../trust/keys/key-index.ts'
import type { Trust } from '../trust/trust.ts'
import { verifyTrust } from '../trust/verify/verify-trust.ts'

/** What authority is made of. */
interface AuthorityWiring {
  config: Pick<Config, 'authority' | 'dataDir' | 'developmentToken' | 'trustedProxies' | 'tls'>
  storage: Pick<Storage, 'records'>
  trust: Pick<Trust, 'keys'>
  network: Pick<NetworkClient, 'request'>
  now(): Date
  tell(text: string): void
}

/** What the HTTP layer takes of it. */
interface WiredAuthority {
  hooks: Pick<HttpHooks, 'authenticate' | 'forms'>
  settings: Pick<HttpSettings, 'authority'>
  documents: readonly FindDocument[]
}

/**
 * Authority at one public address (without `/fhir`).
 * @throws Error when the key of access tokens cannot be used
 */
export function authorityAt(baseUrl: string, wiring: AuthorityWiring): WiredAuthority {
  const { config, storage, trust, network, now, tell } = wiring
  const { authority: settings, dataDir } = config
  const authority: Authority = createAuthority(settings, {
    baseUrl,
    dataDir,
    records: storage.records,
    developer: developerBy(config.developmentToken),
    isFromProxy: messagesOfProxies(config.trustedProxies),
    networkKeys: (keyId) => uploadKeys(keyId, { settings, keys: trust.keys(), now }),
    readKeys: (location) => readKeys(location, network),
    now,
    tell,
  })
  const { proofs, tokenEndpoint, endpoint, authenticate } = authority
  return {
    hooks: { authenticate, ...(endpoint ? { forms: formsAt(baseUrl, endpoint) } : {}) },
    settings: { authority: { proofs, ...(tokenEndpoint === undefined ? {} : { tokenEndpoint }) } },
    documents: [smartConfiguration({ baseUrl, tokenEndpoint, isOwn: endpoint !== undefined, settings })],
  }
}

function formsAt(baseUrl: string, { path, answer }: NonNullable<Authority['endpoint']>): Map<string, AnswerForm> {
  return new Map([[`${new URL(baseUrl).pathname.replace(/\/$/, '')}${path}`, answer]])
}

/** What an operator should know of his authority. */
export function authorityWarnings({ config }: Pick<AuthorityWiring, 'config'>): string[] {
  const { authority, developmentToken, tls } = config
  const hasCertificates = authority.participants.some(({ certificates }) => certificates.length > 0)
  const isBlind = hasCertificates && tls?.asksClients !== true && !authority.proxyCertificates
  return [
    ...(developmentToken
      ? ['DEVELOPMENT_TOKEN is set: who has it may write everything; it is for development alone']
      : []),
    ...(isBlind
      ? [
          'PARTICIPANTS names client certificates, and none is ever seen: neither TLS_CLIENT_CERTIFICATES=request nor PROXY_CLIENT_CERTIFICATES=on is set',
        ]
      : []),
  ]
}

/** The keys of an issuer of tokens. */
async function readKeys(location: { url: string } | { file: string }, network: AuthorityWiring['network']) {
  if ('file' in location) return readFile(location.file)
  const { url } = location
  const headers = { Accept: 'application/jwk-set+json, application/json' }
  const reply = await network.request({ url, headers, maxBytes: mostSetBytes, client: 'keys of TOKEN_ISSUER' })
  if (reply.status === 200) return reply.body
  throw new Error(`its address answers ${reply.status}`)
}

/** Public keys that a list names for another use than uploads, or for any: they authorise nothing. */
const otherUses = keepPerObject(
  (keys: KeyIndex) =>
    new Set(keys.keys.filter(({ usage }) => usage !== 'UP').map(({ publicKeyThumbprint }) => publicKeyThumbprint)),
)

/**
 * Upload keys of an id that count now. Listed ones alone: that a certificate is an upload certificate because a listed authority signed
 * it cannot be told from one of another use that was taken off the lists.
 */
function uploadKeys(
  keyId: string,
  { settings, keys, now }: { settings: Config['authority']; keys: KeyIndex; now(): Date },
) {
  const listed = keys.find({ keyId, usage: ['UP'] })
  const named = new Set(listed.map(({ participant }) => participant).filter((each) => each !== ''))
  return [...named].flatMap((participant) => {
    const { result, key } = verifyTrust({ subject: { keyId }, usage: 'UP', participant, at: now() }, keys)
    if (!result || key?.usage !== 'UP' || !listed.includes(key)) return []
    if (otherUses(keys).has(key.publicKeyThumbprint)) return []
    const known = settings.participants.find((each) => sameParticipant(each.participant, participant))
    return [{ participant: known?.participant ?? participant, publicKey: key.publicKey, algorithm: key.algorithm }]
  })
}
