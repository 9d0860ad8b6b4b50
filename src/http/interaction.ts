import type { Facade } from './context.ts'
import type { FhirReply, FhirRequest } from './message/exchange.ts'

/** What a path names: parts are there as far as the pattern of the route has them. */
export interface Target {
  type: string
  id: string
  versionId: string
  /** Operation name without the dollar sign. */
  operation: string
}

/** One interaction: answers a request on a target. Throws FhirError. */
export type Interaction = (facade: Facade, request: FhirRequest, target: Target) => Promise<FhirReply>

/** A request that found its interaction. */
export interface Resolved {
  /** Pattern of the route, e.g. `/:type/:id`; safe to log. */
  pattern: string
  target: Target
  writes: boolean
  /** Needs permission: it writes, or it reads what is not public. */
  guarded: boolean
  /** May answer in media types that are not FHIR. */
  foreign: boolean
  /** May answer in the Mapping Language. */
  mapping: boolean
  /** The reply is a resource that `_summary` and `_elements` cut down. */
  selects: boolean
  run(request: FhirRequest): Promise<FhirReply>
}
