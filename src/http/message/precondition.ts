import { badRequest } from '../../fhir/error.ts'
import type { StoredVersion } from '../../storage/storage.ts'
import type { FhirReply, FhirRequest } from './exchange.ts'

/** `ETag` and `Last-Modified` of a stored version (https://hl7.org/fhir/R4/http.html#versions). */
export function versionHeaders(version: StoredVersion): Record<string, string> {
  return { ETag: `W/"${version.versionId}"`, 'Last-Modified': new Date(version.lastUpdated).toUTCString() }
}

/**
 * The version that `If-Match` demands; undefined without the header or for `*`.
 * @throws FhirError 400 when it is no entity tag
 */
export function ifMatchVersion(header: string | undefined): string | undefined {
  if (header === undefined || header.trim() === '*') return undefined
  const tag = /^\s*(?:W\/)?"?([A-Za-z0-9.-]{1,64})"?\s*$/.exec(header)?.[1]
  if (tag === undefined) throw badRequest('If-Match must have the form W/"version".')
  return tag
}

/** Turns a successful answer to a GET into 304 when the client has it already (RFC 9110 §13). */
export function applyPreconditions(request: FhirRequest, reply: FhirReply): FhirReply {
  if (reply.status !== 200 || request.method !== 'GET') return reply
  return isFresh(request.headers, reply.headers) ? { status: 304, headers: reply.headers } : reply
}

/** Whether the client's copy is the current one. */
export function isFresh(asked: Record<string, string | undefined>, given: Record<string, string>): boolean {
  const etag = given.ETag
  const noneMatch = asked['if-none-match']
  if (noneMatch !== undefined) {
    if (etag === undefined) return false
    return noneMatch.split(',').some((tag) => tag.trim() === '*' || weak(tag) === weak(etag))
  }
  if (asked['if-modified-since'] === undefined) return false
  const since = Date.parse(asked['if-modified-since'])
  const modified = Date.parse(given['Last-Modified'] ?? '')
  return !Number.isNaN(since) && !Number.isNaN(modified) && modified <= since
}

function weak(tag: string): string {
  return tag.trim().replace(/^W\//, '')
}
