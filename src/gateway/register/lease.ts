/**
 * One runner among all processes that share a store. No clock of a wall is asked: a holder counts up, and one whose count stands still for
 * {@link LEASE_MILLISECONDS} of the observer's own stopwatch is gone. So a clock that jumps neither ends a lease nor keeps a dead one.
 */
import type { Storage } from '../../storage/storage.ts'

/** How long a count stands still before somebody else takes over. */
export const LEASE_MILLISECONDS = 30_000
const BEAT_MILLISECONDS = 5_000

/** What is kept: who works, how often he has counted, and how many runs there have been. */
interface LeaseRecord {
  holder: string
  beat: number
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
  /** What is done alone, e.g. the id of a gateway. */
  job: string
  /** This process, told from all others. */
  holder: string
  /** Milliseconds of a stopwatch that no clock moves. */
  elapsed(): number
}

const KIND = 'gateway-lease'

/** A taker of one job's lease; it remembers what it has seen of others. */
export function leaseTaker({ records, job, holder, elapsed }: LeaseOptions): LeaseTaker {
  let seen: { text: string; at: number } | undefined
  let runsSeen: number | undefined
  const isGone = (text: string) => {
    if (seen?.text !== text) seen = { text, at: elapsed() }
    return elapsed() - seen.at >= LEASE_MILLISECONDS
  }
  return {
    async take() {
      const text = await records.get(KIND, job)
      const record = readLease(text)
      const isFree = text === undefined || record === undefined || record.holder === '' || isGone(text)
      if (!isFree) return undefined
      const own: LeaseRecord = { holder, beat: 0, runs: record?.runs ?? 0, done: record?.done ?? '' }
      if (!(await records.replace(KIND, job, text, JSON.stringify(own)))) return undefined
      seen = undefined
      runsSeen = own.runs
      return heldLease(records, job, own, (runs) => {
        runsSeen = runs
      })
    },
    async isDoneByOthers(done) {
      const record = readLease(await records.get(KIND, job))
      const isNews = runsSeen !== undefined && record !== undefined && record.runs !== runsSeen
      if (!isNews) return false
      runsSeen = record.runs
      return record.done === done
    },
  }
}

function heldLease(
  records: Storage['records'],
  job: string,
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
      if (await records.replace(KIND, job, JSON.stringify(current), JSON.stringify(to))) current = to
      else isLost = true
    })
    last = changed.catch(() => undefined) // told to whoever asked for it
    return changed
  }
  const beat = () => change((record) => ({ ...record, beat: record.beat + 1 }))
  // A beat that fails is found by the next question whether the lease is held.
  const beating = setInterval(() => void beat().catch(() => undefined), BEAT_MILLISECONDS).unref()
  return {
    async isHeld() {
      await beat()
      return !isLost
    },
    async release(done) {
      clearInterval(beating)
      const runs = current.runs + (done === undefined ? 0 : 1)
      await change((record) => ({ holder: '', beat: 0, runs, done: done ?? record.done }))
      if (done !== undefined && !isLost) released(runs)
    },
  }
}

function readLease(text: string | undefined): LeaseRecord | undefined {
  if (text === undefined) return undefined
  try {
    const { holder, beat, runs, done } = JSON.parse(text)
    if (typeof holder !== 'string' || typeof done !== 'string') return undefined
    return Number.isSafeInteger(beat) && Number.isSafeInteger(runs) ? { holder, beat, runs, done } : undefined
  } catch {
    return undefined // written by nobody of this software: it holds nothing
  }
}
