import { Agent } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { guardedRequest, type Lookup, type RequestLimits, systemLookup } from './guarded-request.ts'
import { NetworkError } from './network-error.ts'
import type { NetworkHost } from './network-hosts.ts'
import type { SendRequest } from './network-request.ts'
import { readTarget } from './target.ts'
import { openTlsStream } from './tls-stream.ts'
import { createTurnsOfHosts, type TurnLimits } from './turns-of-hosts.ts'

/** The one way out of this server to servers that it does not know. */
export interface NetworkClient {
  request: SendRequest
  /** Whether the operator names the host and port of an address (NETWORK_HOSTS). */
  isListed(url: string): boolean
  /** Opens a TLS connection for another protocol than HTTP. @throws NetworkError */
  openStream(target: { host: string; port: number }): Promise<TLSSocket>
  /** Breaks off what is under way and refuses what comes. */
  close(): void
}

/** What a client is made of. */
export interface NetworkClientOptions {
  /** The setting NETWORK. */
  isOn: boolean
  hosts?: readonly NetworkHost[]
  /** IP addresses of a name; default: as the system resolves it. */
  lookup?: Lookup
  limits?: RequestLimits
  turns?: TurnLimits
}

const defaultLimits: RequestLimits = {
  firstByteMilliseconds: 10_000,
  milliseconds: 60_000,
  bytes: 20_000_000,
  headBytes: 16_384,
}

/** How many requests of one client are under way and wait, where nothing else is said. */
export const defaultTurns: TurnLimits = {
  ofHost: 2,
  ofClient: 8,
  inAll: 64,
  waitingOfHost: 20,
  waitingOfClient: 20,
  waiting: 500,
}

/**
 * The guarded client. It reaches https servers of the public internet by name and the hosts that the operator lists, and nothing else:
 * a name is resolved once, refused when any of its addresses is not public, and connected to at just these addresses, with its
 * certificate held against the name. It follows no redirect, keeps no cookie and no connection, and uses no proxy.
 */
export function createNetworkClient(options: NetworkClientOptions): NetworkClient {
  const { isOn, hosts = [], lookup = systemLookup, limits = defaultLimits } = options
  const turns = createTurnsOfHosts(options.turns ?? defaultTurns)
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 0 })
  const closing = new AbortController()
  const guard = { isOn, hosts, lookup, limits, turns, agent, closing: closing.signal }
  return {
    request: (asked) => guardedRequest(guard, asked),
    openStream: (target) => openTlsStream(guard, target),
    isListed: (url) => {
      try {
        return readTarget(url, hosts).listed !== undefined
      } catch {
        return false // no address that could be listed
      }
    },
    close() {
      closing.abort(new NetworkError('closed'))
      turns.close()
      agent.destroy()
    },
  }
}
