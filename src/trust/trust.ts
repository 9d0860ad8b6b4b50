import { readdir, readFile, stat } from 'node:fs/promises'
import { isSystemError, systemErrorText } from '../base/system-error.ts'
import { createKeyIndex, type KeyIndex } from './keys/key-index.ts'
import { type Distrust, idleNames, type Suspension } from './keys/objections.ts'
import { participantCode } from './keys/participant-codes.ts'
import { isExpired, type TrustedKey } from './keys/trusted-key.ts'
import { readCertificatesSource } from './lists/certificates-source.ts'
import type { ListChecker } from './lists/check-list.ts'
import { type DidReading, readDidSource } from './lists/did-source.ts'
import { readLdifSource } from './lists/directories/ldif-source.ts'
import { readMasterListSource } from './lists/directories/master-list-source.ts'
import { readDistrustedSource } from './lists/distrusted-source.ts'
import { overridden } from './lists/gateway/override.ts'
import { readGatewaySource } from './lists/gateway/read-gateway.ts'
import { readIssuersSource } from './lists/gateway/read-issuers.ts'
import { readJwksSource } from './lists/jwks-source.ts'
import { createListProcess } from './lists/list-process.ts'
import {
  entryName,
  type LeftOut,
  type SourceContent,
  type TrustReaders,
  type TrustSource,
  type TrustSourceKind,
  UnusableSource,
} from './lists/trust-source.ts'
import { createMessageProcess, type MessageOpener } from './messages/message-process.ts'
import { readGatewayBatches } from './revocation/gateway/read-gateway-batches.ts'
import type { RevocationContent } from './revocation/revocation-content.ts'
import { type RevocationLists, type RevocationSource, revocationLists } from './revocation/revocation-lists.ts'
import { readRevocationSource } from './revocation/revocation-source.ts'

/** State of one trust source, for `vidimus trust status` and the start-up report. */
export interface TrustListStatus {
  name: string
  kind: TrustSourceKind
  location: string
  /** Whether keys of it are in use (also those of an earlier reading), or what it withdraws is. */
  usable: boolean
  /** Why the last reading failed. */
  failure?: string
  /** Keys of it that count. */
  keys: number
  /** Those of them whose period has ended. */
  expired: number
  /** When the list says it was made. */
  created?: string
  /** When it was last read successfully, ISO 8601. */
  readAt?: string
  warnings: string[]
  /** Entries that do not count, and why; absent when all do. */
  leftOut?: { entry: string; reason: string }[]
  /** How many participants, thumbprints and key ids it withdraws in every list. */
  withdraws?: number
  /** What a revocation list holds; absent for other kinds, and for one that was never read. */
  revokes?: { hashes: number; batches: number; cards: number; participants: string[]; expires?: string }
  /** Set when a key counts only if it stands in this list, too. */
  required?: boolean
}

/** Trusted keys of all configured sources. */
export interface Trust {
  /** The keys now. An evaluation keeps the index it started with. */
  keys(): KeyIndex
  /** The revocation lists now, for the keys now; undefined where no source gives any. */
  revocations(): RevocationLists | undefined
  status(): TrustListStatus[]
  /**
   * Reads every source again, or those of the names given, and replaces the index as a whole; a source that fails keeps the keys of
   * its last reading. Readings follow one another.
   */
  reload(names?: readonly string[]): Promise<TrustListStatus[]>
}

/** What the trust room is given. */
export interface TrustOptions {
  readers?: TrustReaders
  now(): Date
  /** How lists are proven; by default in a process of its own. */
  check?: ListChecker
  /** How signed messages are opened; by default in a process of its own. */
  messages?: MessageOpener
  /** Revocation lists that come otherwise than from a source, as they stand. */
  revocations?(): readonly RevocationSource[]
}

/** The file system. */
export const fileReaders: TrustReaders = {
  readFile: (path) => readFile(path),
  async listFolder(path) {
    return (await stat(path)).isDirectory() ? readdir(path) : undefined
  },
  modified: async (path) => (await stat(path)).mtime,
}

/** With what a source is read: `before`, what its last good reading held; `uploads`, upload certificates of a country that count. */
type Reading = DidReading & {
  messages: MessageOpener
  uploads(country: string): readonly TrustedKey[]
  before: SourceContent | undefined
}

const sourceReaders: Record<TrustSourceKind, (source: TrustSource, reading: Reading) => Promise<SourceContent>> = {
  'did-v2': readDidSource,
  jwks: (source, { readers }) => readJwksSource(source, readers),
  certificates: (source, { readers }) => readCertificatesSource(source, readers),
  distrusted: (source, { readers }) => readDistrustedSource(source, readers),
  revocation: readRevocationSource,
  gateway: readGatewaySource,
  'gateway-revocation': readGatewayBatches,
  issuers: readIssuersSource,
  'icao-master-list': readMasterListSource,
  ldif: readLdifSource,
}

/** A revocation list that is older is remarked upon, unless its source says otherwise. */
const defaultMaxAgeSeconds = 7 * 86_400

interface SourceState {
  source: TrustSource
  content?: SourceContent
  readAt?: Date
  failure?: string
  /** Of the last reading, when it failed. */
  suspended?: Suspension[]
  /** Of the last reading, when it failed: whether it withdraws keys, and which is not known. */
  withdrawsUnknown?: boolean
}

/** Reads the sources; one that cannot be used is reported in the status, the others work. Never rejects for a bad source. */
export async function loadTrustLists(sources: TrustSource[], options: TrustOptions): Promise<Trust> {
  const readers = options.readers ?? fileReaders
  let states: SourceState[] = sources.map((source) => ({ source }))
  let index = createKeyIndex([])
  let revocations: RevocationLists | undefined
  const read = async (names?: readonly string[]) => {
    const lists = createListProcess()
    const process = createMessageProcess(options.now())
    const messages = options.messages ?? process
    const next = [...states]
    const check = options.check ?? lists.check
    const readOnes = async (isMeant: (source: TrustSource) => boolean) => {
      const uploads = uploadsIn(indexOf(next))
      // One after another: a process that checks a list takes a processor.
      for (const [at, state] of states.entries()) {
        if ((names && !names.includes(state.source.name)) || !isMeant(state.source)) continue
        next[at] = await readState(state, { readers, check, messages, now: options.now(), uploads })
      }
    }
    try {
      await readOnes(({ kind }) => kind !== 'gateway-revocation')
      // Who may sign batches is on the lists that were read.
      await readOnes(({ kind }) => kind === 'gateway-revocation')
    } finally {
      lists.close()
      process.close()
    }
    states = next
    index = indexOf(states)
    const own = states.filter(({ source }) => isOfRevocation(source)).map(revocationSource)
    const fed = options.revocations
    revocations = own.length > 0 || fed ? revocationLists(() => [...own, ...(fed?.() ?? [])], index) : undefined
  }
  let last: Promise<unknown> = Promise.resolve()
  const trust: Trust = {
    keys: () => index,
    revocations: () => revocations,
    status: () =>
      overridden(states).map((state) => statusOf(state, { index, entries: entriesOf(states), now: options.now() })),
    async reload(names) {
      const reading = last.then(() => read(names))
      // One that failed does not stop the next.
      last = reading.catch(() => undefined)
      await reading
      return trust.status()
    },
  }
  await trust.reload()
  return trust
}

const isOfRevocation = ({ kind }: TrustSource): boolean => kind === 'revocation' || kind === 'gateway-revocation'

/** Upload certificates that count, by alpha-2 of their country. */
function uploadsIn(index: KeyIndex): Reading['uploads'] {
  const uploads = Map.groupBy(index.find({ usage: ['UP'] }), ({ participant }) => participant)
  return (country) => uploads.get(participantCode(country) ?? country) ?? []
}

async function readState(before: SourceState, reading: Omit<Reading, 'before'>): Promise<SourceState> {
  const { source, content, readAt } = before
  try {
    if (/^https?:/i.test(source.location))
      throw new UnusableSource('the network is off: only files and folders are read')
    const read = await sourceReaders[source.kind](source, { ...reading, before: content })
    return { source, content: read, readAt: reading.now }
  } catch (error) {
    const { suspended = [], withdrawsUnknown = false } = error instanceof UnusableSource ? error : {}
    const kept = content && readAt ? { content, readAt } : {}
    return { source, ...kept, failure: failureText(error, source), suspended, withdrawsUnknown }
  }
}

/** Faults of the list and of the file system are for the administrator; anything else is a bug and must not look like one. */
function failureText(error: unknown, { key = [] }: TrustSource): string {
  if (error instanceof UnusableSource) return error.message
  const text = systemErrorText(error)
  if (!isSystemError(error) || text === undefined) throw error
  const isKey = error.path !== undefined && key.includes(error.path)
  return isKey ? `the pinned key of the signer (member "key") cannot be read: ${text}` : text
}

function revocationSource({ source, content, failure }: SourceState): RevocationSource {
  const { name, participant, issuer, maxAgeSeconds = defaultMaxAgeSeconds } = source
  return { name, content: content?.revocation, failure, participant, issuer, maxAgeSeconds }
}

/** Keys that the lists leave out. */
const leftOutKeys = (contents: SourceContent[]): TrustedKey[] =>
  contents.flatMap(({ leftOut }) => leftOut.flatMap(({ key }) => key ?? []))

/** Every key that a list names. */
function entriesOf(states: SourceState[]): TrustedKey[] {
  const contents = states.flatMap(({ content }) => content ?? [])
  return [...contents.flatMap(({ keys }) => keys), ...leftOutKeys(contents)]
}

function indexOf(read: SourceState[]): KeyIndex {
  const states = overridden(read)
  const contents = states.flatMap(({ content }) => content ?? [])
  return createKeyIndex(
    contents.map(({ keys }) => keys),
    {
      leftOut: leftOutKeys(contents),
      distrust: contents.flatMap(({ distrust }) => distrust ?? []),
      suspended: [...contents, ...states].flatMap(({ suspended }) => suspended ?? []),
      required: states
        .filter(({ source }) => source.required)
        .map(({ source, content }) => ({ name: source.name, keys: content?.keys ?? [] })),
      unavailable: states.map(reasonForNone).find((reason) => reason !== undefined),
    },
  )
}

/** Why no key of any list may count because of this source. */
function reasonForNone({ source, content, withdrawsUnknown }: SourceState): string | undefined {
  if (withdrawsUnknown) return `${source.name}, which withdraws keys, cannot be read`
  if (source.required && !content) return `${source.name}, which is required, cannot be read`
  return undefined
}

interface Whole {
  index: KeyIndex
  entries: TrustedKey[]
  now: Date
}

function statusOf({ source, content, readAt, failure }: SourceState, { index, entries, now }: Whole): TrustListStatus {
  const { name, kind, location, required } = source
  const keys = index.keys.filter(({ lists }) => lists.includes(name))
  const later = index.leftOut.filter(({ key }) => key.lists.includes(name))
  const leftOut = [
    ...(content?.leftOut ?? []).map(({ entry, reason }) => ({ entry, reason })),
    ...later.map(({ key, reason }) => ({ entry: entryName(key), reason })),
  ]
  return {
    name,
    kind,
    location,
    usable: content !== undefined && !(failure !== undefined && kind === 'distrusted'),
    ...(failure === undefined ? {} : { failure }),
    keys: keys.length,
    expired: keys.filter((key) => isExpired(key, now)).length,
    ...(content?.created === undefined ? {} : { created: content.created }),
    ...(readAt ? { readAt: readAt.toISOString() } : {}),
    warnings: [...warningsOf(content, entries), ...crowdedIds(name, index)],
    ...(leftOut.length > 0 ? { leftOut } : {}),
    ...(content?.distrust ? { withdraws: countOf(content.distrust) } : {}),
    ...(content?.revocation ? { revokes: revokesOf(content.revocation) } : {}),
    ...(required ? { required } : {}),
  }
}

function warningsOf(content: SourceContent | undefined, entries: TrustedKey[]): string[] {
  if (!content) return []
  const { leftOut, warnings, keys, distrust } = content
  const idle = distrust ? idleNames(distrust, entries) : []
  return [...leftOut.map(leftOutText), ...warnings, ...keys.flatMap((key) => key.warnings), ...idle]
}

/** An entry that does not count, as one line. */
export const leftOutText = ({ entry, reason }: Pick<LeftOut, 'entry' | 'reason'>): string => `${entry}: ${reason}`

/** Key ids of a list that stand for very many keys: each credential with that id costs a try of every one. */
function crowdedIds(name: string, index: KeyIndex): string[] {
  return [...index.crowded]
    .filter(([keyId]) => index.find({ keyId }).some(({ lists }) => lists.includes(name)))
    .map(([keyId, count]) => `${count} keys stand under the key id ${keyId}`)
}

function revokesOf({ hashes, cards }: RevocationContent): NonNullable<TrustListStatus['revokes']> {
  const figures = hashes.countries()
  const sum = (count: (each: (typeof figures)[number]) => number) => figures.reduce((all, each) => all + count(each), 0)
  const last = Math.max(...figures.map(({ expires }) => expires.getTime()))
  return {
    hashes: sum((each) => each.hashes),
    batches: sum((each) => each.batches),
    cards: [...(cards?.lists.values() ?? [])].reduce((all, { entries }) => all + entries, 0),
    participants: figures.map(({ country }) => country),
    ...(Number.isFinite(last) ? { expires: new Date(last).toISOString() } : {}),
  }
}

const countOf = ({ participants, thumbprints, keyIds }: Distrust): number =>
  participants.length + thumbprints.length + keyIds.length
