import type { KeptRecord, KeptVersion } from './format.ts'

/** The whole of a store at one revision, whatever is written meanwhile. It is read as a stream: what it holds is never in memory as a whole. */
export interface StoreSnapshot {
  /** Number of the last write that is in it. */
  revision: number
  /** How many versions it has; for progress. */
  versionCount: number
  /** Every version of every resource in the order of their writes. */
  versions(): AsyncIterable<KeptVersion>
  /** Every record, by kind and key in the order of their bytes. */
  records(): AsyncIterable<KeptRecord>
  close(): Promise<void>
}

/** Contents in the making, which are a store's own from {@link Filling.commit} on and count for nobody before. */
export interface Filling {
  /** Number of the last version that is in it already: of a filling from the same source that was interrupted. 0 for one that begins. */
  last: number
  /** @throws Error when it cannot follow on those before */
  version(version: KeptVersion): Promise<void>
  record(record: KeptRecord): Promise<void>
  /** Makes it whole; progress is told the resources that were indexed. */
  finish(progress?: (done: number, total: number) => void): Promise<void>
  /** What it holds, read once more when it is finished. */
  snapshot(): Promise<StoreSnapshot>
  /** Files that whoever fills it moves, before he commits it; what lies at their places goes aside, and of one that is new nothing may. */
  moves: readonly { from: string; to: string; isNew?: boolean }[]
  /**
   * From now on it counts.
   * @returns where what was there before is kept, in words of that store, when it keeps it itself
   * @throws BackupError when somebody else has taken over: then it does not count
   */
  commit(): Promise<string | undefined>
  /** Throws it away; what was there before counts. */
  abandon(): Promise<void>
  /** Ends as it is, counting for nobody; where that is possible the next filling from the same source goes on with it. */
  leave(): Promise<void>
}

/** How contents are begun. */
export interface FillingOptions {
  /** What they come from; a filling of the same source that was interrupted may be gone on with. */
  source: string
  /** What is there may make way for them. */
  replace: boolean
  /** What was left of a filling is thrown away. */
  anew?: boolean
}

/** A store as those see it who look after it. */
export interface MaintainedStore {
  /** What people know it by: a file, or a database and where it lies. It has no password in it. */
  name: string
  /** Folder of this machine that it grows in; undefined where it lies elsewhere. */
  folder: string | undefined
  /** Whether there is one that may hold something; `half` is one that is being filled, or whose filling was interrupted. */
  standing(): Promise<'none' | 'half' | 'whole'>
  /** As it stands now. @throws Error when it cannot be read */
  snapshot(): Promise<StoreSnapshot>
  /** What does not fit together in it, sentence by sentence; nothing of it is changed. @throws Error when it cannot be read */
  faults(progress?: (done: number, total: number) => void): AsyncIterable<string>
  /**
   * Begins new contents, and keeps everybody else from the store until they are committed or thrown away.
   * @throws BackupError when somebody has it open or fills it, it is not one of ours, or it holds something that may not make way
   */
  fill(options: FillingOptions): Promise<Filling>
}
