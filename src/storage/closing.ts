/** What is being closed, as a store is: what comes is refused, what runs may end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { FhirError, issue } from '../fhir/error.ts'

/** How long what is closed waits for what runs, milliseconds; after that it is broken off. */
const patienceMilliseconds = 3000

/** 503 with `Retry-After`: the store is closed, and with it the server; there may be others, or it comes again. */
export const shuttingDown = (): FhirError =>
  new FhirError(503, issue('transient', 'This server is shutting down; try again.'), { 'Retry-After': '5' })

/** What runs, until it is to end. */
export interface Closing {
  /** Whether it is being closed, or is closed. */
  isClosing(): boolean
  /** Comes when what runs has had its time: it breaks off with {@link shuttingDown}. */
  signal: AbortSignal
  /** Runs what takes more than one turn of the event loop. Rejects with {@link shuttingDown} when it is being closed. */
  run<T>(work: () => Promise<T>): Promise<T>
  /** From now on refuses what comes; resolves when nothing runs any more, or has not ended in spite of the signal. */
  close(patience?: number): Promise<void>
}

/** Nothing runs yet. */
export function createClosing(): Closing {
  const running = new Set<Promise<unknown>>()
  const late = new AbortController()
  let isClosing = false
  const ended = async (milliseconds: number): Promise<void> => {
    const waiting = new AbortController()
    const all = Promise.allSettled(running).then(() => waiting.abort())
    // A timer that is not needed any more would hold the process.
    await Promise.race([all, sleep(milliseconds, undefined, { signal: waiting.signal }).catch(() => undefined)])
  }
  return {
    isClosing: () => isClosing,
    signal: late.signal,
    run(work) {
      if (isClosing) return Promise.reject(shuttingDown())
      const result = work()
      running.add(result)
      const end = () => running.delete(result)
      result.then(end, end)
      return result
    },
    async close(patience = patienceMilliseconds) {
      isClosing = true
      await ended(patience)
      late.abort()
      if (running.size > 0) await ended(patience)
    },
  }
}
