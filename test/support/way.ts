/**
 * The way of a request through the house, counted: which files of `src/` run, and which of their functions how often, while
 * something is done. What runs anyway (timers, the idle server) is measured first, for doing nothing, and taken off.
 */
import { Session } from 'node:inspector/promises'
import { relative, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const source = resolve(import.meta.dirname, '../../src')

/** A function that ran. */
export interface ExecutedFunction {
  name: string
  /** Offset in the file, which tells functions without a name apart. */
  offset: number
  count: number
}

/** Executed functions by file, both as `http/app.ts`. */
export type Way = Map<string, ExecutedFunction[]>

/**
 * The functions of `src/` that run in this process while `run` does its work. Run it once before: what a first request sets up is
 * not the way of every other.
 */
export async function wayOf(run: () => Promise<void>): Promise<Way> {
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
    await session.post('Profiler.takePreciseCoverage') // forgets what ran before
    await sleep(idleMilliseconds)
    const idle = await taken(session)
    await run()
    const busy = await taken(session)
    return without(busy, idle)
  } finally {
    await session.post('Profiler.stopPreciseCoverage')
    await session.post('Profiler.disable')
    session.disconnect()
  }
}

/** Files of `src/` with at least one function that ran while `run` did its work, in alphabetical order. */
export async function filesOfWay(run: () => Promise<void>): Promise<string[]> {
  return [...(await wayOf(run)).keys()].sort()
}

/** Longer than the timers of a server that has nothing to do take to come round. */
const idleMilliseconds = 300

async function taken(session: Session): Promise<Way> {
  const { result } = await session.post('Profiler.takePreciseCoverage')
  const way: Way = new Map()
  for (const { url, functions } of result) {
    if (!url.startsWith('file:')) continue
    const path = fileURLToPath(url)
    if (!path.startsWith(`${source}/`)) continue
    const executed = functions.flatMap(({ functionName, ranges: [range] }) =>
      range && range.count > 0 ? [{ name: functionName, offset: range.startOffset, count: range.count }] : [],
    )
    if (executed.length > 0) way.set(relative(source, path), executed)
  }
  return way
}

function without(busy: Way, idle: Way): Way {
  const left: Way = new Map()
  for (const [file, functions] of busy) {
    const known = new Set(idle.get(file)?.map(({ offset }) => offset))
    const own = functions.filter(({ offset }) => !known.has(offset))
    if (own.length > 0) left.set(file, own)
  }
  return left
}
