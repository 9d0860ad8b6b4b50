import type { Suspension } from '../keys/objections.ts'
import type { TrustedKey } from '../keys/trusted-key.ts'
import type { ListChecker } from '../lists/check-list.ts'
import type { SourceContent, TrustReaders, TrustSource } from '../lists/trust-source.ts'
import type { MessageOpener } from '../messages/message-process.ts'
import type { CopyMeta } from './copy-meta.ts'
import type { CopyStore } from './copy-store.ts'
import { type Floor, floorOf } from './plausible.ts'
import type { Held, Session } from './session.ts'

/** One source as it stands. */
export interface SourceState {
  source: TrustSource
  /** What is in use. */
  content?: SourceContent
  /** Where that came from: from its location in this process, or in an earlier one, or from the file that stands in for it. */
  from?: 'location' | 'copy' | 'first copy'
  /** When it was read from its location, and when that last said that it is the newest. */
  readAt?: Date
  checkedAt?: Date
  /** Why the last reading failed, or what is in use cannot be kept. */
  failure?: string
  /** Of the last reading, when it failed. */
  suspended?: Suspension[]
  /** Of the last reading, when it failed: whether it withdraws keys, and which is not known. */
  withdrawsUnknown?: boolean
  /** Whether the last reading failed because nothing is there. */
  isAbsent?: boolean
  /** What an earlier reading or a list that waits withdraws, while it is not in use itself. */
  withdrawals?: SourceContent[]
  /** A newer list that waits to be accepted. */
  waiting?: { content: SourceContent; identity: string; text: string }
  /** Why the last good list could not be written to the disk. */
  copyFault?: string
  floor: Floor
  held?: Held
  /** Thumbprint of the pinned keys that proved what is in use. */
  pins?: string
  meta?: CopyMeta
  /** Of its copy, when it was last looked at. */
  stamp?: string
}

/** With what a source is read: `before`, what its last good reading held. */
interface SourceReading {
  readers: TrustReaders
  check: ListChecker
  messages: MessageOpener
  /** Upload certificates that count now, to be asked by country (alpha-2). */
  uploads(): Promise<(country: string) => readonly TrustedKey[]>
  now: Date
  before: SourceContent | undefined
}

/** How the sources of one kind are read. */
export type SourceReader = (source: TrustSource, reading: SourceReading) => Promise<SourceContent>

/** What states are read with. */
export interface Upkeep {
  readers: TrustReaders
  check: ListChecker
  messages: MessageOpener
  uploads: SourceReading['uploads']
  now: Date
  read: SourceReader
  /** Last good copies; absent: nothing outlives this process. */
  copies?: CopyStore | undefined
  /** Whether copies are written, or only read. */
  keepsCopies: boolean
}

/** What one reading of a source yielded. */
export interface Read {
  content: SourceContent
  session: Session
  /** Thumbprint of the pinned keys that proved it. */
  pins: string
}

/** The state in which what was read is in use. */
export function inUse(before: SourceState, { content, session, pins }: Read, now: Date): SourceState {
  const documents = session.documents()
  return {
    source: before.source,
    content,
    from: 'location',
    readAt: now,
    checkedAt: now,
    floor: floorOf(content, before.floor),
    held: { documents, read: (document) => session.bytesOf(document) },
    pins,
    ...present({ meta: before.meta, stamp: before.stamp }),
  }
}

/** Those of the members that have a value. */
export function present<Members extends object>(
  members: Members,
): { [Name in keyof Members]?: NonNullable<Members[Name]> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Members]?: NonNullable<Members[Name]>
  }
}
