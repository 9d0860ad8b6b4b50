/** What is done at one gateway each time that the registrar looks after it. */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorText } from '../../base/system-error.ts'
import { LEASE_MILLISECONDS, type LeaseTaker, leaseTaker } from '../../storage/lease.ts'
import type { Storage } from '../../storage/storage.ts'
import { backoffMilliseconds } from '../backoff.ts'
import type { GatewayClient } from '../client.ts'
import { GatewayError } from '../gateway-error.ts'
import { contentText, type Wanted } from './decide.ts'
import { isWithdrawn, knownGateway } from './records.ts'
import { keepOutcome, type RunOutcome, runRegistration } from './run.ts'

/** State of a gateway as it is told; `off` where the server does not use the network. */
export type GatewayState = 'off' | 'ok' | 'not-onboarded' | 'unreachable'

/** One gateway that is seen to. */
export interface SeenGateway {
  client: GatewayClient
  /** Whether this server registers there; else it is only asked whether it answers. */
  registers: boolean
}

/** What a job is given. */
export interface JobOptions {
  records: Storage['records']
  /** Public address of this server. */
  base(): string
  /**
   * What is wanted at a gateway of a participant; undefined while that cannot be told yet, as while content is being loaded: nothing is
   * asked then, and nothing withdrawn. @throws Error that says what is missing
   */
  wanted(country: string): Promise<Wanted[] | undefined>
  now(): Date
  /** A stopwatch in milliseconds. */
  elapsed(): number
  /** 0 to 1. */
  random(): number
  /** Told once of what came, changed or went. */
  tell(text: string): void
  /** This process, told from all others. */
  holder: string
}

/** Between two runs when all is in order. */
const INTERVAL = 900_000
/** After a publication, so that several make one run. */
export const AFTER_PUBLICATION = 1_000
/** While another process works, or content is being loaded. */
const BUSY = 5_000
/** While the gateway refuses this server: between two looks into the store, which ask the gateway nothing. */
const STOPPED = 60_000
/** How long the command line waits for the lease of another process. */
const PATIENCE = LEASE_MILLISECONDS + 10_000

interface Asked {
  isOver(): boolean
  /** Nothing but a publication is the reason: without news nothing is asked. */
  isOnlyPublished: boolean
  failures: number
}

interface Answered {
  wait: number
  failures: number
}

/** What is done each time. */
export function createJob(gateway: SeenGateway, options: JobOptions) {
  const { records, now, random, tell } = options
  const { client, registers } = gateway
  const lease = leaseTaker({ records, job: client.id, holder: options.holder, elapsed: options.elapsed })
  let state: GatewayState = 'unreachable'
  let told: string | undefined
  let done: string | undefined
  let doneAt = 0
  let isFirst = true
  let hasRun = false
  // The gateway refuses this server: only somebody's success, seen in the store, begins it anew.
  let isStopped = false
  const report = (text: string | undefined) => {
    if (text !== told) tell(`gateway ${client.id}: ${text ?? 'all is in order again'}`)
    told = text
  }
  const failed = (text: string, failures: number): Answered => {
    report(text)
    return { wait: backoffMilliseconds(failures + 1, random()), failures: failures + 1 }
  }
  const work = async ({ isOver, isOnlyPublished, failures }: Asked): Promise<Answered> => {
    if (isFirst) state = (await knownGateway(records, client.id))?.state ?? state
    isFirst = false
    if (isStopped && !registers) return { wait: STOPPED, failures }
    if (!registers) return await probe(failures, isOver)
    const wanted = (await isWithdrawn(records)) ? [] : await options.wanted(client.country)
    if (wanted === undefined) return { wait: BUSY, failures }
    const news = digestOf(wanted)
    if (isOnlyPublished && news === done)
      return { wait: Math.max(INTERVAL - (options.elapsed() - doneAt), AFTER_PUBLICATION), failures }
    if ((failures === 0 || isStopped) && (await lease.isDoneByOthers(news))) {
      isStopped = false
      done = news
      doneAt = options.elapsed()
      state = (await knownGateway(records, client.id))?.state ?? state
      return { wait: INTERVAL, failures: 0 }
    }
    if (isStopped) return { wait: STOPPED, failures }
    const how = { client, records, base: options.base(), wanted, now, sendsRefused: !hasRun }
    const outcome = await leasedRun(lease, news, (isHeld) =>
      runRegistration({ ...how, isHeld: async () => !isOver() && (await isHeld()) }),
    )
    if (outcome === undefined) return { wait: BUSY, failures }
    if (outcome.state === 'ok') hasRun = true
    return conclude(outcome, news, failures)
  }
  const conclude = (outcome: RunOutcome, news: string, failures: number): Answered => {
    state = outcome.state
    done = outcome.isDone ? news : undefined
    doneAt = options.elapsed()
    if (outcome.isDone) report(undefined)
    if (outcome.isDone) return { wait: INTERVAL, failures: 0 }
    if (outcome.state !== 'not-onboarded') return failed(outcome.error ?? 'not everything is registered', failures)
    isStopped = true
    report(`${outcome.error}; nothing is asked any more until the server starts again or \`vidimus register\` is run`)
    return { wait: STOPPED, failures: failures + 1 }
  }
  const probe = async (failures: number, isOver: () => boolean): Promise<Answered> => {
    const outcome = await probed(client)
    if (isOver()) return { wait: STOPPED, failures }
    await keepOutcome(records, client.id, outcome, now())
    return conclude(outcome, '', failures)
  }
  return {
    state: () => state,
    run: async (asked: Asked): Promise<Answered> => {
      try {
        return await work(asked)
      } catch (error) {
        // Of the store, or what is wanted cannot be told: it is said, and tried again.
        return failed(errorText(error), asked.failures)
      }
    },
  }
}

/** One run by hand, as soon as no other process works. @throws Error when one works for too long */
export async function registerOnce(
  options: Pick<JobOptions, 'records' | 'base' | 'now' | 'elapsed' | 'holder'>,
  client: GatewayClient,
  wanted: readonly Wanted[],
): Promise<RunOutcome> {
  const { records, elapsed, holder, now } = options
  const taker = leaseTaker({ records, job: client.id, holder, elapsed })
  for (const from = elapsed(); elapsed() - from < PATIENCE; await sleep(1_000)) {
    const outcome = await leasedRun(taker, digestOf(wanted), (isHeld) =>
      runRegistration({ client, records, base: options.base(), wanted, now, isHeld, sendsRefused: true }),
    )
    if (outcome) return outcome
  }
  throw Object.assign(new Error(`gateway ${client.id}: another process registers there`), { code: 'BUSY' })
}

async function leasedRun(
  taker: LeaseTaker,
  done: string,
  run: (isHeld: () => Promise<boolean>) => Promise<RunOutcome>,
): Promise<RunOutcome | undefined> {
  const held = await taker.take()
  if (!held) return undefined
  let outcome: RunOutcome | undefined
  try {
    outcome = await run(held.isHeld)
    return outcome
  } finally {
    await held.release(outcome?.isDone ? done : undefined)
  }
}

/** The cheapest question, of a gateway at which nothing is registered. */
async function probed(client: GatewayClient): Promise<RunOutcome> {
  try {
    await client.countries()
    return { state: 'ok', isDone: true, hasAnswered: true, actions: [] }
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    const state = error.state === 'not-onboarded' ? 'not-onboarded' : 'unreachable'
    return { state, isDone: false, hasAnswered: error.status !== undefined, error: error.message, actions: [] }
  }
}

/** What is wanted, as one text that is the same as long as it is. */
function digestOf(wanted: readonly Wanted[]): string {
  const hash = createHash('sha256')
  for (const { key, content } of wanted) hash.update(`${key}\n${contentText(content)}\n`)
  return hash.digest('base64url')
}
