import { readdir, readFile, stat } from 'node:fs/promises'
import { createKeyIndex, type KeyIndex } from './keys/key-index.ts'
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
import type { TrustReaders, TrustSource, TrustSourceKind } from './lists/trust-source.ts'
import { createMessageProcess, type MessageOpener } from './messages/message-process.ts'
import { readGatewayBatches } from './revocation/gateway/read-gateway-batches.ts'
import { uploadsIn } from './revocation/gateway/uploads.ts'
import type { RevocationLists, RevocationSource } from './revocation/revocation-lists.ts'
import { readRevocationSource } from './revocation/revocation-source.ts'
import { entriesOf, keysOf, partsOfIndex, revocationsOf, type Standing, standingOf } from './standing.ts'
import { statusOf, type TrustListStatus } from './status.ts'
import type { CopyStore } from './upkeep/copy-store.ts'
import { followed, newsOf, type SourceNews, standAlike } from './upkeep/follow-source.ts'
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
  /** How every source stands, for other processes of this server that follow it. */
  news(): SourceNews[]
  /**
   * Brings every source to how it stands with the process that reads them: from copies and files, asking no server.
   * @returns whether it does
   */
  follow(news: readonly SourceNews[]): Promise<boolean>
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
  keepsCopies?: Kept
  /** Told of what is about to count; what it returns is called when that does. Neither rejects. */
  remember?: (standing: Standing) => Promise<() => Promise<void>>
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
      return uploadsIn(await keysOf(partsOfIndex(overridden([...states.values()])), options.now))
    }
    const given = { readers, check: check.check, messages, uploads, copies, keepsCopies: isSo(keepsCopies) }
    return { ...given, now: options.now(), read }
  }
  let index = createKeyIndex([])
  let revocations: RevocationLists | undefined
  const rebuild = madeAnew(async () => {
    const standing = standingOf(overridden([...states.values()]))
    const next = await keysOf(standing, options.now)
    const stands = await options.remember?.(standing)
    index = next
    revocations = revocationsOf(standing, index, options.revocations)
    await stands?.()
  })
  const inTurn = readingsInTurn(states, upkeepOf)
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
    news: () => [...states.values()].map(newsOf),
    async follow(news) {
      await readAll(allNames(), followed(news))
      return standAlike([...states.values()].map(newsOf), news)
    },
  }
}

/** Whether copies are written; asked before each reading where it may change. */
type Kept = boolean | (() => boolean)

const isSo = (given: Kept): boolean => (typeof given === 'function' ? given() : given)

/** One reading of a source at a time; one that failed does not stop the next. */
function readingsInTurn(states: Map<string, SourceState>, upkeepOf: (source: TrustSource) => Upkeep) {
  const turns = new Map<string, Promise<unknown>>()
  return (name: string, read: (state: SourceState, upkeep: Upkeep) => Promise<SourceState>): Promise<void> => {
    // Who may sign batches is on the lists of gateways: those that are being read come first.
    const others = isOfBatches(states.get(name))
      ? [...states.keys()].filter((each) => !isOfBatches(states.get(each)))
      : []
    const turn = Promise.all([name, ...others].map((each) => turns.get(each))).then(async () => {
      const state = states.get(name)
      if (!state) return
      states.set(name, await read(state, upkeepOf(state.source)))
    })
    turns.set(
      name,
      turn.catch(() => undefined),
    )
    return turn
  }
}

const useNothing = () => () => {}

const isOfBatches = (state: SourceState | undefined): boolean => state?.source.kind === 'gateway-revocation'
