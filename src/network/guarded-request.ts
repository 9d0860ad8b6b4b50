/** One request under the guard: what both clients of this room share. */
import { lookup as lookUp } from 'node:dns/promises'
import type { Agent } from 'node:https'
import { isPublicAddress } from './addresses.ts'
import { NetworkError } from './network-error.ts'
import type { NetworkHost } from './network-hosts.ts'
import type { NetworkReply, NetworkRequest } from './network-request.ts'
import { type OwnCertificate, sendTo } from './send.ts'
import { readTarget, type Target } from './target.ts'
import type { TurnsOfHosts } from './turns-of-hosts.ts'

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

/** IP addresses of a name. */
export type Lookup = (name: string) => Promise<string[]>

/** What requests of one client are made under. */
export interface Guard {
  /** The setting NETWORK. */
  isOn: boolean
  hosts: readonly NetworkHost[]
  lookup: Lookup
  limits: RequestLimits
  turns: TurnsOfHosts
  agent: Agent
  /** By which the other server knows this one. */
  own?: OwnCertificate
  /** Ends everything. */
  closing: AbortSignal
}

/** As the system resolves a name. */
export const systemLookup: Lookup = async (name) => (await lookUp(name, { all: true })).map(({ address }) => address)

/**
 * Makes one request: waits for its turn, resolves the name once, refuses it when any of its addresses is not public and the operator does
 * not list it, and connects to just these addresses.
 * @throws NetworkError
 */
export async function guardedRequest(guard: Guard, asked: NetworkRequest): Promise<NetworkReply> {
  const { hosts, lookup, limits, turns, agent, own, closing } = guard
  if (!guard.isOn) throw new NetworkError('off')
  const target = readTarget(asked.url, hosts)
  const { milliseconds, firstByteMilliseconds, headBytes } = limits
  const timeout = abortAfter(milliseconds)
  const signals = [timeout.signal, closing, ...(asked.signal ? [asked.signal] : [])]
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
      return await sendTo(target, asked, { addresses, agent, own, headBytes, maxBytes, until, signal, headArrived })
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

/** The addresses of a target, resolved once and found fit to be connected to. @throws NetworkError */
export const checkedAddresses = async (target: Target, lookup: Lookup): Promise<string[]> =>
  checked(target, await lookedUpAddresses(target, lookup))

function abortAfter(milliseconds: number): { signal: AbortSignal; cancel(): void } {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new NetworkError('timeout')), milliseconds)
  return { signal: controller.signal, cancel: () => clearTimeout(timer) }
}

/** The addresses of a target, resolved once. */
async function lookedUpAddresses({ host, listed }: Target, lookup: Lookup): Promise<string[]> {
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
