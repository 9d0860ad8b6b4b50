/** Sees to it, as long as the server runs, that gateways list what it publishes. Nothing waits for it. */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorText } from '../../base/system-error.ts'
import type { Storage } from '../../storage/storage.ts'
import { backoffMilliseconds } from '../backoff.ts'
import type { GatewayClient } from '../client.ts'
import { GatewayError } from '../gateway-error.ts'
import { contentText, type Wanted } from './decide.ts'
import { LEASE_MILLISECONDS, type LeaseTaker, leaseTaker } from './lease.ts'
import { isWithdrawn, keepGateway, knownGateway } from './records.ts'
import { type RunOutcome, runRegistration } from './run.ts'

/** Calls once, after so many milliseconds; what it returns calls it off. */
export type After = (milliseconds: number, run: () => void) => () => void

/** State of a gateway as it is told; `off` where the server does not use the network. */
export type GatewayState = 'off' | 'ok' | 'not-onboarded' | 'unreachable'

/** One gateway that is seen to. */
interface SeenGateway {
  client: GatewayClient
  /** Whether this server registers there; else it is only asked whether it answers. */
  registers: boolean
}

/** What the registrar is given. */
export interface RegistrarOptions {
  gateways: readonly SeenGateway[]
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
  after: After
  /** Told once of what came, changed or went. */
  tell(text: string): void
  /** This process, told from all others. */
  holder: string
}

/** Runs beside the server. */
export interface Registrar {
  /** Something was published: what is wanted may be another. */
  published(): void
  states(): { id: string; state: GatewayState }[]
  /** Ends it, and waits for a run under way. */
  close(): Promise<void>
}

/** Between two runs when all is in order. */
const INTERVAL = 900_000
/** After a publication, so that several make one run. */
const AFTER_PUBLICATION = 1_000
/** While another process works, or content is being loaded. */
const BUSY = 5_000
/** While the gateway refuses this server: between two looks into the store, which ask the gateway nothing. */
const STOPPED = 60_000
/** How long the command line waits for the lease of another process. */
const PATIENCE = LEASE_MILLISECONDS + 10_000

/** Starts. */
export function startRegistrar(options: RegistrarOptions): Registrar {
  const workers = options.gateways.map((gateway) => startWorker(gateway, options))
  return {
    published: () => {
      for (const worker of workers) worker.published()
    },
    states: () => workers.map((worker) => worker.state()),
    async close() {
      await Promise.all(workers.map((worker) => worker.close()))
    },
  }
}

interface Worker {
  published(): void
  state(): { id: string; state: GatewayState }
  close(): Promise<void>
}

function startWorker(gateway: SeenGateway, options: RegistrarOptions): Worker {
  const { client } = gateway
  const job = createJob(gateway, options)
  let failures = 0
  let isOver = false
  let isPublished = false
  let callOff: (() => void) | undefined
  let running: Promise<void> | undefined
  const schedule = (milliseconds: number) => {
    callOff?.()
    if (!isOver) callOff = options.after(milliseconds, begin)
  }
  const begin = () => {
    callOff = undefined
    running ??= once().finally(() => {
      running = undefined
    })
  }
  const once = async () => {
    const isOnlyPublished = isPublished
    isPublished = false
    const next = await job.run({ isOver: () => isOver, isOnlyPublished, failures })
    failures = next.failures
    schedule(isPublished && failures === 0 ? AFTER_PUBLICATION : next.wait)
  }
  schedule(0)
  return {
    published() {
      // A gateway that does not answer, or refuses this server, is not asked more often because something is published.
      if (isOver || failures > 0) return
      isPublished = true
      if (!running) schedule(AFTER_PUBLICATION)
    },
    state: () => ({ id: client.id, state: job.state() }),
    async close() {
      isOver = true
      callOff?.()
      await running
    },
  }
}

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
function createJob(gateway: SeenGateway, options: RegistrarOptions) {
  const { records, now, random, tell } = options
  const { client, registers } = gateway
  const lease = leaseTaker({ records, job: client.id, holder: options.holder, elapsed: options.elapsed })
  let state: GatewayState = 'unreachable'
  let told: string | undefined
  let done: string | undefined
  let doneAt = 0
  let isFirst = true
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
    const base = options.base()
    const outcome = await leasedRun(lease, news, (isHeld) =>
      runRegistration({ client, records, base, wanted, now, isHeld: async () => !isOver() && (await isHeld()) }),
    )
    if (outcome === undefined) return { wait: BUSY, failures }
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
    const lastContact = outcome.hasAnswered
      ? now().toISOString()
      : (await knownGateway(records, client.id))?.lastContact
    const kept = {
      state: outcome.state,
      lastContact,
      lastError: outcome.error,
      failures: outcome.isDone ? 0 : failures + 1,
    }
    await keepGateway(records, client.id, kept)
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
  options: Pick<RegistrarOptions, 'records' | 'base' | 'now' | 'elapsed' | 'holder'>,
  client: GatewayClient,
  wanted: readonly Wanted[],
): Promise<RunOutcome> {
  const { records, elapsed, holder, now } = options
  const taker = leaseTaker({ records, job: client.id, holder, elapsed })
  for (const from = elapsed(); elapsed() - from < PATIENCE; await sleep(1_000)) {
    const outcome = await leasedRun(taker, digestOf(wanted), (isHeld) =>
      runRegistration({ client, records, base: options.base(), wanted, now, isHeld }),
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
