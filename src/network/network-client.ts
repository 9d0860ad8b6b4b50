import { lookup as lookUp } from 'node:dns/promises'
import { Agent } from 'node:https'
import { isPublicAddress } from './addresses.ts'
import { NetworkError } from './network-error.ts'
import type { NetworkHost } from './network-hosts.ts'
import type { SendRequest } from './network-request.ts'
import { sendTo } from './send.ts'
import { readTarget, type Target } from './target.ts'
import { createTurnsOfHosts, type TurnLimits } from './turns-of-hosts.ts'

/** The one way out of this server. */
export interface NetworkClient {
  request: SendRequest
  /** Whether the operator names the host and port of an address (NETWORK_HOSTS). */
  isListed(url: string): boolean
  /** Breaks off what is under way and refuses what comes. */
  close(): void
}

/** Times and sizes of one request. */
export interface RequestLimits {
  /** Until the head of the answer is there, from the moment that it may begin. */
  firstByteMilliseconds: number
  /** In all, waiting for its turn included. */
  milliseconds: number
  /** Of the answer's body. */
  bytes: number
  /** Of the answer's head. */
  headBytes: number
}

/** What a client is made of. */
export interface NetworkClientOptions {
  /** The setting NETWORK. */
  isOn: boolean
  hosts?: readonly NetworkHost[]
  /** IP addresses of a name; default: as the system resolves it. */
  lookup?(name: string): Promise<string[]>
  limits?: RequestLimits
  turns?: TurnLimits
}

const defaultLimits: RequestLimits = {
  firstByteMilliseconds: 10_000,
  milliseconds: 60_000,
  bytes: 20_000_000,
  headBytes: 16_384,
}

const defaultTurns: TurnLimits = {
  ofHost: 2,
  ofClient: 8,
  inAll: 64,
  waitingOfHost: 20,
  waitingOfClient: 20,
  waiting: 500,
}

const systemLookup = async (name: string): Promise<string[]> =>
  (await lookUp(name, { all: true })).map(({ address }) => address)

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
  const request: SendRequest = async (asked) => {
    if (!isOn) throw new NetworkError('off')
    const target = readTarget(asked.url, hosts)
    const { milliseconds, firstByteMilliseconds, headBytes } = limits
    const timeout = abortAfter(milliseconds)
    const signals = [timeout.signal, closing.signal, ...(asked.signal ? [asked.signal] : [])]
    const signal = AbortSignal.any(signals)
    try {
      const end = await turns.take({ host: `${target.host}:${target.port}`, client: asked.client ?? '' }, signal)
      const firstByte = abortAfter(firstByteMilliseconds)
      const lookedUp = lookedUpAddresses(target, lookup)
      try {
        const until = AbortSignal.any([signal, firstByte.signal])
        const addresses = checked(target, await unlessAborted(lookedUp, until))
        const maxBytes = Math.min(asked.maxBytes ?? limits.bytes, limits.bytes)
        const headArrived = firstByte.cancel
        return await sendTo(target, asked, { addresses, agent, headBytes, maxBytes, until, signal, headArrived })
      } finally {
        firstByte.cancel()
        // A look-up that nobody waits for any longer goes on: it keeps its turn, or slow names would pile up.
        lookedUp.then(end, end)
      }
    } catch (error) {
      // Whoever called it off did not want to wait any longer.
      throw asked.signal?.aborted && !(error instanceof NetworkError) ? new NetworkError('timeout') : error
    } finally {
      timeout.cancel()
    }
  }
  return {
    request,
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

function abortAfter(milliseconds: number): { signal: AbortSignal; cancel(): void } {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new NetworkError('timeout')), milliseconds)
  return { signal: controller.signal, cancel: () => clearTimeout(timer) }
}

/** The addresses of a target, resolved once. */
async function lookedUpAddresses(
  { host, listed }: Target,
  lookup: (name: string) => Promise<string[]>,
): Promise<string[]> {
  if (listed?.address !== undefined) return [listed.address]
  try {
    return await lookup(host)
  } catch {
    throw new NetworkError('name') // the resolver's message names it
  }
}

/** One that is not public makes the name unusable, for the next answer might be it alone. */
function checked({ listed }: Target, addresses: string[]): string[] {
  if (addresses.length === 0) throw new NetworkError('name')
  if (!listed && !addresses.every(isPublicAddress)) throw new NetworkError('private')
  return addresses
}

/** A look-up cannot be called off; nobody waits for it any longer. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
