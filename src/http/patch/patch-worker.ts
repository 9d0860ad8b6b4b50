/**
 * Program of the process in which patches run that may take long: FHIRPath in them has no limits of its own, and a JSON Patch may copy
 * what it copied before. `patch-jobs.ts` is its only user.
 */

import { stringifyJson } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import { unprocessable } from '../../fhir/error.ts'
import { parseJson } from '../../fhir/read-json.ts'
import type { Parameters, Resource } from '../../fhir/types.ts'
import { serveJobs } from '../../workers/serve-jobs.ts'
import { applyFhirPathPatch } from './fhirpath-patch.ts'
import { applyJsonPatch } from './json-patch.ts'

/** JSON texts: exact decimals are lost between processes otherwise. */
export interface PatchJob {
  kind: 'json' | 'fhirpath'
  resource: string
  patch: string
}

/** A resource that cannot be stored need not be sent back. */
const resultLimit = 20_000_000

serveJobs<PatchJob, string>(({ kind, resource, patch }) => {
  const document = parseJson(resource, { depth: Number.POSITIVE_INFINITY })
  const operations = parseJson(patch)
  // The server sends a resource, and for FHIRPath Patch a Parameters resource.
  const patched =
    kind === 'json'
      ? applyJsonPatch(document, operations)
      : applyFhirPathPatch(document as unknown as Resource, operations as unknown as Parameters)
  const text = stringifyJson(patched satisfies Json | Resource)
  if (text.length > resultLimit) throw unprocessable('the patched resource is too large', 'too-costly')
  return text
})
