import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, type Socket } from 'node:net'
import { keepPerObject } from '../../base/keep.ts'
import { FhirError, issue } from '../../fhir/error.ts'
import type { Permission, Principal } from '../../fhir/principal.ts'
import { type Budget, createBudget, requestLimits } from '../../workers/budget.ts'
import type { Gate, Place } from './gate.ts'
import type { HttpLimits } from './http-limits.ts'

/** Who makes a request, and what it may use; entries of a batch share it. Worked out when it is asked for. */
export interface Requester {
  client(): string
  /** Who it is, where that was proved. */
  principal: Principal | undefined
  /** What he needs who is refused because nothing says who he is, as a sentence. */
  proofNeeded: string
  /** Whether that was proved: public limits hold for everybody else. */
  isAuthorized(): boolean
  budget(): Budget
  /** Enters the gate for work that builds much; once for a request, which leaves it when it was answered. */
  enter(gate: Gate): Promise<void>
  /** Whether the client has gone: nobody waits for what is still to be done. */
  isGone(): boolean
  /** The request was answered. */
  end(): void
}

/** What requesters are made with. */
export interface RequesterOptions {
  clientOf: ClientOf
  limits: Pick<HttpLimits, 'cpuMilliseconds'>
  settings?: ProofSettings
}

/** How somebody can prove who he is, as far as a refusal tells it. */
interface ProofSettings {
  developmentToken?: string
  authority?: { proofs: readonly string[] }
}

/** The requester of a message. */
export function requesterOf(
  message: IncomingMessage,
  principal: Principal | undefined,
  options: RequesterOptions,
): Requester {
  let client: string | undefined
  let budget: Budget | undefined
  let place: Promise<Place> | undefined
  const requester: Requester = {
    principal,
    proofNeeded: proofNeeded(options.settings),
    client() {
      client ??= principal?.id ?? options.clientOf(message)
      return client
    },
    isAuthorized: () => principal !== undefined,
    budget() {
      budget ??= createBudget({
        client: requester.client(),
        limits: { ...requestLimits, cpuMilliseconds: options.limits.cpuMilliseconds },
      })
      return budget
    },
    async enter(gate) {
      place ??= gate.enter(requester.client())
      await place
    },
    isGone: () => message.socket?.destroyed === true,
    end: () => void place?.then((each) => each.leave()).catch(() => undefined), // who was not let in has nothing to leave
  }
  return requester
}

function proofNeeded({ developmentToken, authority }: ProofSettings = {}): string {
  const isPossible = authority ? authority.proofs.length > 0 : developmentToken !== undefined
  return isPossible
    ? 'This needs a bearer token, or another proof of who asks: rest.security of /metadata tells which this server takes.'
    : noAuthority
}

const noAuthority =
  'Nobody can do this here: no authority is configured. Set TOKEN_ISSUER, CLIENTS or PARTICIPANTS or, for development, DEVELOPMENT_TOKEN (docs/authority.md).'

/**
 * Finds out who sent a message: undefined when it brings no proof of anybody.
 * @throws FhirError 401 when its proof does not hold
 */
export type Authenticate = (message: IncomingMessage) => Principal | undefined | Promise<Principal | undefined>

/**
 * The holder of the development token, compared in constant time, who may do everything; undefined for any other token.
 * @param token without it there is no such holder
 */
export function developerBy(token: string | undefined): ((given: string) => Principal | undefined) | undefined {
  if (token === undefined || token === '') return undefined
  const expected = digest(token)
  return (given) => (timingSafeEqual(digest(given), expected) ? developer : undefined)
}

/** Where nothing else is configured: the holder of the development token, as a bearer token (RFC 6750). */
export function developmentAuthentication(token: string | undefined): Authenticate {
  const developerOf = developerBy(token)
  return ({ headers: { authorization = '' } }) => {
    const given = /^bearer +(\S+) *$/i.exec(authorization)?.[1]
    if (given === undefined || !developerOf) return undefined
    const found = developerOf(given)
    if (found) return found
    throw unauthorized('The bearer token is not valid.', ', error="invalid_token"')
  }
}

/**
 * Whether a message may bring a proof of who sends it, told without judging it: what is answered to it is not what is answered to
 * anybody.
 */
export function mayBringProof({ headers, socket }: IncomingMessage): boolean {
  const { authorization, signature, 'signature-input': input, 'client-cert': certificate } = headers
  if ((authorization ?? signature ?? input ?? certificate) !== undefined) return true
  return isTls(socket) && socket.getPeerX509Certificate() !== undefined
}

const isTls = (socket: object): socket is { getPeerX509Certificate(): unknown } => 'getPeerX509Certificate' in socket

/** Whether a message brings that bearer token (RFC 6750), compared in constant time. */
export function bringsToken({ headers: { authorization = '' } }: IncomingMessage, token: string): boolean {
  const given = /^bearer +(\S+) *$/i.exec(authorization)?.[1]
  return given !== undefined && timingSafeEqual(digest(given), digest(token))
}

const developer: Principal = {
  id: 'token',
  kind: 'development',
  name: 'holder of the development token',
  permits: () => true,
  ownership: 'all',
}

/**
 * Refuses who may not do something.
 * @throws FhirError 401 when nothing says who it is, 403 when it may not
 */
export function checkPermission({ principal, proofNeeded }: Requester, permission: Permission, type: string): void {
  if (!principal) throw unauthorized(proofNeeded, '')
  if (principal.permits(permission, type)) return
  const what = type === '*' ? 'this' : `${permission} ${type}`
  throw new FhirError(403, issue('forbidden', `The scopes of the request do not permit to ${what}.`))
}

/** 401 for what is open to those alone who have a token; `why` is a sentence. */
export const tokenNeeded = (why: string): FhirError => unauthorized(why, '')

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function unauthorized(text: string, parameters: string): FhirError {
  return new FhirError(401, issue('login', text), { 'WWW-Authenticate': `Bearer realm="fhir"${parameters}` })
}

/** Names the client of a request: what is limited for each is limited by this name. */
export type ClientOf = (message: IncomingMessage) => string

/**
 * Clients by address. Behind a proxy that is trusted it is the address that the proxy tells: the last one of `X-Forwarded-For` that no
 * trusted proxy added; what anybody else writes there counts for nothing. An IPv6 client is its /64 network, which one subscriber has.
 * @param trustedProxies addresses and CIDR ranges, see {@link proxyProblem}
 */
export function clientsByAddress(trustedProxies: readonly string[]): ClientOf {
  const addressOf = clientAddresses(trustedProxies)
  if (trustedProxies.length > 0) return (message) => networkOf(addressOf(message))
  const ofSocket = keepPerObject((socket: Socket) => networkOf(ownAddress(socket)))
  return ({ socket }) => ofSocket(socket)
}

/** The address at the other end; a connection has one as long as it lasts. */
const ownAddress = keepPerObject(({ remoteAddress }: Socket): string => plainAddress(remoteAddress ?? ''))

/** The address of a client, as {@link clientsByAddress} finds it. */
export function clientAddresses(trustedProxies: readonly string[]): (message: IncomingMessage) => string {
  const trusted = blockList(trustedProxies)
  return (message) => {
    const own = ownAddress(message.socket)
    if (trustedProxies.length === 0 || !isTrusted(trusted, own)) return own
    const forwarded = message.headers['x-forwarded-for']
    const hops = (Array.isArray(forwarded) ? forwarded.join() : (forwarded ?? '')).split(',').reverse()
    let client = own
    for (const hop of hops) {
      const address = plainAddress(hop.trim())
      // What is no address says nothing of who asks; the proxy itself is answerable then.
      if (isIP(address) === 0) break
      client = address
      if (!isTrusted(trusted, address)) break
    }
    return client
  }
}

/** The client of a connection; undefined for a trusted proxy, behind which there are many. */
export function connectionClients(trustedProxies: readonly string[]): (socket: Socket) => string | undefined {
  const trusted = blockList(trustedProxies)
  return ({ remoteAddress }) => {
    const address = plainAddress(remoteAddress ?? '')
    return isTrusted(trusted, address) ? undefined : networkOf(address)
  }
}

/** What is wrong with an entry of the setting; undefined when it is an address or a CIDR range. */
export function proxyProblem(entry: string): string | undefined {
  const [address = '', prefix, ...more] = entry.split('/')
  const family = isIP(address)
  const most = family === 6 ? 128 : 32
  const isRange = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= most)
  return family !== 0 && isRange && more.length === 0 ? undefined : 'an IP address or CIDR range is wanted'
}

/** Whether a message comes from a proxy that is trusted. */
export function messagesOfProxies(trustedProxies: readonly string[]): (message: IncomingMessage) => boolean {
  if (trustedProxies.length === 0) return () => false
  const trusted = blockList(trustedProxies)
  return ({ socket }) => isTrusted(trusted, ownAddress(socket))
}

function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}

function isTrusted(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** An IPv4 address as such, also when it comes as ::ffff:192.0.2.1; without brackets, port and zone. */
function plainAddress(text: string): string {
  const bare = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? (/^[\d.]+:\d+$/.test(text) ? text.replace(/:\d+$/, '') : text)
  return bare.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '')
}

function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...rest]
  return `${all
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}
