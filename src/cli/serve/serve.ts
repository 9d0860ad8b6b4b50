import { type Command, InvalidArgumentError, Option } from 'commander'
import { workersProblem } from '../../config/workers-settings.ts'
import { type Config, readConfig } from '../../config.ts'
import { tryAddress } from '../../http/wire/running-server.ts'
import { createLog, type Tell } from '../../server/front/log.ts'
import { untilStoreAnswers } from '../../server/front/store-watch.ts'
import { alone } from '../../server/workers/together.ts'
import { holdFolder } from '../../storage/hold-folder.ts'
import { shownStore } from '../../storage/open.ts'
import type { CommandResult } from '../exit-codes.ts'
import { type Ending, endOnSignals } from './ending.ts'
import { besideOf, openServer, serveUntil } from './one.ts'
import { refuseMemory, serveAsWorker, serveWithWorkers } from './workers.ts'

/** `vidimus serve`: starts the server, with one process or with several; the base content of FHIR R4 is loaded behind it at the first start. */
export function addServe(program: Command, result: CommandResult): void {
  program
    .command('serve')
    .description('starts the server; its settings are environment variables (README, Configuration): PORT, DATA_DIR, …')
    .showHelpAfterError('Settings are environment variables, as in: PORT=8090 npm start')
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
      if (config.baseUrl !== undefined && /^\w+:\/\/[^/]+\/(?:.*\/)?fhir$/i.test(config.baseUrl))
        tell(`BASE_URL is given without /fhir; as it stands the FHIR base is ${config.baseUrl}/fhir`, 'warn')
      const ending = endOnSignals(tell)
      // Nobody should wait for the content to learn that the port is taken.
      await tryAddress({ host: config.host, port: config.plainHttp ? config.port : undefined, tls: config.tls })
      await untilStoreAnswers(config, { tell, now: () => new Date(), signal: ending.signal })
      if (ending.signal.aborted) return
      if (workers === undefined) return serveAlone(config, ending, tell)
      result.exitCode = await serveWithWorkers(config, { workers, ending, tell })
    })
}

function readWorkers(text: string): number {
  const problem = workersProblem(text)
  if (problem !== undefined) throw new InvalidArgumentError(problem)
  return Number(text)
}

async function serveAlone(config: Config, ending: Ending, tell: Tell): Promise<void> {
  const folder = holdFolder(config.dataDir)
  try {
    const server = await openServer(config, { beside: besideOf(config) }, tell)
    ending.after(config.drainSeconds, server.drain)
    const listening = (address: string) => {
      console.log(`vidimus listens: ${address}/ (in a browser: the console; FHIR base ${address}/fhir)`)
      const { tlsPort } = server.ports()
      if (tlsPort !== undefined && config.plainHttp) console.log(`vidimus listens with TLS: port ${tlsPort}`)
      // Without TLS the signal ends the server, as the closing of a terminal should.
      if (tlsPort !== undefined) process.on('SIGHUP', server.reload)
    }
    try {
      const { signal, stop } = ending
      await serveUntil(server, { signal, stop, tell, together: alone, listening })
    } finally {
      await server.close()
    }
  } finally {
    folder.release()
  }
}
