/**
 * How many requests one client may make in a minute (draft-ietf-httpapi-ratelimit-headers-08). What one client does never uses up what
 * another may do: where too many are to be remembered, the oldest begins anew.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { FhirError, issue } from '../../fhir/error.ts'
import type { ClientOf } from './requester.ts'

/** What clients may ask. */
export interface RateSettings {
  /** Requests in a window of one address, and of one /64 network of IPv6; undefined: as many as come. */
  ofClient: number | undefined
  /** The same of one principal, wherever it asks from. */
  ofPrincipal: number | undefined
}

/** What stands on a reply of what is left. */
type RateHeaders = Record<string, string>

/** What one client has used. */
export interface RateAccount {
  /**
   * Uses some. A client that has anything left gets all of it, and owes what is too much: a batch counts as its entries, and is not cut.
   * @returns whether there was anything left
   */
  take(requests: number): boolean
  /** Adds what clients are told to the headers of a reply. */
  tell(headers: RateHeaders): void
  /** 429 with what to do. */
  refusal(): FhirError
}

/** The accounts of all clients. */
export interface RateLimits {
  /** Undefined when nothing is limited. */
  ofAddress(message: IncomingMessage): RateAccount | undefined
  ofPrincipal(id: string): RateAccount | undefined
  /** Of those whose proof of who they are did not hold: they cannot use up what their neighbours may do, nor try for ever. */
  ofUnproved(message: IncomingMessage): RateAccount | undefined
  /** Requests that were refused so far. */
  refused(): number
}

/** Length of a window in seconds. */
const windowSeconds = 60
/** Most accounts that are remembered, of each kind: some 10 MB. */
const mostAccounts = 65_536

/** What accounts of one kind are made with. */
interface Kind {
  name: string
  quota: number
  /** Milliseconds of a clock that only moves forward. */
  elapsed(): number
  refused(): void
  used?: ((client: string, requests: number) => void) | undefined
}

class Account implements RateAccount {
  used = 0
  /** End of the window, in milliseconds of the clock. */
  endsAt: number
  /** Number of the generation of accounts in which it was last looked for. */
  generation = 0
  readonly kind: Kind
  readonly client: string

  constructor(kind: Kind, client: string) {
    this.kind = kind
    this.client = client
    this.endsAt = kind.elapsed() + windowSeconds * 1000
  }

  take(requests: number): boolean {
    this.renew()
    if (this.used >= this.kind.quota) {
      this.kind.refused()
      return false
    }
    this.used += requests
    this.kind.used?.(this.client, requests)
    return true
  }

  /** Another process of this server has answered so many. */
  usedElsewhere(requests: number): void {
    this.renew()
    this.used += requests
  }

  tell(headers: RateHeaders): void {
    const { name, quota } = this.kind
    const left = this.used < quota ? quota - this.used : 0
    headers.RateLimit = `"${name}";r=${left};t=${this.seconds()}`
    headers['RateLimit-Policy'] = `"${name}";q=${quota};w=${windowSeconds}`
  }

  refusal(): FhirError {
    const seconds = this.seconds()
    const text = `More than ${this.kind.quota} requests a minute of one client; ask again in ${seconds} s.`
    return new FhirError(429, issue('throttled', text), { 'Retry-After': String(seconds) })
  }

  /** Until there is something again. */
  private seconds(): number {
    const owed = Math.max(0, Math.floor(this.used / this.kind.quota) - 1)
    return Math.max(1, Math.ceil((this.endsAt - this.kind.elapsed()) / 1000)) + owed * windowSeconds
  }

  private renew(): void {
    const now = this.kind.elapsed()
    if (now < this.endsAt) return
    const windows = Math.floor((now - this.endsAt) / (windowSeconds * 1000)) + 1
    this.used = Math.max(0, this.used - windows * this.kind.quota)
    this.endsAt += windows * windowSeconds * 1000
  }
}

/** Accounts by the names of clients. */
interface Accounts {
  of(name: string): Account
  /** Whether an account was looked for lately. */
  isRecent(account: Account): boolean
}

/**
 * Two generations of accounts: who is not looked for while a whole one is filled is forgotten. To drop the oldest one by one would have
 * each search begin behind all that were dropped.
 */
function accounts(kind: Kind): Accounts {
  let young = new Map<string, Account>()
  let old = new Map<string, Account>()
  let generation = 0
  return {
    isRecent: (account) => account.generation === generation,
    of(name) {
      const found = young.get(name)
      if (found) return found
      const account = old.get(name) ?? new Account(kind, name)
      if (young.size >= mostAccounts / 2) {
        old = young
        young = new Map()
        generation += 1
      }
      young.set(name, account)
      account.generation = generation
      return account
    },
  }
}

/** What limits are made with. */
export interface RateParts {
  clientOf: ClientOf
  /** Whether all requests of a connection come from one client: there is no proxy that is trusted. */
  isDirect: boolean
  elapsed(): number
  /** Told of what is used here, by kind of account and client: other processes of this server count it, too. */
  used?(kind: string, client: string, requests: number): void
  /** Gets what counts what others have used. */
  onOthers?(use: (kind: string, client: string, requests: number) => void): void
}

/** Limits of nobody's requests so far. */
export function createRateLimits({ ofClient, ofPrincipal }: RateSettings, parts: RateParts): RateLimits {
  const { clientOf, isDirect, elapsed, used } = parts
  let refused = 0
  const countRefused = () => {
    refused += 1
  }
  const kindOf = (name: string, quota: number) => ({
    name,
    quota,
    elapsed,
    refused: countRefused,
    used: used && ((client: string, requests: number) => used(name, client, requests)),
  })
  const clients = ofClient === undefined ? undefined : accounts(kindOf('client', ofClient))
  const principals = ofPrincipal === undefined ? undefined : accounts(kindOf('token', ofPrincipal))
  const unproved = ofClient === undefined ? undefined : accounts(kindOf('unproved', ofClient))
  const byKind = new Map([
    ['client', clients],
    ['token', principals],
    ['unproved', unproved],
  ])
  parts.onOthers?.((kind, client, requests) => byKind.get(kind)?.of(client).usedElsewhere(requests))
  // What an address is called takes longer to find than all the rest.
  const known = new WeakMap<Socket, Account>()
  return {
    ofAddress(message) {
      if (!clients) return undefined
      if (!isDirect) return clients.of(clientOf(message))
      const last = known.get(message.socket)
      if (last && clients.isRecent(last)) return last
      const account = clients.of(clientOf(message))
      known.set(message.socket, account)
      return account
    },
    ofPrincipal: (id) => principals?.of(id),
    ofUnproved: (message) => unproved?.of(clientOf(message)),
    refused: () => refused,
  }
}
