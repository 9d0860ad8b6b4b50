import type { OperationOutcome, Resource } from '../../fhir/types.ts'
import type { Requester } from '../limits/requester.ts'
import type { MediaType } from './media-type.ts'

/** One name and value of a query string or form, decoded, in the order sent. */
export type QueryPair = [name: string, value: string]

/** The body of a request: bytes from the wire, or the resource of a Bundle entry. */
export interface RequestBody {
  mediaType: MediaType
  /** As sent, unpacked; absent for the entry of a Bundle. */
  bytes?: Uint8Array
  /** The parsed resource of a Bundle entry. */
  resource?: Resource
}

/**
 * A request as the interactions see it, whatever brought it: the network, the fast path or an entry of a batch.
 */
export interface FhirRequest {
  /** Upper case; HEAD is turned into GET before it comes here. */
  method: string
  /** Decoded path segments below the FHIR base. */
  path: string[]
  query: QueryPair[]
  /** Lower-case names. */
  headers: Record<string, string | undefined>
  body?: RequestBody
  /** Media type asked for, when it is none of FHIR's own. */
  foreignType: string | undefined
  requestId: string
  requester: Requester
}

/** Bytes of a content type that is not FHIR. */
export interface RawBody {
  contentType: string
  body: string | Uint8Array | AsyncIterable<string>
}

/** The answer of an interaction, before it is written in some format. */
export interface FhirReply {
  status: number
  headers: Record<string, string>
  resource?: Resource
  raw?: RawBody
  /** What is to be said of a write that was done, for the entry of a Bundle. */
  outcome?: OperationOutcome
}
