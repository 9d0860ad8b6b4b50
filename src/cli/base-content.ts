import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { type BaseContentLoad, loadBaseContent } from '../publish/base-content/load.ts'
import { createLog } from '../server/front/log.ts'
import { openStorage } from '../storage/open.ts'
import { progressBar } from './progress.ts'

/** About how many resources the base content has; the bar needs no more. */
const roughTotal = 6_500

/** `vidimus load-base-content`: what `serve` starts beside itself; also for images that are to be complete when they start. */
export function addLoadBaseContent(program: Command): void {
  program
    .command('load-base-content')
    .description('loads the terminology of FHIR R4 and HL7 Terminology into the store (`serve` does it by itself)')
    .action(async () => {
      const config = readConfig()
      const storage = await openStorage(config.storageUrl, { dataDir: config.dataDir })
      const bar = progressBar('Loading FHIR R4 terminology')
      const signal = endOfParent()
      try {
        const load = await loadBaseContent(storage, { signal, progress: (done) => bar.show(done, roughTotal) })
        bar.end()
        // Beside a server its lines are lines of the server's log.
        const beside = process.connected ? createLog({ ...config, accessLog: false }, () => new Date()).tell : undefined
        if (!signal.aborted) tellBaseContent(load, beside)
      } finally {
        bar.end()
        await storage.close()
      }
    })
}

/** Comes when the server that started this process is no more, and on the signals that end a process. */
function endOfParent(): AbortSignal {
  const ending = new AbortController()
  const end = () => ending.abort()
  // Without a channel to a parent somebody started it by hand.
  if (process.connected) process.once('disconnect', end)
  // Whoever listens to it would be kept from ending by it.
  process.channel?.unref()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end)
  return ending.signal
}

/** Says what was loaded, and what there is not to load and why; a server keeps its standard output for its log. */
export function tellBaseContent(
  { upToDate, loaded, present, absent }: BaseContentLoad,
  say: (line: string) => void = console.log,
): void {
  for (const reason of absent) say(`base content: ${reason}`)
  if (present.length === 0) return
  say(`base content: ${present.join(', ')} ${upToDate ? 'was loaded before' : `loaded (${loaded} resources)`}`)
}
