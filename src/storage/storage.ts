import type { SearchCondition } from '../fhir/search/parse-search.ts'
import type { Resource } from '../fhir/types.ts'

export type { SearchCondition }

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

/** A search over one resource type. */
export interface SearchQuery {
  type: string
  conditions: SearchCondition[]
  /** What holds for every resource of a type that takes part: matches, and those that a condition leads through. */
  everywhere?(type: string): readonly SearchCondition[]
  sort: { parameter: string; descending: boolean }[]
  /** Page size; 0 asks for the total alone. */
  count: number
  /** `next` or `previous` of a page of the same search. */
  cursor?: string
  total: 'none' | 'accurate'
}

/**
 * One page of a search or history; it has fewer matches than were asked for when they are large. Without sort the newest come first. All pages of one search show the state at
 * the time of the first: nothing is skipped or repeated, whatever is written in between. A cursor lives an hour.
 */
export interface SearchPage {
  matches: StoredVersion[]
  /** Of all pages; searches have it when asked for, histories always. */
  total?: number
  next?: string
  previous?: string
}

/** History at instance (type and id), type or system level, newest first. */
export interface HistoryQuery {
  type?: string
  id?: string
  /** Types to leave out. */
  without?: readonly string[]
  /** Date or instant: versions made then or later. */
  since?: string
  /** Date or instant: versions that were current at some time in it. */
  at?: string
  /** Otherwise newest first. */
  oldestFirst?: boolean
  count: number
  cursor?: string
}

/**
 * One write of a transaction. PUT of an unknown or deleted id creates it. POST with an id in use is a conflict (409).
 * DELETE of what does not exist succeeds and changes nothing.
 */
export interface Write {
  method: 'POST' | 'PUT' | 'DELETE'
  type: string
  /** Assigned by the storage for POST without id. */
  id?: string
  resource?: Resource
  /** One of these versions must be current; `*` is any (If-Match). */
  ifMatch?: readonly string[]
  /** None of these versions may be current; `*` is any (If-None-Match). */
  ifNoneMatch?: readonly string[]
  /**
   * Called inside the transaction, before the write, with {@link Storage.published} of the resource's `url` and `version`
   * when there is one, so that no other writer comes in between. What it throws undoes all writes. As the others that are called inside
   * of it, it may be called again when the transaction has to begin anew.
   */
  unlessPublished?(published: PublishedVersion): void
  /**
   * Called inside the transaction with what the write would take the place of, or delete, when there is anything. What it throws
   * undoes all writes.
   */
  unlessInForce?(current: CurrentVersion): void
  /**
   * The resource in place of `resource`, made inside the transaction when all writes before this one are done; it is told what became
   * of them, in their order. Undefined: nothing is to be written, and what is told of this write is that it left things `unchanged`, at
   * versionId `0`. What it throws undoes all writes.
   */
  resourceFor?(earlier: readonly Written[]): Resource | undefined
  /** Content of another publisher that comes with the software: not recorded as published by this installation. */
  unrecorded?: boolean
  /**
   * What the write was judged by before its transaction, by each who judged it: when a type of any of them was written since, nothing is
   * written and the error is 409 `lock-error`, so that it can be judged anew. Who judges what others have judged adds to theirs.
   */
  judgedAt?: readonly Judgement[]
}

/** The revision of types by which something was judged. */
export interface Judgement {
  types: readonly string[]
  revision: number
}

/** The version that a write would take the place of. */
export interface CurrentVersion extends StoredVersion {
  /** Whether it has a `url|version` and is active, and was not published here: it was stored as `unrecorded`. */
  isUnrecorded?: boolean
}

/** A version that was active once. */
export interface PublishedVersion extends StoredVersion {
  /** Whether that `url|version` was retired here, and is in force nowhere any more. */
  isRetired?: boolean
}

/**
 * Outcome of a write; `unchanged` when a PUT had the content that is stored already (no new version), or a DELETE
 * found nothing to delete (`version` is then the deletion of old, or one with versionId `0` for an id never used), or
 * {@link Write.resourceFor} gave nothing to write.
 */
export interface Written {
  version: StoredVersion
  outcome: 'created' | 'updated' | 'unchanged' | 'deleted'
}

/** One record of a kind. */
interface StoredRecord {
  key: string
  value: string
}

/** What becomes of one record: `from` stands there, `to` will; undefined is "absent". */
export interface RecordChange {
  kind: string
  key: string
  from: string | undefined
  to: string | undefined
}

/** A version that was published here, see {@link Storage.publications}. */
export interface Publication {
  type: string
  id: string
  versionId: string
  url: string
  /** Business version. */
  version: string
  /** Whether it is the current version of its resource, and so in force. */
  isCurrent: boolean
}

/** Questions about what was written when. */
export interface Past {
  /** What {@link Storage.revision} of those types was at the end of a moment (FHIR instant, by its milliseconds); 0 before the first of them. */
  revisionAt(at: string, types: readonly string[]): Promise<number>
  /**
   * Resources of a type that were written after a revision, each once, with the version that was current at that revision (a deletion,
   * too; absent for one that was not there yet), and the revision up to which this is all.
   */
  writtenAfter(
    type: string,
    revision: number,
  ): Promise<{ written: { id: string; versionId?: string }[]; until: number }>
  /** The revision that a version made: greater for what was written later. Undefined for one that is not here. */
  revisionOf(type: string, id: string, versionId: string): Promise<number | undefined>
}

/**
 * Where artefacts are kept. Every adapter passes test/storage/contract.ts.
 * What a client can cause is a FhirError: 400 bad value or cursor, 409 conflict, 412 precondition failed, 422 too
 * deep, 503 another writer holds the store, 507 no space. Returned resources are fresh copies that the caller may change.
 */
export interface Storage {
  /** Current version, a deletion included (410 for the client); undefined when the id was never used (404). */
  read(type: string, id: string): Promise<StoredVersion | undefined>
  readVersion(type: string, id: string, versionId: string): Promise<StoredVersion | undefined>
  history(query: HistoryQuery): Promise<SearchPage>
  search(query: SearchQuery): Promise<SearchPage>
  /**
   * Every current resource of a type with that canonical url (exact; `url|version` for one business version),
   * newest business version first (semver, date or natural order), on a tie active before draft before retired,
   * then the one written last. A version inside a stored url (`http://x|1.0`) counts as version. NamingSystems are
   * found by their unique ids.
   */
  findCanonical(type: string, url: string): Promise<Resource[]>
  /**
   * The newest of all versions of all resources, those superseded and deleted long ago included, that had the status
   * `active` under that `url` and business version; undefined when there never was one.
   */
  published(type: string, canonical: { url: string; version: string }): Promise<PublishedVersion | undefined>
  /**
   * Every version that had the status `active` under a `url` and business version when it was stored, in the order in which they
   * were stored, whatever became of them; without content that was stored as `unrecorded`.
   */
  publications(): Promise<Publication[]>
  /** All writes or none, in order. Acknowledged only when durable. */
  write(writes: Write[]): Promise<Written[]>
  /** Number of current resources, by type. */
  count(): Promise<Record<string, number>>
  /**
   * The newest revision that is known here; it grows with every committed write, and caches compare it. A write through this store is
   * known at once, one of another process as soon as the store has told of it: within 5 ms in a file, within a second over a network.
   * With `types` it grows with writes of these alone, so that an AuditEvent does not make terminology forget; hand the same array in
   * each time, for what it answers is kept by array.
   * @throws FhirError 503 when the store is closed: what was kept may be outdated
   */
  revision(types?: readonly string[]): number
  /** Tells of every growth of {@link Storage.revision}, by whomever, soon after it is known. @returns what ends that */
  subscribe(listener: () => void): () => void
  /**
   * To be asked before anything is answered from what was kept under a revision. Undefined: what {@link Storage.revision} knows is as new
   * as this store promises. Otherwise the store has not told anything for too long and is being asked.
   * @param how with `asks` the store is asked in any case: another's write is known to be there that is not known here
   * @throws FhirError 503 when it cannot be asked: nothing that is kept may be answered then
   */
  catchUp(how?: { asks: boolean }): Promise<void> | undefined
  /** The store as it stood: what {@link asOfView} is made of. Versions are never changed, so that what is answered of the past stays. */
  past: Past
  /** Small key/value side table for derived data (compiled ELM, expansion indexes); never authoritative. */
  derived: {
    get(kind: string, key: string): Promise<string | undefined>
    set(kind: string, key: string, value: string): Promise<void>
  }
  /**
   * Small records that stand for themselves and cannot be made anew: what was signed, what is registered where, who runs a job.
   * Not counted in `revision`. Durable when acknowledged, as writes are, and with their errors.
   */
  records: {
    get(kind: string, key: string): Promise<string | undefined>
    /** Every record of a kind, by key in the order of its UTF-8 bytes; of a page those after a key, and no more than `most`. */
    all(kind: string, page?: { after: string | undefined; most: number }): Promise<StoredRecord[]>
    /**
     * Compare and set: what stands there becomes `to` if it is `from`, in one step that no other process comes into; undefined
     * is "absent". False, and nothing is changed, when it is another.
     */
    replace(kind: string, key: string, from: string | undefined, to: string | undefined): Promise<boolean>
    /** The same of several records at once, no two of them the same: all or none. */
    change(changes: readonly RecordChange[]): Promise<boolean>
  }
  /**
   * Refuses from now on what is asked of it, with 503 and `Retry-After`, and waits some seconds for what runs; a transaction that has not
   * ended by then is undone. Called again it waits for the same end.
   */
  close(): Promise<void>
}

/** Whether a store can be asked now; who only wants to know how things stand reads it, and nobody waits. */
export interface Reachability {
  reachable(): {
    isReachable: boolean
    /** Since when it has not answered, FHIR instant. */
    since?: string
    /** What is wrong, for a person; no address and no password is in it. */
    text?: string
  }
}

/** What the server alone does with AuditEvents, which nobody else can change: it forgets those that were kept long enough. */
export interface AuditKeeping {
  /** How many versions there are from before an instant. */
  oldAuditEvents(before: string): Promise<number>
  /** Takes out at most so many of them for good, the oldest first. @returns how many */
  forgetAuditEvents(before: string, most: number): Promise<number>
}
