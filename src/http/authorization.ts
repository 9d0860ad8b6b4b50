import { createHash, timingSafeEqual } from 'node:crypto'
import { FhirError, issue } from '../fhir/error.ts'

/** Decides whether a request may write; throws a FhirError 401 when not. */
export type Authorize = (headers: Record<string, string | undefined>) => void

/**
 * The guard of every write: a bearer token (RFC 6750), compared in constant time.
 * @param token the token that opens writes; without it every write is refused
 */
export function bearerAuthorization(token: string | undefined): Authorize {
  const expected = token === undefined || token === '' ? undefined : digest(token)
  return (headers) => {
    const given = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
    if (expected === undefined)
      throw unauthorized('No authority is configured on this server that could permit this.', '')
    if (given === undefined) throw unauthorized('This needs a bearer token.', '')
    if (!timingSafeEqual(digest(given), expected)) {
      throw unauthorized('The bearer token is not valid.', ', error="invalid_token"')
    }
  }
}

/** 401 for what is open to those alone who have a token; `why` is a sentence. */
export const tokenNeeded = (why: string): FhirError => unauthorized(why, '')

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function unauthorized(text: string, parameters: string): FhirError {
  return new FhirError(401, issue('login', text), { 'WWW-Authenticate': `Bearer realm="fhir"${parameters}` })
}
