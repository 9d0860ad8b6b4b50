/** When a server is to end: it is told so by signals, or npm, which has started it, is no more. */
import { isStartedByNpm } from '../../config.ts'
import type { Tell } from '../../server/front/log.ts'

/** The end of a server, from its very beginning on. */
export interface Ending {
  /** Comes when it is to end. */
  signal: AbortSignal
  stop(): void
  /** From now on SIGTERM says that the server is about to end, and ends it when so many seconds are over. */
  after(seconds: number, drain: () => void): void
}

/**
 * Ends on SIGINT at once, on SIGTERM when nobody sends to the server any more; a second signal does not wait for anything that is under
 * way.
 */
export function endOnSignals(tell: Tell): Ending {
  const stopping = new AbortController()
  const stop = () => stopping.abort()
  if (isStartedByNpm()) whenOrphaned(stop)
  let drainSeconds = 0
  let drain = () => {}
  let isEnding = false
  const end = (signal: 'SIGINT' | 'SIGTERM') => {
    // As the shell would say it of a process that a signal has ended. Workers end with their channel.
    if (isEnding) process.exit(signal === 'SIGINT' ? 130 : 143)
    isEnding = true
    drain()
    if (signal === 'SIGINT' || drainSeconds === 0) return stop()
    tell(`vidimus is about to end: it says so in /ready, and answers for ${drainSeconds} s more`)
    setTimeout(stop, drainSeconds * 1000)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)
  return {
    signal: stopping.signal,
    stop,
    after(seconds, say) {
      drainSeconds = seconds
      drain = say
    },
  }
}

const orphanSeconds = 0.5

/** npm hands a signal to the shell that it runs a script in, which ends and leaves the server behind: the server follows. */
function whenOrphaned(stop: () => void): void {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    stop()
  }, orphanSeconds * 1000)
  watch.unref()
}
