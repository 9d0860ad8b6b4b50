import { createFairQueue } from './fair-queue.ts'

/**
 * Turns on the server's own thread: between two of them the event loop goes round, so that a request that needs no turn waits for one
 * at most. Clients have their turns one after the other, however many requests each has.
 */
export interface Turns {
  /** Whether somebody waits: who comes now waits as well. */
  areWanted(): boolean
  wait(client: string): Promise<void>
}

/** Makes the turns of one thread. */
export function createTurns(): Turns {
  const queue = createFairQueue<() => void>({ each: Number.POSITIVE_INFINITY, all: Number.POSITIVE_INFINITY })
  let going = false
  const go = () => {
    const resume = queue.take(() => true)
    going = queue.size() > 0
    if (going) setImmediate(go)
    resume?.()
  }
  return {
    areWanted: () => going,
    wait: (client) =>
      new Promise((resolve) => {
        queue.add(client, resolve)
        if (going) return
        going = true
        // What waits first was working in the same round; the next one belongs to others.
        setImmediate(setImmediate, go)
      }),
  }
}
