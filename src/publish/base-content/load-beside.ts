/** Loading the base content beside a server that answers already. */
import { setTimeout as sleep } from 'node:timers/promises'
import { errorText } from '../../base/system-error.ts'
import type { Storage } from '../../storage/storage.ts'
import { runBeside } from '../../workers/run-beside.ts'
import { type BaseContentLoad, baseContentPresence, loadBaseContent } from './load.ts'
import { hasCatalogue, type PendingContent } from './pending.ts'

/** Resources of one transaction where the loading shares its thread with requests. */
const smallBatch = 10

/** Seconds before a loading that failed is tried again; the last one counts for all further tries. */
const retrySeconds = [5, 30, 120, 600]

/** How long a first start waits for the list of what is to come: it takes a second; without it anything could come. */
const longestWaitMilliseconds = 20_000
const pollMilliseconds = 20

/** What the loading is for. */
export interface LoadingBeside {
  storage: Storage
  pending: PendingContent
  /** Program and arguments of a process that loads into the same store and ends; without it this process loads. */
  loader: readonly [program: string, ...args: string[]] | undefined
  /** Whether this process is to load; else it waits until another one of the same server has. By default it is. */
  isTurn?(): boolean
  /** Told of what was loaded, or was there. */
  done(load: BaseContentLoad): void
  /** Told of a failure, in a sentence. */
  failed(text: string): void
}

/**
 * Loads the base content once, while the server answers: in a process of its own, so that parsing 50 MB neither delays
 * a request nor stays in the server's memory. Resolves when it is known what is there and what is to come; `done` when all is
 * loaded or the signal came. A failure is told, never ends the server, and is tried again.
 */
export async function loadBaseContentBeside(
  loading: LoadingBeside,
  signal: AbortSignal,
): Promise<{ done: Promise<void> }> {
  const { storage, pending } = loading
  const { presence, stamp } = await baseContentPresence(storage)
  if (presence === 'nothing to load') {
    pending.set({ status: 'none', detail: 'not installed' })
    loading.done(await loadBaseContent(storage, { signal }))
    return { done: Promise.resolve() }
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

async function tryUntilLoaded(loading: LoadingBeside, stamp: string, signal: AbortSignal): Promise<void> {
  const { pending } = loading
  const isFirst = pending.state().status === 'loading'
  for (let tries = 0; !signal.aborted; tries++) {
    const failure = await loadOnce(loading, signal)
    if (signal.aborted) return
    if (failure === undefined) {
      pending.set({ status: 'loaded' })
      return
    }
    const seconds = retrySeconds[Math.min(tries, retrySeconds.length - 1)] ?? 0
    loading.failed(`base content could not be loaded: ${failure}; trying again in ${seconds} s`)
    if (isFirst) pending.set({ status: 'failed', stamp, detail: failure })
    await sleep(seconds * 1000, undefined, { signal }).catch(() => {})
  }
}

const always = () => true
/** How often it is looked whether another process has loaded. */
const turnMilliseconds = 500

/** Loads, or has it loaded; answers why it failed. */
async function loadOnce(
  { storage, loader, done, isTurn = always }: LoadingBeside,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const isCurrent = async () => (await baseContentPresence(storage)).presence === 'current'
    while (!isTurn() && !(await isCurrent()) && !signal.aborted)
      await sleep(turnMilliseconds, undefined, { signal }).catch(() => {})
    if (!loader || (await isCurrent())) {
      done(await loadBaseContent(storage, { signal, batch: smallBatch }))
      return undefined
    }
    const ended = await runBeside(loader, signal)
    return ended === 0 && (await isCurrent()) ? undefined : `the loader ended with ${ended}`
  } catch (error) {
    return errorText(error)
  }
}
