import type { BodyLimits } from './connections.ts'

/** What the HTTP layer lets a request, a client and all clients together use. */
export interface HttpLimits extends BodyLimits {
  /** Largest body, packed and unpacked, of a request without a token. */
  openBodyBytes: number
  /** Most entries of a batch or transaction without a token. */
  batchEntries: number
  /** Most entries of a batch or transaction with one. */
  writingEntries: number
  /** Largest reply. */
  replyBytes: number
  /** CPU time of one request on the server's thread. */
  cpuMilliseconds: number
  /** How long a client waits that would rather come back (`Prefer: respond-async`). */
  asyncMilliseconds: number
}

/** What holds where nothing else is configured. */
export const defaultLimits: HttpLimits = {
  openBodyBytes: 1_000_000,
  batchEntries: 100,
  writingEntries: 10_000,
  replyBytes: 20_000_000,
  cpuMilliseconds: 1000,
  asyncMilliseconds: 2000,
  bodies: 200,
  bodiesOfOne: 20,
  bytes: 100_000_000,
}
