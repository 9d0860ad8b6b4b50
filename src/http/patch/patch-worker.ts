/**
 * Program of the process in which patches run that may take long: FHIRPath in them has no limits of its own, and a JSON Patch may copy
 * what it copied before. `patch-jobs.ts` is its only user.
 */

import { stringifyJson } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import { badRequest, unprocessable } from '../../fhir/error.ts'
import { asResource, isOfType, parseJson } from '../../fhir/json.ts'
import type { Resource } from '../../fhir/types.ts'
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
  const patched = kind === 'json' ? applyJsonPatch(document, operations) : fhirPathPatched(document, operations)
  const text = stringifyJson(patched)
  if (text.length > resultLimit) throw unprocessable('the patched resource is too large', 'too-costly')
  return text
})

function fhirPathPatched(document: Json, operations: Json): Resource {
  if (isOfType(operations, 'Parameters')) return applyFhirPathPatch(asResource(document), operations)
  throw badRequest('A FHIRPath Patch is a Parameters resource.')
}
