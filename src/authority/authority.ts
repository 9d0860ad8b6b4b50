/** Who makes a request: every kind of proof that this server knows, and what becomes of a request that brings none, or several. */
import type { IncomingMessage } from 'node:http'
import type { AnswerForm } from '../base/public-document.ts'
import type { Principal } from '../fhir/principal.ts'
import { secretFileProblem } from '../files/secret-file.ts'
import { ownKey } from '../network/own-key.ts'
import type { Storage } from '../storage/storage.ts'
import { type ClientCertificate, createCertificateOf } from './certificates.ts'
import { createOnce } from './once.ts'
import { participantKey } from './participant.ts'
import { principalOf } from './principals.ts'
import type { AuthoritySettings, ParticipantSettings } from './settings/authority-settings.ts'
import { createSignerOf, isSigned, type SignatureOptions } from './signatures/request-signature.ts'
import { createTokenEndpoint } from './token-endpoint/token-endpoint.ts'
import { createHolderOf, type Holder } from './tokens/access-tokens.ts'
import { createKeySet } from './tokens/key-set.ts'
import { createOwnTokens, type OwnTokens } from './tokens/own-tokens.ts'
import { unproven } from './unproven.ts'

/** A way of proof that is configured. */
type Proof = 'development' | 'token' | 'certificate' | 'network-key'

/** Finds out who makes requests. */
export interface Authority {
  /**
   * Who sent a message; undefined when it brings no proof of anybody.
   * @throws FhirError 401 for a proof that does not hold or proofs of different parties, 403 for somebody who may not write in that
   * way, 429 and 5xx when it cannot be told now
   */
  authenticate(message: IncomingMessage): Principal | undefined | Promise<Principal | undefined>
  /** The ways in which somebody can prove who he is; none where nobody can. */
  proofs: readonly Proof[]
  /** Where clients get their tokens, here or at the external issuer. */
  tokenEndpoint?: string
  /** The endpoint of this server, where it has one, and its path. */
  endpoint?: { path: string; answer: AnswerForm }
}

/** What an authority is made of. */
export interface AuthorityParts {
  /** Public address without `/fhir`, without a slash at its end. */
  baseUrl: string
  /** For the key that signs access tokens. */
  dataDir: string
  records: Pick<Storage['records'], 'all' | 'replace' | 'change'>
  /** The holder of the development token, where there is one; undefined for any other token. */
  developer: ((token: string) => Principal | undefined) | undefined
  isFromProxy(message: IncomingMessage): boolean
  /** Upload keys of the trust lists of that id, as they are now. */
  networkKeys: SignatureOptions['keysOf']
  /** The document at an https address, or in a file. */
  readKeys(location: { url: string } | { file: string }): Promise<Uint8Array>
  now(): Date
  tell(text: string): void
}

/** File of the key that signs access tokens, in the folder of keys. */
const TOKEN_KEY = 'access-tokens.jwk.json'
/** Path of the token endpoint. */
const TOKEN_PATH = '/token'

/** Makes an authority of the configuration. @throws Error when the key of tokens cannot be read or made */
export function createAuthority(settings: AuthoritySettings, parts: AuthorityParts): Authority {
  const { baseUrl, records, now, developer } = parts
  const { participants, clients, issuer } = settings
  const once = (kind: string) => createOnce({ records, kind, now })
  const tokens = clients.some(({ keys }) => keys.length > 0) ? ownTokens(parts) : undefined
  const holderOf = createHolderOf({
    clients,
    now,
    ...(tokens ? { own: tokens } : {}),
    ...(issuer ? { issuer: { ...issuer, keys: issuerKeys(issuer.jwks, parts) } } : {}),
  })
  const certificateOf = createCertificateOf({
    isFromProxy: parts.isFromProxy,
    proxiesTell: settings.proxyCertificates,
  })
  const keysOf = parts.networkKeys
  const signerOf = createSignerOf({ baseUrl, participants, keysOf, once: once('request-nonce'), now })
  const hasCertificates = participants.some((each) => each.certificates.length > 0)
  const proofs: Proof[] = [
    ...(developer ? ['development' as const] : []),
    ...(tokens || issuer ? ['token' as const] : []),
    ...(hasCertificates ? ['certificate' as const] : []),
    ...(participants.some(({ networkKeys }) => networkKeys) ? ['network-key' as const] : []),
  ]
  const endpointUrl = `${baseUrl}${TOKEN_PATH}`
  const tokenEndpoint = tokens ? endpointUrl : issuer?.tokenEndpoint
  return {
    proofs,
    ...(tokenEndpoint === undefined ? {} : { tokenEndpoint }),
    ...(tokens
      ? {
          endpoint: {
            path: TOKEN_PATH,
            answer: createTokenEndpoint({ clients, endpoint: endpointUrl, once: once('assertion-jti'), tokens, now }),
          },
        }
      : {}),
    authenticate(message) {
      const token = bearerToken(message)
      const certificate = certificateOf(message)
      const signed = isSigned(message)
      if (token === undefined && certificate === undefined && !signed) return undefined
      const developing = token === undefined ? undefined : developer?.(token)
      if (developing && certificate === undefined && !signed) return developing
      const holder = token === undefined ? undefined : developing ? { principal: developing } : holderOf(token)
      const judge = (proved: Proved) =>
        onePrincipal(proved, { participants, hasCertificates, now: now(), message, baseUrl })
      if (!(holder instanceof Promise) && !signed) return judge({ holder, certificate })
      return (async () => {
        // A signature counts once: it is looked at when nothing else speaks against the request.
        const proved = { holder: await holder, certificate }
        const alone = signed && !proved.holder && !certificate ? undefined : judge(proved)
        return signed ? both(alone, await signerOf(message)) : alone
      })()
    },
  }
}

function ownTokens({ baseUrl, dataDir, now }: AuthorityParts): OwnTokens {
  const { file, ...key } = ownKey(dataDir, TOKEN_KEY)
  const problem = secretFileProblem(file)
  if (problem !== undefined) throw new Error(problem)
  return createOwnTokens({ key, issuer: baseUrl, audience: `${baseUrl}/fhir`, now })
}

function issuerKeys(location: { url: string } | { file: string }, { readKeys, now, tell }: AuthorityParts) {
  const where = 'file' in location ? location.file : 'TOKEN_JWKS_URL'
  return createKeySet({
    read: () => readKeys(location),
    now,
    report: (error) =>
      tell(`keys of TOKEN_ISSUER (${where}): ${error instanceof Error ? error.message : 'unreadable'}`),
  })
}

/**
 * The bearer token of a message (RFC 6750, 2.1): once, in the header, and nowhere else.
 * @throws FhirError 401 for anything else that is to prove something
 */
function bearerToken({ headers, rawHeaders, url = '' }: IncomingMessage): string | undefined {
  const { authorization } = headers
  if (/[?&]access_token=/i.test(url))
    throw unproven('A token in the address is not accepted: others can read it there.')
  if (authorization === undefined) return undefined
  // Of two, Node shows the first, and a proxy may have looked at the other.
  const count = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'authorization').length
  const token = /^bearer +(\S+) *$/i.exec(authorization)?.[1]
  if (count === 1 && token !== undefined) return token
  throw unproven('The header Authorization must stand there once, with a bearer token (RFC 6750).')
}

/** What a message proves beside its signature. */
interface Proved {
  holder: Holder | undefined
  certificate: ClientCertificate | undefined
}

interface Judging {
  participants: readonly ParticipantSettings[]
  hasCertificates: boolean
  now: Date
  message: IncomingMessage
  baseUrl: string
}

function onePrincipal({ holder, certificate }: Proved, judging: Judging): Principal | undefined {
  const boundTo = holder?.boundTo
  if (boundTo !== undefined) {
    if (boundTo !== certificate?.thumbprint)
      throw unproven('The bearer token is bound to a client certificate that does not come with it.')
    checkPeriod(certificate, judging.now)
    return holder?.principal
  }
  const participant = certificate && participantOf(certificate, judging)
  return participant ? both(holder?.principal, participant) : holder?.principal
}

/** The participant of a certificate. Where none is to prove anything, certificates are no proof. */
function participantOf(certificate: ClientCertificate, judging: Judging): Principal | undefined {
  const { participants, hasCertificates, now } = judging
  if (!hasCertificates) return undefined
  if (isOfForeignPage(judging))
    throw unproven('A page of another site may not use the client certificate of a browser to change something.')
  const { thumbprint } = certificate
  const settings = participants.find(({ certificates }) => certificates.includes(thumbprint))
  if (!settings) throw unproven('The client certificate is none of those of the participants (PARTICIPANTS).')
  checkPeriod(certificate, now)
  const { participant, name } = settings
  return principalOf(
    { id: `participant:${participantKey(participant)}`, kind: 'certificate', name, participant },
    settings,
  )
}

/** A browser shows its certificate whichever page has it send a form: what changes something comes from this site, or from no page. */
function isOfForeignPage({ message, baseUrl }: Judging): boolean {
  const { method, headers } = message
  if (method === 'GET' || method === 'HEAD') return false
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  return headers.origin !== undefined && headers.origin !== new URL(baseUrl).origin
}

function checkPeriod({ validFrom, validTo }: ClientCertificate, now: Date): void {
  if (now < validFrom || now > validTo) throw unproven('The client certificate is not valid now.')
}

/**
 * One of two principals that are the same party; the first, whose permissions may be narrower, with the demands of both on the body.
 * @throws FhirError 401 when they are different parties
 */
function both(first: Principal | undefined, second: Principal): Principal {
  if (!first) return second
  const isSame =
    first.id === second.id ||
    (first.participant !== undefined &&
      second.participant !== undefined &&
      participantKey(first.participant) === participantKey(second.participant))
  if (!isSame) throw unproven('The proofs of the request are those of different parties.')
  const { checkBody = first.checkBody } = second
  return checkBody ? { ...first, checkBody } : first
}
