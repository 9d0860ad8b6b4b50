/** What comes back from the server: an answer, or why there is none. */
import type { OperationOutcome } from 'fhir/r4.js'

/**
 * Why there is no answer. `unreachable`: no reply in time · `busy`: 429 or 503, to be tried again · `forbidden`: 401 or 403 · `missing`: 404 or
 * 410 · `refused`: any other 4xx · `broken`: 5xx, or a reply that is not of this API (a page of a proxy) · `left`: nobody waits any more
 */
export type FaultKind = 'unreachable' | 'busy' | 'forbidden' | 'missing' | 'refused' | 'broken' | 'left'

/** A question that was not answered. */
export interface Fault {
  kind: FaultKind
  status?: number
  /** Seconds after which asking again may help. */
  retryAfter?: number
  outcome?: OperationOutcome
}

/** What came back. */
export type Reply<T> = { value: T; headers: Headers; fault?: undefined } | { fault: Fault; value?: undefined }
