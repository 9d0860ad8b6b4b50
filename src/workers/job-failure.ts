import { FhirError, issue, unprocessable } from '../fhir/error.ts'

/**
 * `cpu`, `memory`: the job used more than it may. `time`: it hung. `fault`: the program has a bug. `killed`: somebody else ended the
 * process. `gone`: nobody waits for the answer any more. `busy`: too many jobs of all clients are waiting, `own-busy`: of this one.
 * `closed`: the server is shutting down.
 */
export type FailureReason = 'cpu' | 'memory' | 'time' | 'fault' | 'killed' | 'gone' | 'closed' | 'busy' | 'own-busy'

/** Why a job has no answer. */
export class JobFailure extends Error {
  readonly reason: FailureReason

  /** `frames`: where in the program, when it has a bug. */
  constructor(reason: FailureReason, message: string, frames?: string) {
    super(message)
    this.name = 'JobFailure'
    this.reason = reason
    if (frames !== undefined) this.stack = `JobFailure: ${message}\n${frames}`
  }
}

const retryAfter = { 'Retry-After': '5' }

/**
 * What a client is told of a job that failed: 422 too-costly for what it caused itself, 429 and 503 with Retry-After for a queue
 * that is full and for what happened to the process, 500 for a bug, which is none of the client's. Anything but a {@link JobFailure} is handed back as it is.
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
    case 'killed':
    case 'gone':
      return new FhirError(503, issue('transient', `${what} was not finished: ${message}`), retryAfter)
    case 'fault':
      return faultOf(failure, what)
  }
}

/** 500, with the place in the program for whoever reads the log. */
function faultOf({ stack }: JobFailure, what: string): FhirError {
  const fault = new FhirError(500, issue('exception', `${what} failed by a fault of this server`))
  if (stack !== undefined) fault.stack = stack
  return fault
}
