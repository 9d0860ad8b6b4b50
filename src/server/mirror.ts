/** Mirroring of what other participants publish: the gateways' lists, the trusted keys and the store brought together. */

import { randomUUID } from 'node:crypto'
import { type After, afterTimeout } from '../base/after.ts'
import { participantCode, sameParticipant } from '../base/participant-codes.ts'
import { errorText } from '../base/system-error.ts'
import type { Config } from '../config.ts'
import { type ListStatus, type MirrorGateway, type MirrorReport, runMirror } from '../gateway/mirror/mirror-run.ts'
import type { Signers } from '../gateway/mirror/open-signed.ts'
import { knownLists, knownMirrors, type MirrorRecord } from '../gateway/mirror/records.ts'
import type { OpenGateway } from '../gateway/open-gateway.ts'
import type { NetworkClient } from '../network/network-client.ts'
import { openJws } from '../provenance/jws.ts'
import type { PendingContent } from '../publish/base-content/pending.ts'
import { createMirrorStore, readForeignPackage } from '../publish/mirror.ts'
import type { Publish } from '../publish/publish.ts'
import { leaseTaker } from '../storage/lease.ts'
import type { Storage } from '../storage/storage.ts'
import { PASSPORT_DOMAIN } from '../trust/keys/trusted-key.ts'
import type { Trust } from '../trust/trust.ts'

/** What mirroring needs of the other rooms. */
export interface MirrorOptions {
  config: Pick<Config, 'mirror' | 'network'>
  gateways: readonly MirrorGateway[]
  /** The store itself: everybody else has it with copies guarded. */
  storage: Storage
  publish: Publish
  trust: Pick<Trust, 'keys'>
  network: Pick<NetworkClient, 'request'>
  pending: Pick<PendingContent, 'state'>
  now(): Date
  after?: After | undefined
  beside?: RunBeside | undefined
  tell(text: string): void
}

/**
 * Runs a command of this program in a process of its own, until it ends or the signal comes, and answers its exit status: what is
 * parsed and judged there holds up no request.
 */
export type RunBeside = (args: readonly string[], signal: AbortSignal) => Promise<number | string>

/** What is mirrored, as it is told. */
export interface MirrorStatus {
  lists: ListStatus[]
  references: MirrorRecord[]
}

/** Mirroring beside a server. */
export interface Mirror {
  /**
   * Looks at the lists now; undefined when another process is at it.
   * @param isForced also at what failed a while ago
   */
  refresh(isForced: boolean): Promise<MirrorReport | undefined>
  status(): Promise<MirrorStatus>
  /** Begins to look, and goes on until the end. */
  start(): void
  close(): Promise<void>
}

/** Time before the first look of a server that starts, in milliseconds. */
const FIRST_LOOK = 1_000

/** The participants whose mirrored rules may be run, as the tags of copies name them; undefined where nothing is mirrored. */
export const ruleSuppliers = ({ mirror }: Pick<Config, 'mirror'>): Set<string> | undefined =>
  mirror &&
  new Set(mirror.allow.flatMap(({ participant, runRules }) => (runRules ? (participantCode(participant) ?? []) : [])))

/** The lists of gateways. */
export const listsOf = (gateways: readonly OpenGateway[]): MirrorGateway[] =>
  gateways.map(({ settings: { id, country, withFederation }, client }) => ({
    id,
    country,
    references: () => client.references({ withFederation }),
  }))

/** Mirroring that has not begun. */
export function createMirror(options: MirrorOptions): Mirror {
  const { config, storage, pending, tell, beside, after = afterTimeout } = options
  const { mirror, network: isOn } = config
  const { records } = storage
  const lease = leaseTaker({ records, job: 'mirror', holder: randomUUID(), elapsed: () => performance.now() })
  const closing = new AbortController()
  let underWay: Promise<unknown> = Promise.resolve()
  let cancel: (() => void) | undefined
  const look = async (isForced: boolean): Promise<MirrorReport | undefined> => {
    if (!mirror || !isOn || closing.signal.aborted) return undefined
    const held = await lease.take()
    if (!held) return undefined
    let done: string | undefined
    try {
      const isHeld = async () => !closing.signal.aborted && (await held.isHeld())
      const report = await runMirror({ ...partsOf(options, closing.signal), ...mirror, isHeld, isForced })
      done = 'lists'
      return report
    } finally {
      await held.release(done)
    }
  }
  const refresh = (isForced: boolean) => {
    const run = underWay.then(() => look(isForced))
    underWay = run.catch(() => undefined) // told to whoever asked
    return run
  }
  const refreshBeside = async (run: RunBeside, isForced: boolean) => {
    const status = await run(['mirror', 'refresh', '--by-server', ...(isForced ? [] : ['--due'])], closing.signal)
    if (status !== 0 && !closing.signal.aborted) tell(`mirror: the look at the lists ended with ${status}`)
  }
  const lookNow = (isForced: boolean): Promise<unknown> => {
    if (!beside || !mirror || !isOn) return refresh(isForced)
    const run = refreshBeside(beside, isForced)
    underWay = run.catch(() => undefined) // told to whoever waits for the look
    return run
  }
  const again = (milliseconds: number, isFirst: boolean) => {
    cancel = after(milliseconds, () => {
      // Content that is being loaded is what artefacts are judged by.
      const isLoading = pending.state().status === 'loading'
      const run = isLoading ? Promise.resolve() : lookNow(isFirst)
      run
        .catch((error: unknown) => tell(`mirror: ${errorText(error)}`))
        .finally(() => {
          if (!closing.signal.aborted)
            again((mirror?.refreshSeconds ?? 0) * (isLoading ? 10 : 1_000), isFirst && isLoading)
        })
    })
  }
  return {
    refresh,
    status: async () => ({
      lists: await knownLists(records),
      references: [...(await knownMirrors(records)).values()],
    }),
    start() {
      if (mirror && isOn && !cancel) again(FIRST_LOOK, true)
    },
    async close() {
      closing.abort()
      cancel?.()
      await underWay
    },
  }
}

function partsOf({ gateways, storage, publish, trust, network, now }: MirrorOptions, signal: AbortSignal) {
  return {
    gateways,
    records: storage.records,
    store: createMirrorStore({ storage, publish }),
    codes: { same: sameParticipant, code: participantCode },
    signersOf: (participant: string) => signersOf(trust, participant),
    openJws,
    now,
    request: (asked: Parameters<NetworkClient['request']>[0]) => network.request({ ...asked, signal }),
    readPackage: readForeignPackage,
  }
}

/** Who may sign for a participant, by the lists in use. */
export function signersOf(trust: Pick<Trust, 'keys'>, participant: string): Signers {
  const index = trust.keys()
  // Not those of a list that is too old; and an authority of passports vouches for nobody who publishes.
  const own = index
    .find({})
    .filter((key) => key.status === 'current' && sameParticipant(key.participant, participant))
    .filter(({ domain }) => domain !== PASSPORT_DOMAIN)
  const certificates = (usage: string) =>
    own.flatMap((key) => (key.usage === usage && key.certificate ? [key.certificate] : []))
  // One that is withdrawn is no upload certificate for that.
  const listed = [...index.keys, ...index.leftOut.map(({ key }) => key)]
  return {
    uploads: certificates('UP'),
    authorities: certificates('SCA'),
    documentSigners: new Set(
      listed.flatMap(({ usage, certificate }) => (usage === 'UP' || !certificate ? [] : [certificate.fingerprint256])),
    ),
    isWithdrawn: (certificate) => index.objectionTo?.(certificate) !== undefined,
  }
}
