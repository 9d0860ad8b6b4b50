import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { baseContentPresence, loadBaseContent } from '../publish/base-content/load.ts'
import { hasCatalogue, type PendingContent } from '../publish/base-content/pending.ts'
import { openStorage } from '../storage/open.ts'
import type { Storage } from '../storage/storage.ts'
import { progressBar } from './progress.ts'

/** About how many resources the base content has; the bar needs no more. */
const roughTotal = 6_500

/** Nice value of the loading process: requests come first, but some of them wait for it. */
const loaderPriority = 5

/** Resources of one transaction where the loading shares its thread with requests. */
const smallBatch = 10

/** Seconds before a loading that failed is tried again; the last one counts for all further tries. */
const retrySeconds = [5, 30, 120, 600]

/** `vidimus load-base-content`: what `serve` starts beside itself; also for images that are to be complete when they start. */
export function addLoadBaseContent(program: Command): void {
  program
    .command('load-base-content')
    .description('loads the terminology of FHIR R4 and HL7 Terminology into the store (`serve` does it by itself)')
    .action(async () => {
      const config = readConfig()
      const storage = await openStorage(config.storageUrl, { dataDir: config.dataDir })
      try {
        await load(storage)
      } finally {
        await storage.close()
      }
    })
}

/** What the loading is for. */
interface Loading {
  storage: Storage
  storageUrl: string
  pending: PendingContent
}

/**
 * Loads the base content once, while the server answers: in a process of its own, so that parsing 50 MB neither delays
 * a request nor stays in the server's memory. Resolves when it is known what is there and what is to come; `done` when all is
 * loaded or the signal came. A failure is told, never ends the server, and is tried again.
 */
export async function loadBaseContentBeside(loading: Loading, signal: AbortSignal): Promise<{ done: Promise<void> }> {
  const { storage, pending } = loading
  const { presence, stamp } = await baseContentPresence(storage)
  if (presence === 'nothing to load') {
    pending.set({ status: 'none', detail: 'not installed' })
    return { done: load(storage, { signal }) }
  }
  // What another version of the content left is whole: only where there is none, answers have to wait.
  const isFirst = presence === 'none'
  pending.set(isFirst ? { status: 'loading', stamp } : { status: 'loaded' })
  const done = tryUntilLoaded(loading, stamp, signal)
  for (let waited = 0; isFirst && waited < longestWaitMilliseconds; waited += pollMilliseconds) {
    if (signal.aborted || (await hasCatalogue(storage.derived, stamp))) break
    await sleep(pollMilliseconds)
  }
  return { done }
}

/** How long a first start waits for the list of what is to come: it takes a second; without it anything could come. */
const longestWaitMilliseconds = 20_000
const pollMilliseconds = 20

async function tryUntilLoaded(loading: Loading, stamp: string, signal: AbortSignal): Promise<void> {
  const { storage, storageUrl, pending } = loading
  const isFirst = pending.state().status === 'loading'
  const isInMemory = storageUrl === 'sqlite::memory:'
  for (let tries = 0; !signal.aborted; tries++) {
    const failure = isInMemory ? await loadHere(storage, signal) : await loadInProcess(storage, signal)
    if (signal.aborted) return
    if (failure === undefined) {
      pending.set({ status: 'loaded' })
      return
    }
    const seconds = retrySeconds[Math.min(tries, retrySeconds.length - 1)] ?? 0
    console.error(`base content could not be loaded: ${failure}; trying again in ${seconds} s`)
    if (isFirst) pending.set({ status: 'failed', stamp, detail: failure })
    await sleep(seconds * 1000, undefined, { signal }).catch(() => {})
  }
}

/** Loads into the store of this process; answers why it failed. */
async function loadHere(storage: Storage, signal: AbortSignal): Promise<string | undefined> {
  try {
    await load(storage, { signal, batch: smallBatch })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Loads in a child process; answers why it failed. */
async function loadInProcess(storage: Storage, signal: AbortSignal): Promise<string | undefined> {
  if ((await baseContentPresence(storage)).presence === 'current') {
    await load(storage, { signal })
    return undefined
  }
  const program = process.argv[1] ?? ''
  const child = spawn(process.execPath, [program, 'load-base-content'], { stdio: ['ignore', 'inherit', 'inherit'] })
  if (child.pid !== undefined) setPriority(child.pid, loaderPriority)
  const stop = () => child.kill('SIGTERM')
  signal.addEventListener('abort', stop)
  try {
    const [code, killedBy] = await once(child, 'exit')
    if (code === 0 && (await baseContentPresence(storage)).presence === 'current') return undefined
    return `the loader ended with ${code ?? killedBy}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function load(storage: Storage, options: { signal?: AbortSignal; batch?: number } = {}): Promise<void> {
  const bar = progressBar('Loading FHIR R4 terminology')
  const { upToDate, loaded, present, absent } = await loadBaseContent(storage, {
    ...options,
    progress: (done) => bar.show(done, roughTotal),
  })
  bar.end()
  for (const reason of absent) console.log(`base content: ${reason}`)
  if (options.signal?.aborted || present.length === 0) return
  console.log(`base content: ${present.join(', ')} ${upToDate ? 'was loaded before' : `loaded (${loaded} resources)`}`)
}
