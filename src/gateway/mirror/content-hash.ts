/** How manifests of this software name the content of an artefact. */

import { sha256Hex } from '../../base/crypto/sha256.ts'
import { canonicalJson } from '../../base/json.ts'
import type { Resource } from '../../fhir/types.ts'

/** Extension of a manifest's entry: SHA-256 of what stands at its address, lower-case hex. */
export const hashExtension = 'http://vidimus.org/fhir/StructureDefinition/content-sha256'

/** SHA-256 of RFC 8785 of a resource, without what differs from server to server; undefined for what has no such form. */
export function contentHash({ meta: given, ...rest }: Resource): string | undefined {
  const { versionId: _versionId, lastUpdated: _lastUpdated, ...meta } = given ?? {}
  try {
    const text = canonicalJson(Object.keys(meta).length > 0 ? { ...rest, meta } : rest)
    return sha256Hex(text)
  } catch {
    return undefined // a text that is not well-formed Unicode
  }
}
