/** A store that lies elsewhere: whether it answers, as `/ready`, `/health` and the start of a server tell it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../config.ts'
import { FhirError, issue, operationOutcome } from '../../fhir/error.ts'
import { listen } from '../../http/app.ts'
import type { ReadinessPart } from '../../http/context.ts'
import type { Handler } from '../../http/limits/connections.ts'
import type { RunningServer } from '../../http/wire/running-server.ts'
import { isElsewhere, tryStorage } from '../../storage/open.ts'
import type { Reachability } from '../../storage/storage.ts'
import { listeners } from './listeners.ts'
import type { Tell } from './log.ts'

/** How the store stands, as it is told. */
export interface StoreStanding {
  state: 'reachable' | 'not reachable'
  /** FHIR instant. */
  since?: string
}

/** How a store stands; undefined for one that is a file of this machine. */
export function storeStanding(
  { storageUrl }: Pick<Config, 'storageUrl'>,
  storage: Reachability | undefined,
): StoreStanding | undefined {
  if (!storage || !isElsewhere(storageUrl)) return undefined
  const { isReachable, since } = storage.reachable()
  return isReachable ? { state: 'reachable' } : { state: 'not reachable', ...(since === undefined ? {} : { since }) }
}

/** The same as a part of what answers depend on. */
export function storePart(standing: StoreStanding | undefined): ReadinessPart[] {
  if (!standing) return []
  const { state, since } = standing
  const detail = since === undefined ? {} : { detail: `since ${since}` }
  return [{ name: 'store', ready: state === 'reachable', state, ...detail }]
}

/** Pauses between two looks at a store that is not there yet, seconds; the last one counts for all further ones. */
const pauses = [1, 2, 5, 10, 20]

/** What the waiting is given. */
interface Waiting {
  tell: Tell
  now(): Date
  /** Asks the store of a URL; by default {@link tryStorage}. */
  ask?: (url: string) => Promise<void>
  /** Waits that many seconds; the process's clock. */
  pause?: (seconds: number) => Promise<unknown>
  /** Comes when nobody waits any more. */
  signal?: AbortSignal
  /** Told where it listens meanwhile. */
  listening?: (running: Pick<RunningServer, 'port' | 'tlsPort'>) => void
}

/**
 * Waits until a store that lies elsewhere answers, and says so meanwhile at the address of the server: every request is answered 503, and
 * `/health` names the part that is missing. A store of this machine is there, or cannot be used. Resolves also when its signal comes.
 * @throws Error when the store answers and cannot be used, or a setting is wrong: that does not pass by itself
 */
export async function untilStoreAnswers(config: Config, waiting: Waiting): Promise<void> {
  if (!isElsewhere(config.storageUrl)) return
  const ask = waiting.ask ?? tryStorage
  const { signal } = waiting
  const pause = waiting.pause ?? ((seconds) => pauseUntil(seconds, signal))
  let running: RunningServer | undefined
  try {
    for (let tries = 0; !signal?.aborted; tries++) {
      const failure = await tryStore(config.storageUrl, ask)
      if (failure === undefined || signal?.aborted) return
      const seconds = pauses[Math.min(tries, pauses.length - 1)] ?? 0
      waiting.tell(`${failure} Trying again in ${seconds} s; until then every request is answered 503.`, 'error')
      running ??= await listen(unavailable, listeners(config, waiting))
      if (tries === 0) waiting.listening?.(running)
      await pause(seconds)
    }
  } finally {
    await running?.close(0)
  }
}

/** Waits that long, or until the signal comes. */
async function pauseUntil(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(seconds * 1000, undefined, { signal })
  } catch (error) {
    if (!signal?.aborted) throw error
  }
}

/** Why the store does not answer. @throws Error when it is another reason than that */
async function tryStore(url: string, ask: NonNullable<Waiting['ask']>): Promise<string | undefined> {
  try {
    await ask(url)
    return undefined
  } catch (error) {
    if (!isAway(error)) throw error
    return error.message
  }
}

/** Whether an error of a store may pass by itself. */
function isAway(error: unknown): error is Error {
  if (error instanceof FhirError) return error.status === 503
  return error instanceof Error && 'code' in error && error.code === 'STORE_NOT_REACHABLE'
}

const retrySeconds = 5

const unavailable: Handler = (request, response) => {
  const path = (request.url ?? '').split('?')[0]
  const part: ReadinessPart = { name: 'store', ready: false, state: 'not reachable' }
  const isProbe = path === '/health' || path === '/ready'
  const outcome = () => operationOutcome([issue('transient', 'The store does not answer yet; try again.')])
  const body = JSON.stringify(isProbe ? { status: 'starting', missing: ['store'], parts: [part] } : outcome())
  response.writeHead(503, {
    'Content-Type': isProbe ? 'application/json; charset=utf-8' : 'application/fhir+json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'Retry-After': String(retrySeconds),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}
