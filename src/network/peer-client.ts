import { Agent } from 'node:https'
import { guardedRequest, type Lookup, type RequestLimits, systemLookup } from './guarded-request.ts'
import { defaultTurns } from './network-client.ts'
import { NetworkError } from './network-error.ts'
import type { NetworkHost } from './network-hosts.ts'
import type { NetworkReply, NetworkRequest } from './network-request.ts'
import { authorityOf, readTarget } from './target.ts'
import { createTurnsOfHosts } from './turns-of-hosts.ts'

/** A request to the one server of a peer client. */
interface PeerRequest extends Omit<NetworkRequest, 'url' | 'client' | 'method'> {
  method: NonNullable<NetworkRequest['method']>
  /** Path and query below the server's address, from its `/` on, as it is sent. */
  path: string
}

/** The way to one server that knows this one by its certificate: a gateway of the network. */
export interface PeerClient {
  /** @throws NetworkError that names neither address nor content; `client-certificate` when the other server refuses our certificate */
  request(asked: PeerRequest): Promise<NetworkReply>
  /** Breaks off what is under way, ends the connections and refuses what comes. */
  close(): void
}

/** What a peer client is made of. */
export interface PeerClientOptions {
  /** https address of the server; paths of requests are appended to it. */
  url: string
  /** PEM of this server's certificate, with its chain if it has one. */
  certificate: string
  /** PEM of its key. */
  privateKey: string
  /** PEM of the authorities that the other server's certificate is held against in place of the public ones. */
  ca?: string
  /** The setting NETWORK. */
  isOn: boolean
  hosts: readonly NetworkHost[]
  lookup?: Lookup
  limits?: RequestLimits
}

/** A list of 5,000 references takes a gateway seconds before its first byte. */
const defaultLimits: RequestLimits = {
  firstByteMilliseconds: 30_000,
  milliseconds: 60_000,
  bytes: 20_000_000,
  headBytes: 16_384,
}
/** An idle connection is ended after so long, unless the other server says that it ends it earlier. */
const IDLE_MILLISECONDS = 10_000
/** What may stand in a request line; `//` would be another host, `\` is read as `/` by some. */
const PATH = /^\/(?!\/)[^\s\\#]*$/

/**
 * A client of one server with mutual TLS (1.2 and 1.3), under the guard of the other client: the address must be public or listed, its
 * certificate good for its name, no redirect is followed. Connections are kept and used again.
 */
export function createPeerClient(options: PeerClientOptions): PeerClient {
  const { url, isOn, hosts, lookup = systemLookup, limits = defaultLimits } = options
  const own = { cert: options.certificate, key: options.privateKey, ...(options.ca ? { ca: options.ca } : {}) }
  const turns = createTurnsOfHosts(defaultTurns)
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MILLISECONDS, maxFreeSockets: 2, maxCachedSessions: 0 })
  const closing = new AbortController()
  const guard = { isOn, hosts, lookup, limits, turns, agent, own, closing: closing.signal }
  return {
    async request({ path, ...asked }) {
      if (!isOn) throw new NetworkError('off')
      const address = `${url.replace(/\/+$/, '')}${path}`
      if (!PATH.test(path) || authorityOf(readTarget(address, hosts)) !== authorityOf(readTarget(url, hosts)))
        throw new NetworkError('address')
      return guardedRequest(guard, { ...asked, url: address })
    },
    close() {
      closing.abort(new NetworkError('closed'))
      turns.close()
      agent.destroy()
    },
  }
}
