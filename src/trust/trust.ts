import { readdir, readFile, stat } from 'node:fs/promises'
import { readCertificatesSource } from './certificates-source.ts'
import { readDidSource } from './did-source.ts'
import { readJwksSource } from './jwks-source.ts'
import { createKeyIndex, type KeyIndex } from './key-index.ts'
import {
  type SourceContent,
  type TrustReaders,
  type TrustSource,
  type TrustSourceKind,
  UnusableSource,
} from './trust-source.ts'
import { isExpired, type TrustedKey } from './trusted-key.ts'

/** State of one trust source, for `vidimus trust status` and the start-up report. */
export interface TrustListStatus {
  name: string
  kind: TrustSourceKind
  location: string
  /** Whether keys of it are in use (also those of an earlier reading). */
  usable: boolean
  /** Why the last reading failed. */
  failure?: string
  keys: number
  /** Keys whose period has ended. */
  expired: number
  /** When the list says it was made. */
  created?: string
  /** When it was last read successfully, ISO 8601. */
  readAt?: string
  warnings: string[]
}

/** Trusted keys of all configured sources. */
export interface Trust {
  /** The keys now. An evaluation keeps the index it started with. */
  keys(): KeyIndex
  status(): TrustListStatus[]
  /** Reads every source again and replaces the index as a whole; a source that fails keeps the keys of its last reading. */
  reload(): Promise<TrustListStatus[]>
}

/** What the trust room is given. */
export interface TrustOptions {
  readers?: TrustReaders
  now(): Date
}

/** The file system. */
export const fileReaders: TrustReaders = {
  readFile: (path) => readFile(path),
  async listFolder(path) {
    return (await stat(path)).isDirectory() ? readdir(path) : undefined
  },
}

const sourceReaders: Record<TrustSourceKind, (source: TrustSource, readers: TrustReaders) => Promise<SourceContent>> = {
  'did-v2': readDidSource,
  jwks: readJwksSource,
  certificates: readCertificatesSource,
}

interface SourceState {
  source: TrustSource
  content?: SourceContent
  readAt?: Date
  failure?: string
}

/** Reads the sources; one that cannot be used is reported in the status, the others work. Never rejects for a bad source. */
export async function loadTrustLists(sources: TrustSource[], options: TrustOptions): Promise<Trust> {
  const readers = options.readers ?? fileReaders
  let states: SourceState[] = sources.map((source) => ({ source }))
  let index = createKeyIndex([])
  const trust: Trust = {
    keys: () => index,
    status: () => states.map((state) => statusOf(state, options.now())),
    async reload() {
      const read = await Promise.all(states.map((state) => readState(state, readers, options.now())))
      states = read
      index = createKeyIndex(read.map(({ content }): TrustedKey[] => content?.keys ?? []))
      return trust.status()
    },
  }
  await trust.reload()
  return trust
}

async function readState(before: SourceState, readers: TrustReaders, now: Date): Promise<SourceState> {
  const { source } = before
  try {
    if (/^https?:/i.test(source.location))
      throw new UnusableSource('the network is off: only files and folders are read')
    return { source, content: await sourceReaders[source.kind](source, readers), readAt: now }
  } catch (error) {
    return { ...before, failure: failureText(error, source) }
  }
}

/** Faults of the list and of the file system are for the administrator; anything else is a bug and must not look like one. */
function failureText(error: unknown, { location }: TrustSource): string {
  if (error instanceof UnusableSource) return error.message
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return error.code === 'ENOENT' ? `${location} or its key does not exist` : error.message
  }
  throw error
}

function statusOf({ source, content, readAt, failure }: SourceState, now: Date): TrustListStatus {
  const { name, kind, location } = source
  const keys = content?.keys ?? []
  return {
    name,
    kind,
    location,
    usable: content !== undefined,
    ...(failure === undefined ? {} : { failure }),
    keys: keys.length,
    expired: keys.filter((key) => isExpired(key, now)).length,
    ...(content?.created === undefined ? {} : { created: content.created }),
    ...(readAt ? { readAt: readAt.toISOString() } : {}),
    warnings: [...(content?.warnings ?? []), ...keys.flatMap(({ warnings }) => warnings)],
  }
}
