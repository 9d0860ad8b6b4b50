import { type Command, InvalidArgumentError, Option } from 'commander'
import { workersProblem } from '../../config/workers-settings.ts'
import { type Config, isStartedByNpm, readConfig } from '../../config.ts'
import { tryAddress } from '../../http/wire/running-server.ts'
import { createLog, type Tell } from '../../server/front/log.ts'
import { untilStoreAnswers } from '../../server/front/store-watch.ts'
import { alone } from '../../server/workers/together.ts'
import { holdFolder } from '../../storage/hold-folder.ts'
import { shownStore } from '../../storage/open.ts'
import type { CommandResult } from '../exit-codes.ts'
import { besideOf, openServer, serveUntil } from './one.ts'
import { refuseMemory, serveAsWorker, serveWithWorkers } from './workers.ts'

/** `vidimus serve`: starts the server, with one process or with several; the base content of FHIR R4 is loaded behind it at the first start. */
export function addServe(program: Command, result: CommandResult): void {
  program
    .command('serve')
    .description('starts the server; its settings are environment variables (README, Configuration): PORT, DATA_DIR, …')
    .option('--workers <n>', 'so many processes answer together, as the setting WORKERS', readWorkers)
    .addOption(new Option('--as-worker').hideHelp())
    .action(async ({ workers: asked, asWorker }: { workers?: number; asWorker?: boolean }) => {
      const config = readConfig()
      if (asWorker) return serveAsWorker(config)
      const workers = asked ?? config.workers
      const { tell } = createLog({ ...config, accessLog: false }, () => new Date())
      if (workers !== undefined) refuseMemory(config)
      const store = config.storageUrl.startsWith(`sqlite:${config.dataDir}`)
        ? ''
        : `, its store in ${shownStore(config.storageUrl)}`
      tell(`vidimus starts; its data is in ${config.dataDir}${store} (a first start takes some seconds)`)
      // Nobody should wait for the content to learn that the port is taken.
      await tryAddress({ host: config.host, port: config.plainHttp ? config.port : undefined, tls: config.tls })
      await untilStoreAnswers(config, { tell, now: () => new Date() })
      await (workers === undefined ? serveAlone(config, tell) : serveWithWorkers(config, workers, result))
    })
}

function readWorkers(text: string): number {
  const problem = workersProblem(text)
  if (problem !== undefined) throw new InvalidArgumentError(problem)
  return Number(text)
}

async function serveAlone(config: Config, tell: Tell): Promise<void> {
  const stopping = new AbortController()
  if (isStartedByNpm()) whenOrphaned(() => stopping.abort())
  const ending = endOnSignals(stopping, tell)
  const folder = holdFolder(config.dataDir)
  try {
    const server = await openServer(config, { beside: besideOf(config) }, tell)
    ending.after(config.drainSeconds, server.drain)
    const listening = (address: string) => {
      console.log(`vidimus listens: ${address}/ (FHIR base ${address}/fhir)`)
      const { tlsPort } = server.ports()
      if (tlsPort !== undefined && config.plainHttp) console.log(`vidimus listens with TLS: port ${tlsPort}`)
      // Without TLS the signal ends the server, as the closing of a terminal should.
      if (tlsPort !== undefined) process.on('SIGHUP', server.reload)
    }
    try {
      const { signal } = stopping
      await serveUntil(server, { signal, stop: () => stopping.abort(), tell, together: alone, listening })
    } finally {
      await server.close()
    }
  } finally {
    folder.release()
  }
}

/**
 * Ends on SIGINT at once, on SIGTERM when nobody sends to the server any more; a second signal does not wait for anything that is under
 * way.
 */
function endOnSignals(stopping: AbortController, tell: Tell): { after(seconds: number, drain: () => void): void } {
  let drainSeconds = 0
  let drain = () => {}
  let isEnding = false
  const end = (signal: 'SIGINT' | 'SIGTERM') => {
    // As the shell would say it of a process that a signal has ended.
    if (isEnding) process.exit(signal === 'SIGINT' ? 130 : 143)
    isEnding = true
    drain()
    if (signal === 'SIGINT' || drainSeconds === 0) return stopping.abort()
    tell(`vidimus is about to end: it says so in /ready, and answers for ${drainSeconds} s more`)
    setTimeout(() => stopping.abort(), drainSeconds * 1000)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)
  return {
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
