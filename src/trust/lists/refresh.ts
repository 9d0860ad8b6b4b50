import type { Trust, TrustListStatus } from '../trust.ts'
import type { TrustSource } from './trust-source.ts'

/** Calls once, after so many milliseconds; what it returns calls it off. */
export type After = (milliseconds: number, run: () => void) => () => void

/** The clock of the process, which it does not keep from ending. */
const afterTimeout: After = (milliseconds, run) => {
  const timeout = setTimeout(run, milliseconds).unref()
  return () => clearTimeout(timeout)
}

/** What a repeated reading is given. */
export interface RefreshOptions {
  after?: After | undefined
  /** Told of each source whose failure came, changed or went. */
  changed(status: TrustListStatus): void
  /** Told of a reading that ended by a fault of the program; the keys stay as they were. */
  failed(error: unknown): void
}

/** Longest time of a timer in Node: beyond it, it would fire at once. */
const LONGEST_MILLISECONDS = 2 ** 31 - 1
const SHORTEST_MILLISECONDS = 1000

/**
 * Reads each source with `refreshSeconds` again, so long after its last reading ended: never twice at a time. Between a second and 24
 * days. The function that is returned ends it and waits for a reading under way.
 */
export function refreshTrust(
  trust: Trust,
  sources: readonly TrustSource[],
  options: RefreshOptions,
): () => Promise<void> {
  const { after = afterTimeout } = options
  const pending = new Map<string, () => void>()
  const running = new Set<Promise<void>>()
  let isOver = false
  const wait = (name: string, milliseconds: number) => {
    if (isOver) return
    const run = () => {
      const reading = readAgain(trust, name, options).finally(() => {
        running.delete(reading)
        wait(name, milliseconds)
      })
      running.add(reading)
    }
    pending.set(name, after(milliseconds, run))
  }
  for (const { name, refreshSeconds } of sources) {
    if (refreshSeconds === undefined) continue
    wait(name, Math.min(Math.max(refreshSeconds * 1000, SHORTEST_MILLISECONDS), LONGEST_MILLISECONDS))
  }
  return async () => {
    isOver = true
    for (const callOff of pending.values()) callOff()
    await Promise.all(running)
  }
}

async function readAgain(trust: Trust, name: string, { changed, failed }: RefreshOptions): Promise<void> {
  const ofSource = (lists: TrustListStatus[]) => lists.find((each) => each.name === name)
  try {
    const before = ofSource(trust.status())
    const now = ofSource(await trust.reload([name]))
    if (now && now.failure !== before?.failure) changed(now)
  } catch (error) {
    failed(error)
  }
}
