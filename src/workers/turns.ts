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

/**
 * Lets work that is there at the same time begin together: what waits begins as soon as the event loop has taken in all that has come,
 * some pieces at once, and from then on their steps take turns wherever they wait. Ten verdicts side by side cost two thirds of ten one
 * after the other: the code of one step is still in the caches of the processor when the next piece comes to it, and nothing of the
 * system runs in between. Who is alone waits for nobody.
 * @param most begin at once; the others after them, in the order in which they came
 */
export function createGathering(most: number): () => Promise<void> {
  const waiting: (() => void)[] = []
  const begin = () => {
    const now = waiting.splice(0, most)
    if (waiting.length > 0) setImmediate(begin)
    for (const each of now) each()
  }
  return () =>
    new Promise((resolve) => {
      if (waiting.length === 0) setImmediate(begin)
      waiting.push(resolve)
    })
}
