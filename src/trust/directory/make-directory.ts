import { randomBytes } from 'node:crypto'
import { sha256Base64url } from '../../base/crypto/sha256.ts'
import type { PublicDocument } from '../../base/public-document.ts'
import type { KeyIndex } from '../keys/key-index.ts'
import type { ListEnvironment } from '../lists/did-document.ts'
import { makeTurns } from '../turns.ts'
import { createHashProcess, type HashProcess } from './directory-process.ts'
import { didOfAddress, type PlannedDocument, planDocuments, rootDid } from './documents.ts'
import { type DirectoryEntry, type DirectorySource, type NotPublished, selectEntries } from './entries.ts'
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
  /** When it was last known to be the newest, ISO 8601. */
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
  environment: ListEnvironment
  now(): Date
  /** Told when the directory was made, or is withheld, and why. */
  tell(text: string): void
  /** How documents are hashed; by default in a process of its own. */
  hashes?(): HashProcess
  limits?: DirectoryLimits
  /** Whether what is being made is wanted no more. */
  isOver?(): boolean
}

/** Beyond these nothing is made. */
interface DirectoryLimits {
  /** Of one list; verifiers read 20 MB. */
  listBytes: number
  documents: number
}

const ROOT_PATH = '/v2/trustlist/did.json'
/** A verifier that asks more often than so gets the same from a cache on the way. */
const CACHE_CONTROL = 'public, max-age=300, must-revalidate'
const DEFAULT_LIMITS: DirectoryLimits = { listBytes: 20_000_000, documents: 20_000 }
/** What a proof adds to a list, with room to spare. */
const PROOF_BYTES = 1000
const DEFAULT_MAX_AGE_SECONDS = 7 * 86_400
/** How often the sources are looked at, and whether another replica sealed the same content anew. */
export const COMPARE_MILLISECONDS = 60_000
/** A time further ahead than this comes of a clock that was wrong, and binds nobody. */
const CLOCK_TOLERANCE_MILLISECONDS = 3_600_000

/** Why the directory is withheld, for an administrator. */
export class Withheld extends Error {}

/** A directory as it is served. */
export interface Made {
  index: KeyIndex
  keyId: string
  documents: ReadonlyMap<string, PublicDocument>
  entries: readonly DirectoryEntry[]
  notPublished: NotPublished[]
  created: string
  changesAt?: Date | undefined
  did: string
  seals: ReadonlyMap<string, Seal>
  /** Names of the sources that could be used. */
  usable: string
  /** The record of the seals as it was last seen. */
  recordText: string | undefined
  /** When it is looked at again. */
  compareAt: number
}

/**
 * Why no list may be made of these sources: none counts, or one is too old to be passed on under a new signature. Who reads our list
 * cannot see how old it is, and keeps its own last copy, whose age it knows.
 */
export function sourceFault(parts: DirectoryParts, now: Date): string | undefined {
  const { unavailable } = parts.keys()
  if (unavailable !== undefined) return unavailable
  const old = parts.sources().find((source) => isTooOld(source, now))
  return old && `${old.name} could not be read since ${old.readAt}: ${old.failure}`
}

/** The sources that can be used, as one text. */
export const usableSources = (parts: DirectoryParts): string =>
  parts
    .sources()
    .flatMap(({ name, usable }) => (usable ? name : []))
    .join('\n')

function isTooOld({ failure, readAt, maxAgeSeconds = DEFAULT_MAX_AGE_SECONDS }: SourceState, now: Date): boolean {
  if (failure === undefined || readAt === undefined) return false
  return now.getTime() - Date.parse(readAt) > maxAgeSeconds * 1000
}

/**
 * Makes every document of the directory; `own` are the seals that are served. Rejects with {@link Withheld}, or with what went wrong.
 */
export async function makeDirectory(
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
  const selection = await selectEntries(index, { now, sources: parts.sources(), did, environment: parts.environment })
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
  const made = { index, keyId, documents, ...selection, created, changesAt, compareAt, did, seals, recordText: text }
  return { ...made, usable: usableSources(parts) }
}

/** A source that gave keys to the last directory and has none to give now: without them the list would say that they are withdrawn. */
function lostSource(parts: DirectoryParts, known: readonly string[]): string | undefined {
  const lost = parts.sources().find(({ name, usable }) => !usable && known.includes(name))
  return lost && `${lost.name}, whose keys it published, cannot be read: ${lost.failure ?? 'nothing of it is known'}`
}

async function sized(
  documents: Iterable<PlannedDocument | undefined>,
  limits = DEFAULT_LIMITS,
): Promise<PlannedDocument[]> {
  const turn = makeTurns()
  const planned: PlannedDocument[] = []
  for (const document of documents) {
    await turn()
    if (!document) continue
    if (document.text.length > limits.listBytes - PROOF_BYTES)
      throw new Withheld(`a list of it is larger than ${limits.listBytes} bytes, which verifiers do not read`)
    if (planned.length >= limits.documents) throw new Withheld(`it has more than ${limits.documents} documents`)
    planned.push(document)
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
  const turn = makeTurns()
  let isNew = false
  let hashes: HashProcess | undefined
  const hash: ProofHasher = (job) => {
    hashes ??= (parts.hashes ?? createHashProcess)()
    return hashes.hash(job)
  }
  try {
    for (const document of planned) {
      await turn()
      if (parts.isOver?.()) throw new Withheld('the server ends')
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
  const turn = makeTurns()
  for (const document of planned) {
    await turn()
    const seal = seals.get(document.path)
    if (!seal) continue
    const body = sealedBytes(document, signer, seal)
    documents.set(document.path, {
      body,
      contentType: document.kind === 'did' ? 'application/json' : 'application/jwk-set+jwt',
      etag: `"${sha256Base64url(body)}"`,
      cacheControl: CACHE_CONTROL,
      headers: { 'Last-Modified': new Date(seal.created).toUTCString() },
      route: document.kind === 'did' ? '/v2/trustlist/*/did.json' : '/v2/trustlist/*/jwks.json',
    })
  }
  return documents
}
