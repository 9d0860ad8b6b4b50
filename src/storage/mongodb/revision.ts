/**
 * What is known of the newest revision: the database tells of each write by a change stream, after which it is asked; it is asked once a
 * second all the same, and twice while the stream is broken.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { MongoServerError, type ResumeToken } from 'mongodb'
import type { Reachability, Storage } from '../storage.ts'
import type { Connection } from './connect.ts'
import type { StateDocument } from './documents.ts'
import { unreachable } from './errors.ts'
import type { Reading } from './reading.ts'

/** The revision of a store, as this process knows it. */
export interface Revision extends Pick<Storage, 'revision' | 'subscribe' | 'catchUp'>, Reachability {
  /** Learns what was written, or read. Nothing ever goes back. */
  learn(state: Pick<StateDocument, 'n' | 'types'>): void
  /** Whether it has not answered for so long that nobody need wait for it. */
  isDown(): boolean
  /** Asks the store. @throws FhirError 503 */
  ask(): Promise<void>
  close(): Promise<void>
}

/** How often it is looked whether the store was silent, milliseconds. */
const lookMilliseconds = 500
/** After what time of silence it is asked while the stream goes. */
const silentMilliseconds = 900
/** How long an answer may take: less than a replica may be late. */
const slowestMilliseconds = 1500
/** How long a store that does not answer is waited for by who asks it: another member takes over meanwhile, most of the time. */
const patientMilliseconds = 4000
/** How long the database waits for a write before it says that there was none. */
const maxAwaitTimeMS = 1000

/**
 * @param maxStaleMilliseconds how old what is known may be
 * @param isOther whether it is known otherwise that the store was replaced by another one
 */
export function createRevision(
  connection: Connection,
  { note }: Reading,
  maxStaleMilliseconds: number,
  isOther: () => boolean,
): Revision {
  const listeners = new Set<() => void>()
  let n = 0
  const byType = new Map<string, number>()
  /** Another store has come in the place of the one that was opened: it stays so until this process ends. */
  let isReplaced = false
  const wasReplaced = () => (isReplaced ||= isOther())
  let heard = Number.NEGATIVE_INFINITY
  let down: { since: string; at: number } | undefined
  let asking: Promise<void> | undefined
  const closing = new AbortController()

  const learn: Revision['learn'] = ({ n: last, types }) => {
    for (const [type, number] of Object.entries(types)) byType.set(type, Math.max(number, byType.get(type) ?? 0))
    if (last <= n) return
    n = last
    for (const listener of [...listeners]) listener()
  }
  const askNow = async () => {
    const sent = performance.now()
    const known = n
    try {
      const state = await newestState(connection, note)
      // What was on most members before it was asked cannot be undone in the same store.
      if (state.n < known) isReplaced = true
      if (wasReplaced()) throw unreachable()
      learn(state)
      heard = sent
      down = undefined
    } catch {
      down ??= { since: new Date().toISOString(), at: performance.now() }
      throw unreachable()
    }
  }
  const ask = (): Promise<void> => {
    asking ??= askNow().finally(() => {
      asking = undefined
    })
    return asking
  }
  const stream = createStream(connection, () => askSoon(), closing.signal)
  let isWanted = false
  /** One that was asked before the write may not know of it: it is asked once more. */
  const askSoon = () => {
    if (isWanted) return
    isWanted = true
    const again = () => {
      isWanted = false
      if (!closing.signal.aborted) ask().catch(() => undefined)
    }
    if (asking) asking.then(again, again)
    else again()
  }
  const looking = setInterval(() => {
    const silent = performance.now() - heard
    if (silent > (stream.isOpen() ? silentMilliseconds : lookMilliseconds - 50)) ask().catch(() => undefined)
  }, lookMilliseconds).unref()

  return {
    learn,
    ask,
    revision: (types) => (types ? Math.max(0, ...types.map((type) => byType.get(type) ?? 0)) : n),
    subscribe(listener) {
      const own = () => listener()
      listeners.add(own)
      return () => listeners.delete(own)
    },
    catchUp({ asks } = { asks: false }) {
      // A question that is under way may have been answered before the write.
      if (asks) return asking ? asking.catch(() => undefined).then(ask) : ask()
      return !wasReplaced() && performance.now() - heard <= maxStaleMilliseconds ? undefined : ask()
    },
    isDown: () => wasReplaced() || (down !== undefined && performance.now() - down.at > patientMilliseconds),
    reachable: () => {
      if (wasReplaced()) down ??= { since: new Date().toISOString(), at: performance.now() }
      return reachability(down?.since, isReplaced)
    },
    async close() {
      closing.abort()
      clearInterval(looking)
      listeners.clear()
      await stream.closed
      await asking?.catch(() => undefined)
    },
  }
}

function reachability(since: string | undefined, isReplaced: boolean): ReturnType<Reachability['reachable']> {
  if (since === undefined) return { isReachable: true }
  const text = isReplaced
    ? 'The store was replaced by another one: this server must be started anew.'
    : 'The store does not answer.'
  return { isReachable: false, since, text }
}

/** The state as it stands on most members at the time of the question. */
async function newestState({ client, collections: { state } }: Connection, note: Reading['note']) {
  // Its own session: one that has seen something may not be asked so.
  const session = client.startSession({ causalConsistency: true })
  try {
    const readConcern = { level: 'linearizable' } as const
    const options = { session, readPreference: 'primary', readConcern, maxTimeMS: slowestMilliseconds } as const
    const found = await withinTime(state.findOne({ _id: 'store' }, options))
    if (!found) throw new Error('The store has lost its state.')
    note(session)
    return found
  } finally {
    session.endSession().catch(() => undefined)
  }
}

/** The answer, if it comes in time: a driver that looks for a server takes longer. */
async function withinTime<T>(answer: Promise<T>): Promise<T> {
  const late = new AbortController()
  const timeout = sleep(slowestMilliseconds, undefined, { signal: late.signal }).then(() => {
    throw unreachable()
  })
  timeout.catch(() => undefined)
  answer.catch(() => undefined)
  try {
    return await Promise.race([answer, timeout])
  } finally {
    late.abort()
  }
}

/** Tells of each change of the state until the signal; a stream that breaks is opened again where it broke. */
function createStream({ collections }: Connection, tell: () => void, signal: AbortSignal) {
  let isOpen = false
  const listen = async () => {
    let token: ResumeToken
    while (!signal.aborted) {
      const from = token === undefined ? {} : { resumeAfter: token }
      const stream = collections.state.watch([{ $match: { 'documentKey._id': 'store' } }], { maxAwaitTimeMS, ...from })
      const end = () => stream.close().catch(() => undefined)
      signal.addEventListener('abort', end, { once: true })
      try {
        while (!signal.aborted) {
          const asked = performance.now()
          const event = await stream.tryNext()
          token = stream.resumeToken
          // One that is at its end says so at once, each time.
          if (!event && performance.now() - asked < maxAwaitTimeMS / 10) await sleep(lookMilliseconds)
          // What was written while it was being opened is in no event.
          if (event || !isOpen) tell()
          isOpen = true
        }
      } catch (error) {
        // What is no more in the log cannot be resumed.
        if (error instanceof MongoServerError) token = undefined
      } finally {
        isOpen = false
        signal.removeEventListener('abort', end)
        await end()
      }
      await sleep(lookMilliseconds, undefined, { signal }).catch(() => undefined)
    }
  }
  return { isOpen: () => isOpen, closed: listen() }
}
