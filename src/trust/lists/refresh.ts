import { type After, afterTimeout } from '../../base/after.ts'
import type { Trust, TrustListStatus } from '../trust.ts'
import { isRemote, type TrustSource } from './trust-source.ts'

/** What a repeated reading is given. */
export interface RefreshOptions {
  after?: After | undefined
  /** How often remote sources are read that do not say so themselves, in seconds; default an hour. */
  remoteSeconds?: number
  /** Another process of this server asks: remote sources and their copies are left to it. */
  follows?: boolean | undefined
  /** From 0 to 1, so that servers that were started together do not ask together. */
  random?(): number
  /** Told of each source whose failure came, changed or went. */
  changed(status: TrustListStatus): void
  /** Told of a reading that ended by a fault of the program; the keys stay as they were. */
  failed(error: unknown): void
}

/** Longest time of a timer in Node: beyond it, it would fire at once. */
const LONGEST_MILLISECONDS = 2 ** 31 - 1
const SHORTEST_MILLISECONDS = 1000
const HOUR_SECONDS = 3600
/** First wait after a failure; it doubles with each further one, up to an hour. */
const FIRST_RETRY_SECONDS = 60
/** Share of a wait by which it is longer or shorter. */
const JITTER = 0.1
/** How often the folder of copies is looked at for what other processes wrote. */
const LOOK_SECONDS = 5

/**
 * Reads each source again that has `refreshSeconds` or is remote, so long after its last reading ended: never twice at a time. Remote
 * ones are first read at once, later ten per cent sooner or later than said, and after a failure with growing waits. Between a second
 * and 24 days. What other processes write into the folder of copies is taken over within seconds. The function that is returned ends it
 * and waits for a reading under way.
 */
export function refreshTrust(
  trust: Trust,
  sources: readonly TrustSource[],
  options: RefreshOptions,
): () => Promise<void> {
  const { after = afterTimeout } = options
  const pending = new Map<string, () => void>()
  const running = new Set<Promise<void>>()
  const told = newsTeller(trust, options)
  let isOver = false
  /** Runs again and again, each time so long after the last as it says. */
  const repeat = (name: string, milliseconds: number, read: () => Promise<number>) => {
    if (isOver) return
    const run = () => {
      const reading = read().then((next) => {
        running.delete(reading)
        repeat(name, next, read)
      })
      running.add(reading)
    }
    pending.set(name, after(milliseconds, run))
  }
  for (const source of sources) {
    const wait = options.follows && isRemote(source) ? undefined : waits(source, options)
    if (wait) repeat(`source ${source.name}`, wait(undefined), async () => wait(await readAgain(trust, source, told)))
  }
  if (sources.some(isRemote) && !options.follows)
    repeat('copies', LOOK_SECONDS * 1000, async () => {
      await told(() => trust.adopt())
      return LOOK_SECONDS * 1000
    })
  return async () => {
    isOver = true
    for (const callOff of pending.values()) callOff()
    await Promise.all(running)
  }
}

/** How long to wait before the first reading (undefined), and after one that was good or failed; undefined for a source that is read once. */
function waits(source: TrustSource, { remoteSeconds = HOUR_SECONDS, random = Math.random }: RefreshOptions) {
  const remote = isRemote(source)
  const seconds = source.refreshSeconds ?? (remote ? remoteSeconds : undefined)
  if (seconds === undefined) return undefined
  let failures = 0
  return (isGood: boolean | undefined): number => {
    if (isGood === undefined && remote) return 0
    failures = isGood === false ? failures + 1 : 0
    if (!remote) return bounded(seconds)
    const retry = Math.min(Math.min(FIRST_RETRY_SECONDS, seconds) * 2 ** (failures - 1), HOUR_SECONDS)
    return bounded((failures > 0 ? retry : seconds) * (1 + JITTER * (2 * random() - 1)))
  }
}

const bounded = (seconds: number): number =>
  Math.min(Math.max(Math.round(seconds * 1000), SHORTEST_MILLISECONDS), LONGEST_MILLISECONDS)

/** Whether the last reading was good. A list that waits to be accepted was read. */
async function readAgain(trust: Trust, { name }: TrustSource, told: ReturnType<typeof newsTeller>): Promise<boolean> {
  const isDone = await told(() => trust.reload([name]))
  const state = trust.sources().find(({ source }) => source.name === name)
  return isDone && (state?.failure === undefined || state.waiting !== undefined) && state?.copyFault === undefined
}

/**
 * What does something and tells of every source whose failure came, changed or went since the last telling: readings of several sources
 * overlap, and each piece of news is told once. Whether no fault of the program came in between.
 */
function newsTeller(
  trust: Trust,
  { changed, failed }: RefreshOptions,
): (act: () => Promise<unknown>) => Promise<boolean> {
  const failures = () => new Map(trust.sources().map(({ source, failure }) => [source.name, failure]))
  let last = failures()
  return async (act) => {
    let isDone = true
    try {
      await act()
    } catch (error) {
      failed(error)
      isDone = false
    }
    const [before, now] = [last, failures()]
    last = now
    const news = [...now].filter(([name, failure]) => failure !== before.get(name)).map(([name]) => name)
    if (news.length > 0) for (const each of trust.status()) if (news.includes(each.name)) changed(each)
    return isDone
  }
}
