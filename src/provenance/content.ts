/** The bytes of an artefact version that others hold against its hash: fixed when it is published, never written anew. */

import { sha256 } from '../base/crypto/sha256.ts'
import { canonicalJson, isJsonObject } from '../base/json.ts'
import { artefactName } from '../fhir/artefact.ts'
import { unprocessable } from '../fhir/error.ts'
import type { Resource } from '../fhir/types.ts'

/** Bytes, and what they are known by. */
export interface Content {
  bytes: Buffer
  /** SHA-256, lower-case hex. */
  hash: string
  /** Base64url of the first 16 bytes of it: the last part of its address. */
  id: string
}

/** Bytes with their hash. */
export function contentOf(bytes: Buffer): Content {
  const digest = sha256(bytes)
  return { bytes, hash: digest.toString('hex'), id: idOfDigest(digest) }
}

/** The id of content by its hash. */
export const contentId = (hash: string): string => idOfDigest(Buffer.from(hash, 'hex'))

const idOfDigest = (digest: Buffer): string => digest.subarray(0, 16).toString('base64url')

/**
 * The content of a version: RFC 8785 of the resource, `text` included, without `meta.versionId` and `meta.lastUpdated`, which differ
 * from server to server.
 * @throws FhirError 422 for what RFC 8785 cannot carry: integers beyond 2^53-1, lone surrogates
 */
export function resourceContent(resource: Resource): Content {
  const { meta: given, ...rest } = resource
  const { versionId: _versionId, lastUpdated: _lastUpdated, ...meta } = given ?? {}
  const told = Object.keys(meta).length > 0 ? { ...rest, meta } : rest
  const name = () => artefactName(resource)
  try {
    const number = unsafeInteger(told)
    if (number !== undefined)
      throw uncarried(name(), `the number ${number}, which is beyond the integers that every reader has (2^53-1)`)
    return contentOf(Buffer.from(canonicalJson(told)))
  } catch (error) {
    if (error instanceof TypeError) throw uncarried(name(), 'a text that is not well-formed Unicode')
    if (error instanceof RangeError) throw uncarried(name(), 'more levels than can be written')
    throw error
  }
}

function uncarried(name: string, what: string) {
  return unprocessable(
    `${name} has no canonical form (RFC 8785), so that nobody could hold it against a hash: it has ${what}.`,
  )
}

/** An integer that a reader with doubles may take for another; undefined when there is none. */
function unsafeInteger(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value) ? value : undefined
  const members = Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : []
  for (const member of members) {
    const found = unsafeInteger(member)
    if (found !== undefined) return found
  }
  return undefined
}
