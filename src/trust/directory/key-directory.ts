import { createHash, randomBytes } from 'node:crypto'
import type { FindDocument, PublicDocument } from '../../base/public-document.ts'
import { FhirError, issue, notFound } from '../../fhir/error.ts'
import type { KeyIndex } from '../keys/key-index.ts'
import type { After } from '../lists/refresh.ts'
import { createHashProcess, type HashProcess } from './directory-process.ts'
import { type DirectoryEnvironment, didOfAddress, type PlannedDocument, planDocuments, rootDid } from './documents.ts'
import { breather, type DirectoryEntry, type DirectorySource, type NotPublished, selectEntries } from './entries.ts'
import {
  contentHash,
  type DirectorySigner,
  type ProofHasher,
  type Seal,
  sealDocument,
  sealedBytes,
  signerFault,
} from './seal.ts'
import { loadSeals, type SealRecords, storeSeals } from './seal-record.ts'

/** A trust source as the directory looks at it. */
export interface SourceState extends DirectorySource {
  /** Whether keys of it, or what it withdraws, are in use. */
  usable: boolean
  /** Why the last reading failed. */
  failure?: string | undefined
  /** When it was last read successfully, ISO 8601. */
  readAt?: string | undefined
  /** Beyond this age a source that cannot be read again is too old to be passed on; default a week. */
  maxAgeSeconds?: number | undefined
}

/** What a directory is made of. */
export interface DirectoryParts {
  keys(): KeyIndex
  sources(): readonly SourceState[]
  signer(): DirectorySigner | undefined
  records: SealRecords
  /** Public address of the server, without `/fhir`. */
  address(): string
  environment: DirectoryEnvironment
  now(): Date
  /** Told when the directory was made, or is withheld, and why. */
  tell(text: string): void
  /** How documents are hashed; by default in a process of its own. */
  hashes?(): HashProcess
  limits?: DirectoryLimits
}

/** Beyond these nothing is made. */
export interface DirectoryLimits {
  /** Of one list; verifiers read 20 MB. */
  listBytes: number
  documents: number
}

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
  state(): DirectoryState
  /** Looks every second whether it must be made anew, until {@link close}. */
  start(after?: After): void
  close(): Promise<void>
}

const ROOT_PATH = '/v2/trustlist/did.json'
const ADDRESS = /^\/v2\/trustlist(?:-ref)?\//
/** A verifier that asks more often than so gets the same from a cache on the way. */
const CACHE_CONTROL = 'public, max-age=300, must-revalidate'
const DEFAULT_LIMITS: DirectoryLimits = { listBytes: 20_000_000, documents: 20_000 }
/** What a proof adds to a list, with room to spare. */
const PROOF_BYTES = 1000
const DEFAULT_MAX_AGE_SECONDS = 7 * 86_400
const LOOK_MILLISECONDS = 1000
/** How often a replica looks whether another one sealed the same content anew. */
const COMPARE_MILLISECONDS = 60_000
const FIRST_RETRY_MILLISECONDS = 10_000
const LONGEST_RETRY_MILLISECONDS = 600_000
/** A time further ahead than this comes of a clock that was wrong, and binds nobody. */
const CLOCK_TOLERANCE_MILLISECONDS = 3_600_000

/** Why the directory is withheld, for an administrator. */
class Withheld extends Error {}

interface Made {
  index: KeyIndex
  keyId: string
  documents: ReadonlyMap<string, PublicDocument>
  entries: readonly DirectoryEntry[]
  notPublished: NotPublished[]
  created: string
  changesAt?: Date | undefined
  did: string
  seals: ReadonlyMap<string, Seal>
  /** The record of the seals as it was last seen. */
  recordText: string | undefined
  /** When it is looked at again. */
  compareAt: number
}

/** The directory of a server's keys. It serves nothing until it was made. */
export function createKeyDirectory(parts: DirectoryParts): KeyDirectory {
  let made: Made | undefined
  let reason: string | undefined
  let notPublished: NotPublished[] = []
  let failures = 0
  let retryAt = 0
  let making: Promise<void> | undefined
  let isOver = false
  let callOff: (() => void) | undefined

  const withhold = (text: string) => {
    if (reason !== text) parts.tell(`key directory: withheld: ${text}`)
    reason = text
  }
  const attempt = async () => {
    try {
      const next = await makeDirectory(parts, made?.seals, (found) => {
        notPublished = found
      })
      if (reason !== undefined || made?.created !== next.created)
        parts.tell(`key directory: ${next.documents.size} documents, made ${next.created}`)
      made = next
      reason = undefined
      failures = 0
    } catch (error) {
      failures++
      retryAt =
        parts.now().getTime() + Math.min(FIRST_RETRY_MILLISECONDS * 2 ** (failures - 1), LONGEST_RETRY_MILLISECONDS)
      made = undefined
      withhold(error instanceof Error ? error.message : String(error))
      if (!(error instanceof Withheld) && error instanceof Error && error.stack) parts.tell(error.stack)
    }
  }
  const make = (): Promise<void> => {
    making ??= attempt().finally(() => {
      making = undefined
    })
    return making
  }
  // Another replica may have sealed the same content, or written over it: its seals are taken where the content is the same.
  const compare = async (before: Made) => {
    before.compareAt = parts.now().getTime() + COMPARE_MILLISECONDS
    try {
      const { text } = await loadSeals(parts.records, before.did)
      if (text !== before.recordText && made === before) await make()
    } catch (error) {
      parts.tell(`key directory: its seals cannot be compared: ${error instanceof Error ? error.message : error}`)
    }
  }
  const look = () => {
    const now = parts.now().getTime()
    const held = sourceFault(parts, parts.now())
    if (held !== undefined && made) {
      made = undefined
      withhold(held)
    }
    if (making) return
    const isDue = made ? isOutdated(made, parts) : reason === undefined || now >= retryAt
    if (isDue) void make()
    else if (made && now >= made.compareAt) void compare(made)
  }
  const wait = (after: After) => {
    if (isOver) return
    callOff = after(LOOK_MILLISECONDS, () => {
      look()
      wait(after)
    })
  }
  const state = (): DirectoryState => stateOf(parts, { made, reason, notPublished })
  return {
    state,
    find({ path }) {
      if (!ADDRESS.test(path)) return undefined
      if (!made && !reason && making) return making.then(() => documentAt(path, made, reason))
      return documentAt(path, made, parts.keys().unavailable ?? reason)
    },
    async make() {
      await make()
      return state()
    },
    start(after = everyMilliseconds) {
      look()
      wait(after)
    },
    async close() {
      isOver = true
      callOff?.()
      await making
    },
  }
}

const everyMilliseconds: After = (milliseconds, run) => {
  const timeout = setTimeout(run, milliseconds).unref()
  return () => clearTimeout(timeout)
}

/** The document, or the error that answers. What is withheld is not told to the public: it names sources of the operator. */
function documentAt(path: string, made: Made | undefined, reason: string | undefined): PublicDocument {
  if (!made || reason !== undefined) {
    const text =
      'The key directory is withheld: this server cannot tell at the moment which keys count. Keep the last list.'
    throw new FhirError(503, issue('transient', text), { 'Cache-Control': 'no-store' })
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

/**
 * Why no list may be made of these sources: none counts, or one is too old to be passed on under a new signature. Who reads our list
 * cannot see how old it is, and keeps its own last copy, whose age it knows.
 */
function sourceFault(parts: DirectoryParts, now: Date): string | undefined {
  const { unavailable } = parts.keys()
  if (unavailable !== undefined) return unavailable
  const old = parts.sources().find((source) => isTooOld(source, now))
  return old && `${old.name} could not be read since ${old.readAt}: ${old.failure}`
}

function isTooOld({ failure, readAt, maxAgeSeconds = DEFAULT_MAX_AGE_SECONDS }: SourceState, now: Date): boolean {
  if (failure === undefined || readAt === undefined) return false
  return now.getTime() - Date.parse(readAt) > maxAgeSeconds * 1000
}

async function makeDirectory(
  parts: DirectoryParts,
  own: ReadonlyMap<string, Seal> | undefined,
  tellLeftOut: (found: NotPublished[]) => void,
): Promise<Made> {
  const now = parts.now()
  const signer = parts.signer()
  const fault = signerFault(signer) ?? sourceFault(parts, now)
  if (!signer || fault !== undefined) throw new Withheld(fault)
  const index = parts.keys()
  const place = { did: didOfAddress(parts.address()), environment: parts.environment }
  const did = rootDid(place.did)
  const selection = await selectEntries(index, { now, sources: parts.sources(), did })
  tellLeftOut(selection.notPublished)
  const { entries, changesAt } = selection
  const stored = await loadSeals(parts.records, did)
  const lost = lostSource(parts, stored.sources)
  if (lost !== undefined) throw new Withheld(lost)
  if (!entries.some(({ usage }) => usage !== 'UP')) throw new Withheld('no key qualifies for it')
  const planned = await sized(planDocuments(entries, place), parts.limits)
  const sealed = await sealAll(planned, { parts, signer, known: [stored.seals, own ?? new Map()], now })
  const sources = parts.sources().flatMap(({ name }) => (entries.some(({ lists }) => lists.includes(name)) ? name : []))
  // Two replicas that have not read the same yet do not write over each other in turn.
  const { seals, text } = sealed.isNew
    ? await storeSeals(parts.records, did, { seals: sealed.seals, sources })
    : { seals: sealed.seals, text: stored.text }
  const documents = await publicDocuments(planned, signer, seals)
  const created = seals.get(ROOT_PATH)?.created ?? ''
  const compareAt = now.getTime() + COMPARE_MILLISECONDS
  const { keyId } = signer
  return { index, keyId, documents, ...selection, created, changesAt, compareAt, did, seals, recordText: text }
}

/** A source that gave keys to the last directory and has none to give now: without them the list would say that they are withdrawn. */
function lostSource(parts: DirectoryParts, known: readonly string[]): string | undefined {
  const lost = parts.sources().find(({ name, usable }) => !usable && known.includes(name))
  return lost && `${lost.name}, whose keys it published, cannot be read: ${lost.failure ?? 'nothing of it is known'}`
}

async function sized(documents: Iterable<PlannedDocument>, limits = DEFAULT_LIMITS): Promise<PlannedDocument[]> {
  const rest = breather()
  const planned: PlannedDocument[] = []
  for (const document of documents) {
    if (document.text.length > limits.listBytes - PROOF_BYTES)
      throw new Withheld(`a list of it is larger than ${limits.listBytes} bytes, which verifiers do not read`)
    if (planned.length >= limits.documents) throw new Withheld(`it has more than ${limits.documents} documents`)
    planned.push(document)
    await rest()
  }
  return planned
}

interface Sealing {
  parts: DirectoryParts
  signer: DirectorySigner
  /** Seals that are there: those of the store, and those that are served. */
  known: readonly [ReadonlyMap<string, Seal>, ReadonlyMap<string, Seal>]
  now: Date
}

/** The seal of every document: a known one where the content is the same, else a new one. */
async function sealAll(planned: PlannedDocument[], { parts, signer, known, now }: Sealing) {
  const seals = new Map<string, Seal>()
  const rest = breather()
  let isNew = false
  let hashes: HashProcess | undefined
  const hash: ProofHasher = (job) => {
    hashes ??= (parts.hashes ?? createHashProcess)()
    return hashes.hash(job)
  }
  try {
    for (const document of planned) {
      await rest()
      const content = contentHash(document, signer)
      const before = known.flatMap((each) => each.get(document.path) ?? [])
      const same = before.find((seal) => seal.hash === content)
      isNew ||= !same
      const nonce = () => randomBytes(24).toString('base64url')
      const created = createdAfter(before, now)
      seals.set(document.path, same ?? (await sealDocument(document, signer, { created, nonce: nonce(), hash })))
    }
    return { seals, isNew }
  } finally {
    hashes?.close()
  }
}

/** Verifiers refuse a list that is older than the one they have: a clock that was set back must not make one. */
function createdAfter(known: readonly Seal[], now: Date): string {
  const times = known.map(({ created }) => Date.parse(created))
  const believable = times.filter((time) => time <= now.getTime() + CLOCK_TOLERANCE_MILLISECONDS)
  return new Date(Math.max(now.getTime(), ...believable)).toISOString().replace(/\.\d+Z$/, 'Z')
}

async function publicDocuments(
  planned: PlannedDocument[],
  signer: DirectorySigner,
  seals: ReadonlyMap<string, Seal>,
): Promise<Map<string, PublicDocument>> {
  const documents = new Map<string, PublicDocument>()
  const rest = breather()
  for (const document of planned) {
    await rest()
    const seal = seals.get(document.path)
    if (!seal) continue
    const body = sealedBytes(document, signer, seal)
    documents.set(document.path, {
      body,
      contentType: document.kind === 'did' ? 'application/json' : 'application/jwk-set+jwt',
      etag: `"${createHash('sha256').update(body).digest('base64url')}"`,
      cacheControl: CACHE_CONTROL,
      headers: { 'Last-Modified': new Date(seal.created).toUTCString() },
      route: document.kind === 'did' ? '/v2/trustlist/*/did.json' : '/v2/trustlist/*/jwks.json',
    })
  }
  return documents
}

interface Standing {
  made: Made | undefined
  reason: string | undefined
  notPublished: NotPublished[]
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
