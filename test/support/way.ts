import { Session } from 'node:inspector/promises'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folder of the sources. */
export const sources = resolve(dirname(fileURLToPath(import.meta.url)), '../../src')

/** Names of the functions of each file under `src/` that were executed, by the path of the file there. */
export type Way = Map<string, Set<string>>

/**
 * What one call executes, by precise coverage of this process: every function of `src/` that was called at least once while it ran.
 * Run it once before, so that what is made once (caches, compiled maps) is not on the way.
 */
export async function wayOf(call: () => Promise<unknown>): Promise<Way> {
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
    // The counters of the first taking are those of the time before.
    await session.post('Profiler.takePreciseCoverage')
    await call()
    const { result } = await session.post('Profiler.takePreciseCoverage')
    const way: Way = new Map()
    for (const { url, functions } of result) {
      const file = url.startsWith('file:') ? relative(sources, fileURLToPath(url)) : '..'
      const executed = functions.filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0).map((each) => each.functionName)
      if (!file.startsWith('..') && executed.length > 0) way.set(file, new Set(executed))
    }
    return new Map([...way].sort(([a], [b]) => (a < b ? -1 : 1)))
  } finally {
    await session.post('Profiler.stopPreciseCoverage')
    session.disconnect()
  }
}
