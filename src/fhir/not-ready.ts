import { FhirError, issue } from './error.ts'

/** Seconds after which a client that met content being loaded should ask again. */
const retrySeconds = 5

/** 503: what an answer depends on is still being loaded; it is neither "no" nor "not found". */
export function notReady(what: string): FhirError {
  const text = `${what} is still being loaded, and the answer may depend on it: ask again in ${retrySeconds} seconds.`
  return new FhirError(503, issue('transient', text), { 'Retry-After': String(retrySeconds) })
}

/** Whether an error says that content is still being loaded. */
export function isNotReady(error: unknown): boolean {
  return (
    error instanceof FhirError &&
    error.status === 503 &&
    'Retry-After' in error.headers &&
    error.issues.some(({ code }) => code === 'transient')
  )
}
