import { type After, afterTimeout } from '../../base/after.ts'
import type { FindDocument, PublicDocument } from '../../base/public-document.ts'
import { FhirError, issue, notFound } from '../../fhir/error.ts'
import { didOfAddress, rootDid } from './documents.ts'
import type { NotPublished } from './entries.ts'
import {
  COMPARE_MILLISECONDS,
  type DirectoryParts,
  type Made,
  makeDirectory,
  sourceFault,
  usableSources,
  Withheld,
} from './make-directory.ts'
import { loadSeals, type SealRecords } from './seal-record.ts'

/** How the directory stands, for `vidimus directory status`. */
export interface DirectoryState {
  /** DID of its root list. */
  did: string
  state: 'made' | 'withheld' | 'not-made'
  /** Why nothing is served. */
  reason?: string
  /** When the root list was made, ISO 8601. */
  created?: string
  documents: number
  /** Of the root list. */
  keys: number
  usages: Record<string, number>
  /** Keys that are known and not published, and why. */
  notPublished: NotPublished[]
}

/** A directory of keys that is kept up to date while the server runs. */
export interface KeyDirectory {
  /** For the server's documents; see base/public-document.ts. */
  find: FindDocument
  /** Makes it now. Never rejects: a directory that cannot be made is withheld, and its state says why. */
  make(): Promise<DirectoryState>
  /** As it would be if it were made now; nothing is stored or served. */
  look(): Promise<DirectoryState>
  state(): DirectoryState
  /** Looks every second whether it must be made anew, until {@link close}, which breaks off what is being made. */
  start(after?: After): void
  close(): Promise<void>
}

const ADDRESS = /^\/v2\/trustlist(?:-ref)?\//
const LOOK_MILLISECONDS = 1000
const FIRST_RETRY_MILLISECONDS = 10_000
const LONGEST_RETRY_MILLISECONDS = 600_000

/** What a directory is at the moment. */
interface Standing {
  made?: Made | undefined
  /** Why nothing is served. */
  reason?: string | undefined
  notPublished: NotPublished[]
  /** Attempts that failed since the last that did not, and when there will be another. */
  failures: number
  retryAt: number
  making?: Promise<void> | undefined
}

/** The directory of a server's keys. It serves nothing until it was made. */
export function createKeyDirectory(given: DirectoryParts): KeyDirectory {
  const standing: Standing = { notPublished: [], failures: 0, retryAt: 0 }
  let isOver = false
  const parts: DirectoryParts = { ...given, isOver: () => isOver }
  let callOff: (() => void) | undefined
  const wait = (after: After) => {
    if (isOver) return
    callOff = after(LOOK_MILLISECONDS, () => {
      look(parts, standing)
      wait(after)
    })
  }
  return {
    state: () => stateOf(parts, standing),
    find({ path: sent }) {
      const path = withoutPrefix(sent, parts.address())
      if (!ADDRESS.test(path)) return undefined
      const { made, reason, making } = standing
      if (!made && !reason && making) return making.then(() => documentAt(path, parts, standing))
      return documentAt(path, parts, standing)
    },
    async look() {
      const aside: Standing = { notPublished: [], failures: 0, retryAt: 0 }
      await attempt({ ...parts, tell: () => {}, records: notWritten(parts.records) }, aside)
      return stateOf(parts, aside)
    },
    async make() {
      await make(parts, standing)
      return stateOf(parts, standing)
    },
    start(after = afterTimeout) {
      look(parts, standing)
      wait(after)
    },
    async close() {
      isOver = true
      callOff?.()
      await standing.making
    },
  }
}

/** A public address may have a path, which a proxy takes away or leaves. */
function withoutPrefix(path: string, address: string): string {
  // Of most addresses nothing stands behind the host, and nothing is parsed.
  const at = address.indexOf('/', address.indexOf('://') + 3)
  if (at < 0) return path
  const prefix = address.slice(at).replace(/\/+$/, '')
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path
}

/** Records that are read and not written. */
const notWritten = (records: SealRecords): SealRecords => ({
  get: (kind, key) => records.get(kind, key),
  replace: () => Promise.resolve(true),
})

/** Makes it once at a time. */
function make(parts: DirectoryParts, standing: Standing): Promise<void> {
  standing.making ??= attempt(parts, standing).finally(() => {
    standing.making = undefined
  })
  return standing.making
}

async function attempt(parts: DirectoryParts, standing: Standing): Promise<void> {
  try {
    const next = await makeDirectory(parts, standing.made?.seals, (found) => {
      standing.notPublished = found
    })
    if (standing.reason !== undefined || standing.made?.created !== next.created)
      parts.tell(`key directory: ${next.documents.size} documents, made ${next.created}`)
    standing.made = next
    standing.reason = undefined
    standing.failures = 0
  } catch (error) {
    const wait = Math.min(FIRST_RETRY_MILLISECONDS * 2 ** standing.failures, LONGEST_RETRY_MILLISECONDS)
    standing.failures++
    standing.retryAt = parts.now().getTime() + wait
    if (parts.isOver?.()) return
    withhold(parts, standing, error instanceof Error ? error.message : String(error))
    if (!(error instanceof Withheld) && error instanceof Error && error.stack) parts.tell(error.stack)
  }
}

/** From now on nothing is served: a list that cannot be made anew may hold keys that were withdrawn. */
function withhold(parts: DirectoryParts, standing: Standing, reason: string): void {
  standing.made = undefined
  if (standing.reason !== reason) parts.tell(`key directory: withheld: ${reason}`)
  standing.reason = reason
}

function look(parts: DirectoryParts, standing: Standing): void {
  const { made, making, reason, retryAt } = standing
  const now = parts.now().getTime()
  const { unavailable } = parts.keys()
  if (unavailable !== undefined && made) {
    withhold(parts, standing, unavailable)
    return
  }
  if (making) return
  const isDue = made ? isOutdated(made, parts) : reason === undefined || now >= retryAt
  if (isDue) void make(parts, standing)
  else if (made && now >= made.compareAt) void compare(parts, standing, made)
}

/**
 * Seldom, since to ask the sources and the store takes a while. Another replica may have sealed the same content, or written over it:
 * its seals are taken where the content is the same.
 */
async function compare(parts: DirectoryParts, standing: Standing, made: Made): Promise<void> {
  made.compareAt = parts.now().getTime() + COMPARE_MILLISECONDS
  const held = sourceFault(parts, parts.now())
  if (held !== undefined) {
    withhold(parts, standing, held)
    return
  }
  try {
    const { text } = await loadSeals(parts.records, made.did)
    const isOther = text !== made.recordText || usableSources(parts) !== made.usable
    if (isOther && standing.made === made) await make(parts, standing)
  } catch (error) {
    parts.tell(`key directory: its seals cannot be compared: ${error instanceof Error ? error.message : error}`)
  }
}

/** The document, or the error that answers. What is withheld is not told to the public: it names sources of the operator. */
function documentAt(path: string, parts: DirectoryParts, { made, reason }: Standing): PublicDocument {
  if (!made || reason !== undefined || parts.keys().unavailable !== undefined) {
    const text =
      'The key directory is withheld: this server cannot tell at the moment which keys count. Keep the last list.'
    throw new FhirError(503, issue('transient', text), { 'Cache-Control': 'no-store', 'Retry-After': '60' })
  }
  const found = made.documents.get(path)
  if (found) return found
  throw notFound('The key directory has no document at this address.')
}

/** Whether a directory is no longer what it would be if it were made now. */
function isOutdated(made: Made, parts: DirectoryParts): boolean {
  const now = parts.now().getTime()
  if (made.index !== parts.keys() || made.keyId !== parts.signer()?.keyId) return true
  if (made.did !== rootDid(didOfAddress(parts.address()))) return true
  return made.changesAt !== undefined && now >= made.changesAt.getTime()
}

function stateOf(parts: DirectoryParts, { made, reason, notPublished }: Standing): DirectoryState {
  const usages = new Map<string, number>()
  for (const { usage } of made?.entries ?? []) usages.set(usage, (usages.get(usage) ?? 0) + 1)
  return {
    did: rootDid(didOfAddress(parts.address())),
    state: made ? 'made' : reason === undefined ? 'not-made' : 'withheld',
    ...(reason === undefined ? {} : { reason }),
    ...(made ? { created: made.created } : {}),
    documents: made?.documents.size ?? 0,
    keys: made?.entries.filter(({ usage }) => usage !== 'UP').length ?? 0,
    usages: Object.fromEntries([...usages].sort(([a], [b]) => (a < b ? -1 : 1))),
    notPublished,
  }
}
