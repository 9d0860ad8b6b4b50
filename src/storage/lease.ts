/**
 * One runner among all processes that share a store. No clock of a wall is asked: a holder counts up, and one whose count stands still for
 * {@link LEASE_MILLISECONDS} of the observer's own stopwatch is gone. So a clock that jumps, or is an hour off that of another machine,
 * neither ends a lease nor keeps a dead one.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Storage } from './storage.ts'

/** How long a count stands still before somebody else takes over. */
export const LEASE_MILLISECONDS = 30_000
/** A holder counts so many times in the time after which others take over. */
const BEATS = 6

/** What is kept: who works, how often he has counted, and how many runs there have been. */
interface LeaseRecord {
  holder: string
  beat: number
  /** How often it was taken, by whomever: what is taken anew never looks like what was seen before. */
  takes: number
  /** Runs that were brought to an end, by whomever. */
  runs: number
  /** What the last of them saw to; others need not do it again. */
  done: string
}

/** A lease in hand. */
interface Lease {
  /** Whether it still is; asked before every request that changes something. */
  isHeld(): Promise<boolean>
  /** Gives it back. `done` names what was seen to; undefined when it was not brought to an end. */
  release(done: string | undefined): Promise<void>
}

/** Takes the lease of one job, again and again. */
export interface LeaseTaker {
  /** The lease, or undefined while another holds it. */
  take(): Promise<Lease | undefined>
  /** Whether another process has brought the same to its end since this one last looked. */
  isDoneByOthers(done: string): Promise<boolean>
}

/** What a taker needs. */
export interface LeaseOptions {
  records: Storage['records']
  /** Kind of its record; those of gateways and of the mirror are the default. */
  kind?: string
  /** What is done alone, e.g. the id of a gateway. */
  job: string
  /** This process, told from all others. */
  holder: string
  /** Milliseconds of a stopwatch that no clock moves. */
  elapsed(): number
  /** How long a count stands still before somebody else takes over; {@link LEASE_MILLISECONDS}. All takers of a job have the same. */
  milliseconds?: number
}

/** Kind of the records of jobs that are no gateway's. */
const JOBS = 'lease'

/** A taker of one job's lease; it remembers what it has seen of others. */
export function leaseTaker(options: LeaseOptions): LeaseTaker {
  const { records, kind = 'gateway-lease', job, holder, elapsed, milliseconds = LEASE_MILLISECONDS } = options
  let seen: { text: string; at: number } | undefined
  let runsSeen: number | undefined
  const isGone = (text: string) => {
    if (seen?.text !== text) seen = { text, at: elapsed() }
    return elapsed() - seen.at >= milliseconds
  }
  return {
    async take() {
      const text = await records.get(kind, job)
      const record = readLease(text)
      const isFree = text === undefined || record === undefined || record.holder === '' || isGone(text)
      if (!isFree) return undefined
      const { runs = 0, done = '', takes = 0 } = record ?? {}
      const own: LeaseRecord = { holder, beat: 0, takes: takes + 1, runs, done }
      if (!(await records.replace(kind, job, text, JSON.stringify(own)))) return undefined
      seen = undefined
      runsSeen = own.runs
      const replace = (from: string, to: string) => records.replace(kind, job, from, to)
      return heldLease({ replace, milliseconds }, own, (runs) => {
        runsSeen = runs
      })
    },
    async isDoneByOthers(done) {
      const record = readLease(await records.get(kind, job))
      const isNews = runsSeen !== undefined && record !== undefined && record.runs !== runsSeen
      if (!isNews) return false
      runsSeen = record.runs
      return record.done === done
    },
  }
}

function heldLease(
  { replace, milliseconds }: { replace(from: string, to: string): Promise<boolean>; milliseconds: number },
  first: LeaseRecord,
  released: (runs: number) => void,
): Lease {
  let current = first
  let isLost = false
  let last: Promise<unknown> = Promise.resolve()
  const change = (next: (current: LeaseRecord) => LeaseRecord) => {
    const changed = last.then(async () => {
      if (isLost) return
      const to = next(current)
      // Whoever has taken it over wrote something else.
      if (await replace(JSON.stringify(current), JSON.stringify(to))) current = to
      else {
        isLost = true
        clearInterval(beating)
      }
    })
    last = changed.catch(() => undefined) // told to whoever asked for it
    return changed
  }
  const beat = () => change((record) => ({ ...record, beat: record.beat + 1 }))
  // A beat that fails is found by the next question whether the lease is held.
  const beating = setInterval(() => void beat().catch(() => undefined), milliseconds / BEATS).unref()
  return {
    async isHeld() {
      await beat()
      return !isLost
    },
    async release(done) {
      clearInterval(beating)
      const runs = current.runs + (done === undefined ? 0 : 1)
      await change((record) => ({ ...record, holder: '', beat: 0, runs, done: done ?? record.done }))
      if (done !== undefined && !isLost) released(runs)
    },
  }
}

function readLease(text: string | undefined): LeaseRecord | undefined {
  if (text === undefined) return undefined
  try {
    const { holder, beat, runs, done, takes = 0 } = JSON.parse(text)
    if (typeof holder !== 'string' || typeof done !== 'string') return undefined
    const areCounts = [beat, runs, takes].every((each) => Number.isSafeInteger(each))
    return areCounts ? { holder, beat, takes, runs, done } : undefined
  } catch {
    return undefined // written by nobody of this software: it holds nothing
  }
}

/** Between two looks of who waits for his turn. */
const LOOK_MILLISECONDS = 1_000

/**
 * Of work that may be done twice without harm, and that somebody waits for: who is gone is followed soon.
 */
const TURN_MILLISECONDS = 10_000

/** For so long a lease that was held is taken to be held: a fraction of the time after which others take it. */
const SURE_MILLISECONDS = TURN_MILLISECONDS / BEATS

/** Work of which one process at a time does its turn. */
export interface TurnOptions {
  records: Storage['records']
  /** What is done alone. */
  job: string
  /** Told once when another process is at it, and this one waits. */
  waits?(): void
  /** Ends the waiting. */
  signal?: AbortSignal | undefined
  /** A stopwatch in milliseconds; the process's. */
  elapsed?(): number
}

/**
 * Does work when no other process over the same store is at it. Whoever comes second waits, and finds done what the first has done.
 * @param work is told by `isHeld` whether it may go on: after a stop of the whole machine another process may have taken over
 * @throws the reason of the signal when it comes while this process waits; what the work throws
 */
export async function takeTurn<T>(
  options: TurnOptions,
  work: (isHeld: () => Promise<boolean>) => Promise<T>,
): Promise<T> {
  const { records, job, waits, signal, elapsed = () => performance.now() } = options
  const own = { records, kind: JOBS, job, holder: randomUUID(), elapsed }
  const taker = leaseTaker({ ...own, milliseconds: TURN_MILLISECONDS })
  for (let isTold = false; ; isTold = true) {
    signal?.throwIfAborted()
    const held = await taker.take()
    if (held) {
      let isDone = false
      try {
        const result = await work(throttled(held, elapsed))
        isDone = true
        return result
      } finally {
        await held.release(isDone ? job : undefined)
      }
    }
    if (!isTold) waits?.()
    await sleep(LOOK_MILLISECONDS, undefined, signal ? { signal } : {})
  }
}

/** Does work, now and again, when no other process is at it: what it makes answers undefined, and does nothing, when one is. */
export function onlyAlone({
  records,
  job,
  elapsed = () => performance.now(),
}: Pick<TurnOptions, 'records' | 'job' | 'elapsed'>) {
  const taker = leaseTaker({ records, kind: JOBS, job, holder: randomUUID(), elapsed })
  return async <T>(work: (isHeld: () => Promise<boolean>) => Promise<T>): Promise<T | undefined> => {
    const held = await taker.take()
    if (!held) return undefined
    try {
      return await work(throttled(held, elapsed))
    } finally {
      await held.release(undefined)
    }
  }
}

/** Asking whether a lease is held writes to the store: what was sure a moment ago is not asked again. */
function throttled(held: Lease, elapsed: () => number): () => Promise<boolean> {
  let sureUntil = elapsed() + SURE_MILLISECONDS
  let isLost = false
  return async () => {
    if (isLost || elapsed() < sureUntil) return !isLost
    isLost = !(await held.isHeld())
    sureUntil = elapsed() + SURE_MILLISECONDS
    return !isLost
  }
}

/** A lease that is kept for as long as its process wants it. */
export interface KeptLease {
  /** Whether this process has it now, or gets it now. */
  isHeld(): Promise<boolean>
  /** Gives it back. */
  close(): Promise<void>
}

/** A lease of something that one process does all the time; another one takes over when that is gone. */
export function keptLease({
  records,
  job,
  elapsed = () => performance.now(),
}: Pick<TurnOptions, 'records' | 'job' | 'elapsed'>): KeptLease {
  const taker = leaseTaker({ records, kind: JOBS, job, holder: randomUUID(), elapsed })
  let kept: { lease: Lease; isHeld: () => Promise<boolean> } | undefined
  return {
    async isHeld() {
      if (kept && (await kept.isHeld())) return true
      const lease = await taker.take()
      kept = lease && { lease, isHeld: throttled(lease, elapsed) }
      return kept !== undefined
    },
    async close() {
      await kept?.lease.release(undefined)
      kept = undefined
    },
  }
}
