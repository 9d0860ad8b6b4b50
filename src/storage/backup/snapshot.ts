import type { KeptRecord, KeptVersion } from './format.ts'

/** The whole of a store at one revision, whatever is written meanwhile. */
export interface StoreSnapshot {
  /** Number of the last write that is in it. */
  revision: number
  /** How many versions it has; for progress. */
  versionCount: number
  /** Every version of every resource in the order of their writes. */
  versions(): Iterable<KeptVersion>
  /** Every record, by kind and key in the order of their bytes. */
  records(): Iterable<KeptRecord>
  close(): void
}

/** A new store that takes the whole of another. */
export interface StoreFiller {
  /** @throws Error when it cannot follow on those before */
  version(version: KeptVersion): void
  record(record: KeptRecord): void
  /** Makes it whole and closes it; progress is told the resources that were indexed. */
  finish(progress?: (done: number, total: number) => void): Promise<void>
  /** Closes it as it is. */
  abandon(): void
}
