/** How long a piece of work keeps the event loop from its turn. */
import { threadMilliseconds } from '../../../src/workers/budget.ts'

/** Milliseconds. */
export interface Watched<T> {
  made: T
  /** Processor time of this thread. */
  thread: number
  /** Time of the clock. */
  elapsed: number
  /** Most processor time of this thread between two turns of its event loop: what else the machine does takes nothing away. */
  longest: number
}

/** Does it, and watches the thread meanwhile. */
export async function watchThread<T>(work: () => Promise<T>): Promise<Watched<T>> {
  let isOver = false
  let longest = 0
  let last = threadMilliseconds()
  const turn = () => {
    const now = threadMilliseconds()
    longest = Math.max(longest, now - last)
    last = now
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  const [before, started] = [last, performance.now()]
  const made = await work()
  const [thread, elapsed] = [threadMilliseconds() - before, performance.now() - started]
  // What the last turn took is counted, too.
  await new Promise((resolve) => setImmediate(resolve))
  isOver = true
  return { made, thread, elapsed, longest }
}
