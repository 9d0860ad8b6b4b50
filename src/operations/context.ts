import type { Evaluate } from '../evaluate/evaluate.ts'
import type { OperationCall } from '../fhir/operation.ts'
import type { Rules } from '../rules/rules.ts'
import type { Storage } from '../storage/storage.ts'
import type { MapJobs } from '../structure-map/map-jobs.ts'
import type { Maps } from '../structure-map/maps.ts'
import type { Terminology } from '../terminology/terminology.ts'
import type { JobCall } from '../workers/job-pool.ts'

/** What every operation handler is given by the server; made once in src/server.ts. */
export interface OperationContext {
  storage: Storage
  terminology: Terminology
  maps: Maps
  /** For maps and instances that come with a request. */
  mapJobs: MapJobs
  rules: Rules
  evaluate: Evaluate
  /** The server's clock. */
  now(): Date
  /** Random UUID, version 4, lower case. */
  uuid(): string
}

/** What one request may compute in a job process. */
const jobSeconds = 1

/** A job of whoever makes a call. */
export const clientOf = ({ client = '' }: OperationCall): JobCall => ({ client, cpuSeconds: jobSeconds })
