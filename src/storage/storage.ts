import type { Resource } from '../fhir/types.ts'

/** One immutable version of a resource. */
export interface StoredVersion {
  type: string
  id: string
  /** Counts from "1" per resource. */
  versionId: string
  /** FHIR instant, UTC, milliseconds. */
  lastUpdated: string
  /** A version that records a deletion has no resource. */
  resource: Resource | undefined
  /** How it came to be. */
  method: 'POST' | 'PUT' | 'DELETE'
}

/** One search condition over an indexed parameter; conditions are ANDed, values of one are ORed. */
export interface SearchCondition {
  /** Search parameter name, e.g. `url`, `_lastUpdated`. */
  parameter: string
  modifier?: 'exact' | 'contains' | 'missing' | 'not' | 'above' | 'below' | 'text'
  values: { prefix?: 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap'; value: string }[]
}

/** A search over one resource type. */
export interface SearchQuery {
  type: string
  conditions: SearchCondition[]
  sort: { parameter: string; descending: boolean }[]
  /** Page size. */
  count: number
  /** Opaque cursor of the page before. */
  cursor?: string
  total: 'none' | 'accurate'
}

/** One page of a search. */
export interface SearchPage {
  matches: StoredVersion[]
  total?: number
  next?: string
  previous?: string
}

/** History at instance (type and id), type or system level. */
export interface HistoryQuery {
  type?: string
  id?: string
  since?: string
  at?: string
  count: number
  cursor?: string
}

/** One write of a transaction. */
export interface Write {
  method: 'POST' | 'PUT' | 'DELETE'
  type: string
  /** Assigned by the storage for POST without id. */
  id?: string
  resource?: Resource
  /** Version that must be current (If-Match), or `none` (If-None-Match: *). */
  ifMatch?: string
  ifNoneMatch?: boolean
}

/** Outcome of a write; `unchanged` when a PUT had the content that is stored already (no new version). */
export interface Written {
  version: StoredVersion
  outcome: 'created' | 'updated' | 'unchanged' | 'deleted'
}

/**
 * Where artefacts are kept. Adapters: sqlite.ts, mongodb.ts; both pass test/storage/contract.ts.
 * Errors are FhirErrors: 404 never existed, 410 deleted (`read` answers undefined for both and `readCurrent` tells),
 * 409 conflict, 412 precondition failed. Returned resources are fresh copies that the caller may change.
 */
export interface Storage {
  /** Current version, a deletion included; undefined when the id was never used. */
  read(type: string, id: string): Promise<StoredVersion | undefined>
  readVersion(type: string, id: string, versionId: string): Promise<StoredVersion | undefined>
  history(query: HistoryQuery): Promise<SearchPage>
  search(query: SearchQuery): Promise<SearchPage>
  /**
   * Every current resource of a type with that canonical url (exact), newest business version first:
   * active before draft/retired on a tie, semver/date/natural order, then lastUpdated.
   */
  findCanonical(type: string, url: string): Promise<Resource[]>
  /** All writes or none, in order. Acknowledged only when durable. */
  write(writes: Write[]): Promise<Written[]>
  /** Number of current resources, by type. */
  count(): Promise<Record<string, number>>
  /** Grows with every committed write; caches compare it. */
  revision(): number
  /** Small key/value side table for derived data (compiled ELM, expansion indexes); never authoritative. */
  derived: {
    get(kind: string, key: string): Promise<string | undefined>
    set(kind: string, key: string, value: string): Promise<void>
  }
  close(): Promise<void>
}
