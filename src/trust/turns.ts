/** For so long work may hold the server, at a time. */
const SLICE_MILLISECONDS = 10

/** Makes a function that long work calls between its steps: now and then it lets the server answer. */
export function makeTurns(): () => Promise<void> {
  let started = performance.now()
  return async () => {
    if (performance.now() - started <= SLICE_MILLISECONDS) return
    await new Promise<void>((done) => setImmediate(done))
    started = performance.now()
  }
}
