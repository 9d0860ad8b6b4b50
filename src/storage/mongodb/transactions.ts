/**
 * Transactions of one process, one after another: each in the same session, begun anew when another process came in between, and
 * never carried out twice when nobody knows whether it was committed.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClientSession, type MongoClient, MongoError } from 'mongodb'
import { newToken } from './documents.ts'
import { busy, isConflict, isTransient, isUnknown, storageError, unconfirmed } from './errors.ts'
import type { Writers } from './writers.ts'

/** What a transaction has done when it is ready to be committed. */
export interface Done<Result> {
  result: Result
  /** Whether there is anything to commit. */
  isEmpty: boolean
  /** Of an empty one: what it has begun is undone. */
  isUndone?: boolean
  /** Looks, in a later transaction, whether this one was committed after all; what has none is not begun anew when nobody knows. */
  wasCommitted?(session: ClientSession): Promise<boolean>
}

/** One try to carry out a transaction. */
export interface Attempt {
  session: ClientSession
  /** The same for all tries of one transaction: by it what was committed is known again. */
  token: string
  /** How many tries there were before. */
  before: number
}

/** Carries out transactions. */
export interface Transactions {
  /**
   * @param work is begun anew with each try: it does everything in the session that it is given
   * @throws FhirError 503 when others write all the time, or nobody knows what became of it; what work throws otherwise
   */
  run<Result>(work: (attempt: Attempt) => Promise<Done<Result>>): Promise<Result>
  /** Ends their session: one that is under way is broken off. */
  close(): Promise<void>
}

/** Longest pause between two tries, milliseconds. */
const longestPause = 250
/** How long the commit may take on the server, milliseconds. */
const slowestCommit = 15_000
/** A transaction that took longer than this is not tried again: the server ends those of a minute. */
const longestTry = 50_000

/**
 * @param patience how long one is tried, milliseconds
 * @param note is told of what was written: who reads afterwards sees it
 */
export function createTransactions(
  client: MongoClient,
  writers: Writers,
  patience: number,
  note: (session: ClientSession) => void,
): Transactions {
  let last: Promise<unknown> = Promise.resolve()
  let session: ClientSession | undefined
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work)
    last = turn.catch(() => undefined)
    return turn
  }
  /** What a broken session has open is ended by whoever it stands in the way of: this process says no more that it is alive. */
  const breakOff = async (broken: ClientSession) => {
    // One whose commit was not confirmed goes on: the next transaction of a session ends what is left of the one before.
    if (!broken.inTransaction()) return
    try {
      await broken.abortTransaction()
    } catch {
      session = undefined
      writers.leave()
    }
  }
  /** Only helps: what it fails by shows in the next try, which is told in words of the interface. */
  const endDead = async () => {
    try {
      await writers.endDead()
    } catch (error) {
      if (!(error instanceof MongoError)) throw error
    }
  }
  return {
    run: (work) => {
      const until = performance.now() + patience
      return waited(patience, (begin) =>
        inTurn(async () => {
          begin()
          const tries = createTries(work, until)
          for (;;) {
            session ??= client.startSession({ causalConsistency: true })
            const used = session
            const outcome = await tries.next(used, writers)
            if ('result' in outcome) {
              note(used)
              return outcome.result
            }
            await breakOff(used)
            if (outcome.isOver) throw outcome.error
            if (outcome.isConflict) await endDead()
            await sleep(Math.random() * Math.min(longestPause, 10 * 2 ** tries.count()))
          }
        }),
      )
    },
    close: async () => {
      await session?.endSession().catch(() => undefined)
    },
  }
}

/** Work that waits for its turn, no longer than that; once it has begun it is not left. @throws FhirError 503 when it has not begun by then */
function waited<T>(milliseconds: number, start: (begin: () => void) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let isLate = false
    const giveUp = () => {
      isLate = true
      reject(busy())
    }
    const timer = setTimeout(giveUp, milliseconds)
    const begin = () => {
      if (isLate) throw busy()
      clearTimeout(timer)
    }
    start(begin).then(resolve, reject)
  })
}

type Outcome<Result> = { result: Result } | { error: unknown; isOver: boolean; isConflict: boolean }

function createTries<Result>(work: (attempt: Attempt) => Promise<Done<Result>>, until: number) {
  const token = newToken()
  let count = 0
  /** One whose commit was not confirmed. */
  let open: Done<Result> | undefined
  const failed = (error: unknown, begun: number): Outcome<Result> => {
    const now = performance.now()
    const isLost = open !== undefined && open.wasCommitted === undefined
    const isOver = isLost || !isTransient(error) || now > until || now - begun > longestTry
    const told = isOver && open ? unconfirmed() : storageError(error)
    return { error: told, isOver, isConflict: isConflict(error) }
  }
  const next = async (session: ClientSession, writers: Writers): Promise<Outcome<Result>> => {
    const begun = performance.now()
    const before = count++
    try {
      await writers.tell(session)
      session.startTransaction({
        readConcern: { level: 'snapshot' },
        writeConcern: { w: 'majority', journal: true },
        readPreference: 'primary',
        maxCommitTimeMS: slowestCommit,
      })
      // It has begun in the session of the one before, which nothing becomes of any more unless it is seen here, or conflicts.
      if (open?.wasCommitted && (await open.wasCommitted(session))) {
        // Committed, so that most members have what it has seen before that is told.
        await commit(session, until)
        return { result: open.result }
      }
      const done = await writers.during(session, () => work({ session, token, before }))
      if (done.isEmpty) {
        if (done.isUndone) await session.abortTransaction()
        else await commit(session, until)
        return { result: done.result }
      }
      open = done
      await commit(session, until)
      return { result: done.result }
    } catch (error) {
      return failed(error, begun)
    }
  }
  return { next, count: () => count }
}

/** Commits, and asks again as long as nobody knows whether it was. */
async function commit(session: ClientSession, until: number): Promise<void> {
  for (let pause = 50; ; pause *= 2) {
    try {
      return await session.commitTransaction()
    } catch (error) {
      if (!isUnknown(error) || performance.now() > until) throw error
      await sleep(pause)
    }
  }
}
