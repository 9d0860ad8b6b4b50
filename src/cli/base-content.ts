import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { isBaseContentLoaded, loadBaseContent } from '../packages/load-base-content.ts'
import { openStorage } from '../storage/open.ts'
import type { Storage } from '../storage/storage.ts'
import { progressBar } from './progress.ts'

/** About how many resources the base content has; the bar needs no more. */
const roughTotal = 6_500

/** Nice value of the loading process: it takes what the server leaves. */
const loaderPriority = 15

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

/**
 * Loads the base content once, while the server answers: in a process of its own, so that parsing 50 MB neither delays
 * a request nor stays in the server's memory. A failure is told and does not end the server.
 */
export async function loadBaseContentBeside(storage: Storage, storageUrl: string, signal: AbortSignal): Promise<void> {
  if (storageUrl === 'sqlite::memory:' || (await isBaseContentLoaded(storage))) return load(storage, signal)
  const program = process.argv[1] ?? ''
  const child = spawn(process.execPath, [program, 'load-base-content'], { stdio: ['ignore', 'inherit', 'inherit'] })
  // The first answers come before the loading.
  if (child.pid !== undefined) setPriority(child.pid, loaderPriority)
  const stop = () => child.kill('SIGTERM')
  signal.addEventListener('abort', stop)
  const [code] = await once(child, 'exit')
  signal.removeEventListener('abort', stop)
  if (code !== 0 && !signal.aborted) console.error(`base content could not be loaded: the loader ended with ${code}`)
}

async function load(storage: Storage, signal?: AbortSignal): Promise<void> {
  const bar = progressBar('Loading FHIR R4 terminology')
  const { upToDate, loaded, present, absent } = await loadBaseContent(storage, {
    ...(signal ? { signal } : {}),
    progress: (done) => bar.show(done, roughTotal),
  })
  bar.end()
  for (const reason of absent) console.log(`base content: ${reason}`)
  if (signal?.aborted || present.length === 0) return
  console.log(`base content: ${present.join(', ')} ${upToDate ? 'was loaded before' : `loaded (${loaded} resources)`}`)
}
