import type { Permission } from '../../fhir/principal.ts'
import type { OperationOutcome, Resource } from '../../fhir/types.ts'
import type { Requester } from '../limits/requester.ts'

/** One name and value of a query string or form, decoded, in the order sent. */
export type QueryPair = [name: string, value: string]

/** A media type (RFC 9110 §8.3.1): `type/subtype` in lower case and its parameters. */
export interface MediaType {
  /** `type/subtype`, lower case. */
  essence: string
  /** Names in lower case, values unquoted. */
  parameters: Record<string, string>
}

/** The body of a request: bytes from the wire, or the resource of a Bundle entry. */
export interface RequestBody {
  mediaType: MediaType
  /** As sent, unpacked; absent for the entry of a Bundle. */
  bytes?: Uint8Array
  /** The parsed resource of a Bundle entry. */
  resource?: Resource
  /** Where the body is, unpacked, when it was too long for memory; whoever runs the request removes it. */
  file?: string
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
  /** What an operation answered, where an AuditEvent may say something of it. */
  answered?: Resource
  /** The answer is another one in a moment, though nothing is written: it is not kept. */
  momentary?: boolean
  /** Counts more requests than this one, where requests are counted: the entries of a batch. */
  countMore?(requests: number): void
}

/** Bytes of a content type that is not FHIR. */
interface RawBody {
  contentType: string
  body: string | Uint8Array | AsyncIterable<string | Uint8Array>
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

/** A reply ready to go out, before packing. */
export interface Outgoing {
  status: number
  headers: Record<string, string>
  /** Text goes out in one piece with the headers, which saves a second write to the socket. */
  body?: string | Uint8Array | AsyncIterable<string | Uint8Array>
  /** Where packed forms of the body are kept, when it will be sent again. */
  packed?: Map<string, Uint8Array>
}

/** What a path names: parts are there as far as the pattern of the route has them. */
export interface Target {
  type: string
  id: string
  versionId: string
  /** Operation name without the dollar sign. */
  operation: string
}

/** A request that found its interaction. */
export interface Resolved {
  /** Pattern of the route, e.g. `/:type/:id`; safe to log. */
  pattern: string
  target: Target
  writes: boolean
  /** The permission that it needs: it writes, or it reads what is not public. */
  needs?: Permission
  /** May answer in media types that are not FHIR. */
  foreign: boolean
  /** May answer in the Mapping Language. */
  mapping: boolean
  /** The reply is a resource that `_summary` and `_elements` cut down. */
  selects: boolean
  run(request: FhirRequest): Promise<FhirReply>
}
