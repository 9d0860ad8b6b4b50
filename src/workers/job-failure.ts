import { FhirError, issue, unprocessable } from '../fhir/error.ts'

/**
 * `cpu`, `memory`: the job used more than it may. `time`: it hung. `crash`: the process ended by itself. `busy`: too many jobs of
 * all clients are waiting, `own-busy`: of this one. `closed`: the server is shutting down.
 */
export type FailureReason = 'cpu' | 'memory' | 'time' | 'crash' | 'closed' | 'busy' | 'own-busy'

/** Why a job has no answer. */
export class JobFailure extends Error {
  readonly reason: FailureReason

  constructor(reason: FailureReason, message: string) {
    super(message)
    this.name = 'JobFailure'
    this.reason = reason
  }
}

const retryAfter = { 'Retry-After': '5' }

/**
 * What a client is told of a job that failed: 422 too-costly for what it caused itself, 429 and 503 with Retry-After for a queue
 * that is full. Anything but a {@link JobFailure} is handed back as it is.
 * @param what the work, as the beginning of a sentence, e.g. `the evaluation`
 */
export function jobRefusal(failure: unknown, what: string): unknown {
  if (!(failure instanceof JobFailure)) return failure
  const { reason, message } = failure
  switch (reason) {
    case 'busy':
      return new FhirError(503, issue('throttled', `the server is busy: ${message}`), retryAfter)
    case 'own-busy':
      return new FhirError(429, issue('throttled', `too much at once from one client: ${message}`), retryAfter)
    case 'closed':
      return new FhirError(503, issue('transient', 'the server is shutting down'), retryAfter)
    case 'time':
      return new FhirError(503, issue('timeout', `${what} could not be finished: ${message}`), retryAfter)
    case 'cpu':
      return unprocessable(`${what} takes too long: ${message}`, 'too-costly')
    case 'memory':
      return unprocessable(`${what} needs too much memory: ${message}`, 'too-costly')
    case 'crash':
      return unprocessable(`${what} failed: ${message}`, 'too-costly')
  }
}
