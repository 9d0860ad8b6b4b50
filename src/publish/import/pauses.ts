import { setImmediate as nextTurn } from 'node:timers/promises'

/** Time after which others have a turn; far below what a request may wait. */
const sliceMilliseconds = 10

/** Made for one piece of work: called between its steps, it lets others have a turn when it is time. */
export function createPauses(): () => Promise<void> {
  let begun = performance.now()
  return async () => {
    if (performance.now() - begun < sliceMilliseconds) return
    await nextTurn()
    begun = performance.now()
  }
}
