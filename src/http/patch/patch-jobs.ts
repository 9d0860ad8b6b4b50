import { isJsonObject, stringifyJson } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import { FhirError, issue, unprocessable } from '../../fhir/error.ts'
import { asJson, isAnyResource, parseJson } from '../../fhir/json.ts'
import { parameterValue } from '../../fhir/operation.ts'
import type { Parameters, Resource } from '../../fhir/types.ts'
import { jobRefusal } from '../../workers/job-failure.ts'
import { createJobPool, type JobCall } from '../../workers/job-pool.ts'
import { applyFhirPathPatch } from './fhirpath-patch.ts'
import { applyJsonPatch } from './json-patch.ts'
import type { PatchJob } from './patch-worker.ts'

/** A patch as it came. */
export type Patch = { kind: 'json'; operations: Json } | { kind: 'fhirpath'; operations: Parameters }

/** Applies patches: short and plain ones at once, others in a process with limits. */
export interface Patches {
  /**
   * The resource given is not changed.
   * @throws FhirError 400 for what is no patch, 422 for one that does not fit or is too costly, 429, 503 when too much is waiting
   */
  apply(resource: Resource, patch: Patch, call: JobCall): Promise<Resource>
  close(): Promise<void>
}

/** Makes the pool of that process; it starts at the first patch that needs it. */
export function createPatches(): Patches {
  const pool = createJobPool<PatchJob, string>(new URL('./patch-worker.ts', import.meta.url), {
    processes: 1,
    idleSeconds: 30,
    programMegabytes: 64,
    memoryMegabytes: 256,
    jobsPerProcess: 10_000,
  })
  return {
    async apply(resource, patch, call) {
      if (isPlain(patch)) return applyHere(resource, patch)
      const job: PatchJob = {
        kind: patch.kind,
        resource: stringifyJson(resource),
        patch: stringifyJson(patch.operations),
      }
      const text = await pool.run(job, call).catch((error: unknown) => {
        throw jobRefusal(error, 'the patch')
      })
      return patchedResource(parseJson(text, { depth: Number.POSITIVE_INFINITY }))
    },
    close: () => pool.close(),
  }
}

function applyHere(resource: Resource, patch: Patch): Resource {
  if (patch.kind === 'fhirpath') return applyFhirPathPatch(resource, patch.operations)
  // What comes out is judged before it is stored.
  return patchedResource(applyJsonPatch(asJson(resource), patch.operations))
}

function patchedResource(patched: Json): Resource {
  if (isAnyResource(patched)) return patched
  throw new FhirError(422, issue('processing', 'What the patch leaves is no resource.'))
}

/** So many operations take no time worth speaking of. */
const fewOperations = 20
/** Names, indexes, and a choice by one value: paths that walk, and compute nothing. */
const plainPath = /^\w+(?:\[\d{1,6}\])?(?:\.\w+(?:\[\d{1,6}\])?|\.where\(\w+ ?= ?'[^'\\]*'\))*$/

function isPlain(patch: Patch): boolean {
  if (patch.kind === 'fhirpath') {
    const operations = patch.operations.parameter ?? []
    return operations.length <= fewOperations && operations.every(({ part = [] }) => part.every(hasPlainPath))
  }
  const { operations } = patch
  if (!Array.isArray(operations)) return true
  return operations.length <= fewOperations && !operations.some((each) => isJsonObject(each) && each.op === 'copy')
}

function hasPlainPath(part: NonNullable<NonNullable<Parameters['parameter']>[number]['part']>[number]): boolean {
  if (part.name !== 'path') return true
  const path = parameterValue(part)
  if (typeof path === 'string' && path.length > longestPath)
    throw unprocessable(`FHIRPath Patch: a path is longer than ${longestPath} characters.`, 'too-costly')
  return typeof path !== 'string' || plainPath.test(path)
}

const longestPath = 1000
