import { readdir, readFile, stat } from 'node:fs/promises'
import {
  createKeyIndex,
  createKeyIndexInSlices,
  type IndexRules,
  type KeyIndex,
  type ListStanding,
} from './keys/key-index.ts'
import type { TrustedKey } from './keys/trusted-key.ts'
import { readCertificatesSource } from './lists/certificates-source.ts'
import type { ListChecker } from './lists/check-list.ts'
import { readDidSource } from './lists/did-source.ts'
import { readLdifSource } from './lists/directories/ldif-source.ts'
import { readMasterListSource } from './lists/directories/master-list-source.ts'
import { readDistrustedSource } from './lists/distrusted-source.ts'
import { overridden } from './lists/gateway/override.ts'
import { readGatewaySource } from './lists/gateway/read-gateway.ts'
import { readIssuersSource } from './lists/gateway/read-issuers.ts'
import { readJwksSource } from './lists/jwks-source.ts'
import {
  isRemote,
  type SourceContent,
  type TrustReaders,
  type TrustSource,
  type TrustSourceKind,
} from './lists/trust-source.ts'
import { createMessageProcess, type MessageOpener } from './messages/message-process.ts'
import { readGatewayBatches } from './revocation/gateway/read-gateway-batches.ts'
import { uploadsIn } from './revocation/gateway/uploads.ts'
import { type RevocationLists, type RevocationSource, revocationLists } from './revocation/revocation-lists.ts'
import { readRevocationSource } from './revocation/revocation-source.ts'
import { statusOf, type TrustListStatus } from './status.ts'
import type { CopyStore } from './upkeep/copy-store.ts'
import { madeAnew } from './upkeep/made-anew.ts'
import { adoptCopy, readAgain, startSource } from './upkeep/read-source.ts'
import { sharedChecker } from './upkeep/shared-checker.ts'
import type { SourceReader, SourceState, Upkeep } from './upkeep/source-state.ts'

export type { TrustListStatus } from './status.ts'

/** Trusted keys of all configured sources. */
export interface Trust {
  /** The keys now. An evaluation keeps the index it started with. */
  keys(): KeyIndex
  /** The revocation lists now, for the keys now; undefined where no source gives any. */
  revocations(): RevocationLists | undefined
  status(): TrustListStatus[]
  /** Every source as it stands. */
  sources(): readonly SourceState[]
  /**
   * Reads every source again, or those of the names given, and replaces the index as a whole; a source that fails keeps the keys of
   * its last reading. Readings of one source follow one another; a slow server holds up no other source.
   */
  reload(names?: readonly string[]): Promise<TrustListStatus[]>
  /** Takes over what another process wrote into the folder of copies: newer copies, and lists that were accepted. Asks no server. */
  adopt(): Promise<void>
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
  /** Last good copies; without, a list that cannot be read after a restart is not there. */
  copies?: CopyStore
  /** Whether copies are written, or only read. */
  keepsCopies?: boolean
}

/** The file system. */
export const fileReaders: TrustReaders = {
  readFile: (path) => readFile(path),
  async listFolder(path) {
    return (await stat(path)).isDirectory() ? readdir(path) : undefined
  },
  modified: async (path) => (await stat(path)).mtime,
}

/** Every kind of source: one that is new is one line here. */
const sourceReaders: Record<TrustSourceKind, SourceReader> = {
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

/** A remote list or a revocation list that is older is remarked upon, unless its source says otherwise. */
const defaultMaxAgeSeconds = 7 * 86_400

/**
 * Reads the sources, remote ones from their last good copies alone; one that cannot be used is reported in the status, the others work.
 * Never rejects for a bad source.
 */
export async function loadTrustLists(sources: readonly TrustSource[], options: TrustOptions): Promise<Trust> {
  const { readers = fileReaders, copies, keepsCopies = false } = options
  const check = options.check ? { check: options.check, use: useNothing } : sharedChecker()
  const messages = options.messages ?? createMessageProcess(options.now)
  const states = new Map<string, SourceState>()
  const upkeepOf = ({ kind }: TrustSource): Upkeep => {
    const read = sourceReaders[kind]
    // Who may sign batches is on the lists as they are now.
    const uploads = async () => {
      const parts = partsOfIndex(overridden([...states.values()]), options.now)
      return uploadsIn(await createKeyIndexInSlices(...parts))
    }
    return { readers, check: check.check, messages, uploads, now: options.now(), read, copies, keepsCopies }
  }
  let index = createKeyIndex([])
  let revocations: RevocationLists | undefined
  const rebuild = madeAnew(async () => {
    const all = overridden([...states.values()])
    index = await createKeyIndexInSlices(...partsOfIndex(all, options.now))
    const own = all.filter(({ source }) => isOfRevocation(source)).map(revocationSource)
    const fed = options.revocations
    revocations = own.length > 0 || fed ? revocationLists(() => [...own, ...(fed?.() ?? [])], index) : undefined
  })
  const turns = new Map<string, Promise<unknown>>()
  /** One reading of a source at a time; one that failed does not stop the next. */
  const inTurn = (name: string, read: (state: SourceState, upkeep: Upkeep) => Promise<SourceState>) => {
    // Who may sign batches is on the lists of gateways: those that are being read come first.
    const others = isOfBatches(states.get(name))
      ? [...states.keys()].filter((each) => !isOfBatches(states.get(each)))
      : []
    const turn = Promise.all([name, ...others].map((each) => turns.get(each))).then(async () => {
      const state = states.get(name)
      if (!state) return
      const next = await read(state, upkeepOf(state.source))
      states.set(name, next)
    })
    turns.set(
      name,
      turn.catch(() => undefined),
    )
    return turn
  }
  const end = check.use()
  try {
    // One after another: a process that checks a list takes a processor.
    for (const source of sources) states.set(source.name, await startSource(source, upkeepOf(source)))
  } finally {
    end()
  }
  await rebuild()
  const readAll = async (names: readonly string[], read: typeof readAgain) => {
    const done = check.use()
    try {
      const last = names.filter((name) => isOfBatches(states.get(name)))
      const first = names.filter((name) => !last.includes(name))
      const readings = await Promise.allSettled([...first, ...last].map((name) => inTurn(name, read)))
      await rebuild()
      for (const reading of readings) if (reading.status === 'rejected') throw reading.reason
    } finally {
      done()
    }
  }
  const allNames = () => [...states.keys()]
  const status = () => {
    const all = overridden([...states.values()])
    const whole = { index, entries: entriesOf(all), now: options.now() }
    return all.map((state) => statusOf(state, whole))
  }
  return {
    status,
    keys: () => index,
    revocations: () => revocations,
    sources: () => overridden([...states.values()]),
    async reload(names) {
      await readAll(names ?? allNames(), readAgain)
      return status()
    },
    async adopt() {
      const before = [...states.values()]
      const done = check.use()
      const readings = await Promise.allSettled(allNames().map((name) => inTurn(name, adoptCopy))).finally(done)
      if (before.some((state) => states.get(state.source.name)?.content !== state.content)) await rebuild()
      for (const reading of readings) if (reading.status === 'rejected') throw reading.reason
    },
  }
}

const useNothing = () => () => {}

/** A source as far as it decides which keys count. */
export type StandingSource = Pick<
  SourceState,
  'source' | 'content' | 'checkedAt' | 'failure' | 'suspended' | 'withdrawals' | 'withdrawsUnknown' | 'waiting'
>

/** Keys and revocation lists of sources that somebody else has read: nothing is read again. */
export function trustOf(states: readonly StandingSource[], now: () => Date): Pick<Trust, 'keys' | 'revocations'> {
  const index = createKeyIndex(...partsOfIndex(states, now))
  const lists = states.filter(({ source }) => isOfRevocation(source)).map(revocationSource)
  const revocations = lists.length > 0 ? revocationLists(() => lists, index) : undefined
  return { keys: () => index, revocations: () => revocations }
}

/** Whether a source holds revocation lists, and no keys. */
const isOfRevocation = ({ kind }: TrustSource): boolean => kind === 'revocation' || kind === 'gateway-revocation'

const isOfBatches = (state: SourceState | undefined): boolean => state?.source.kind === 'gateway-revocation'

function revocationSource({ source, content, failure, checkedAt }: StandingSource): RevocationSource {
  const { name, participant, issuer, maxAgeSeconds = defaultMaxAgeSeconds } = source
  const revocation = content?.revocation
  // Of a remote list it counts when its server last said that it is the newest.
  const date =
    isConfirmed(source) && checkedAt && !(revocation?.date && revocation.date > checkedAt)
      ? checkedAt
      : revocation?.date
  const dated = revocation && { ...revocation, ...(date ? { date } : {}) }
  return { name, content: dated, failure, participant, issuer, maxAgeSeconds }
}

/** Whether a reading of a remote source confirms all of it. A gateway's batches say so themselves: some may be missing. */
const isConfirmed = (source: TrustSource): boolean => isRemote(source) && source.kind !== 'gateway-revocation'

/** Keys that the lists leave out, and those that what is not in use withdraws. */
const leftOutKeys = (states: readonly StandingSource[]): TrustedKey[] =>
  states.flatMap(({ content, withdrawals = [] }) => [
    ...(content?.leftOut.flatMap(({ key }) => key ?? []) ?? []),
    ...withdrawals.flatMap(({ keys, leftOut }) =>
      [...keys, ...leftOut.flatMap(({ key }) => key ?? [])].filter(({ status }) => status !== 'current'),
    ),
  ])

/** Everything that lists say, in use or only withdrawing. */
const contentsOf = (states: readonly StandingSource[]): SourceContent[] =>
  states.flatMap(({ content, withdrawals = [] }) => [...(content ? [content] : []), ...withdrawals])

/** Every key that a list names. */
function entriesOf(states: readonly StandingSource[]): TrustedKey[] {
  return [...states.flatMap(({ content }) => content?.keys ?? []), ...leftOutKeys(states)]
}

/** What the index of all sources is made of. */
function partsOfIndex(states: readonly StandingSource[], now: () => Date): [TrustedKey[][], IndexRules] {
  const contents = contentsOf(states)
  return [
    states.flatMap(({ content }) => (content ? [content.keys] : [])),
    {
      leftOut: leftOutKeys(states),
      distrust: contents.flatMap(({ distrust }) => distrust ?? []),
      suspended: [...contents, ...states].flatMap(({ suspended }) => suspended ?? []),
      required: states
        .filter(({ source }) => source.required)
        .map(({ source, content }) => ({ name: source.name, keys: content?.keys ?? [] })),
      unavailable: states.map(reasonForNone).find((reason) => reason !== undefined),
      standings: new Map(states.flatMap(standingOf)),
      now,
      gap: gapOf(states),
    },
  ]
}

/** Why no key of any list may count because of this source. */
function reasonForNone({ source, content, withdrawsUnknown }: StandingSource): string | undefined {
  if (withdrawsUnknown) return `${source.name}, which withdraws keys, cannot be read`
  if (source.required && !content) return `${source.name}, which is required, cannot be read`
  return undefined
}

function standingOf({ source, content, checkedAt, waiting }: StandingSource): [string, ListStanding][] {
  const { name, kind, required = false, rejectAgeSeconds } = source
  if (!content || isOfRevocation(source)) return []
  const warnAfterSeconds = source.maxAgeSeconds ?? (isRemote(source) ? defaultMaxAgeSeconds : undefined)
  if (warnAfterSeconds === undefined && rejectAgeSeconds === undefined && !waiting) return []
  const newer = waiting && new Set(waiting.content.keys.map(({ thumbprint }) => thumbprint))
  // A file is as old as what it says of itself; a remote list, as its server's last word.
  const made = content.created === undefined ? undefined : new Date(content.created)
  const since = isRemote(source) ? checkedAt : made
  return [
    [
      name,
      {
        since,
        warnAfterSeconds,
        rejectAfterSeconds: rejectAgeSeconds,
        concernsAll: kind === 'distrusted' || required,
        ...(newer ? { newer } : {}),
      },
    ],
  ]
}

/** Lists that would give keys and are not there. */
function gapOf(states: readonly StandingSource[]): string | undefined {
  const names = states
    .filter(({ source, content }) => !content && source.kind !== 'distrusted' && !isOfRevocation(source))
    .map(({ source }) => source.name)
  return names.length === 0 ? undefined : `these trust lists are not there: ${names.join(', ')}`
}
