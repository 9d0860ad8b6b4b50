import type { Command } from 'commander'
import { errorText } from '../base/system-error.ts'
import { type Config, isStartedByNpm, readConfig } from '../config.ts'
import { tryAddress } from '../http/wire/running-server.ts'
import { loadBaseContentBeside } from '../publish/base-content/load-beside.ts'
import { placePreparedStore } from '../publish/base-content/prepared-store.ts'
import { createLog, type Tell } from '../server/front/log.ts'
import type { RunBeside } from '../server/mirror.ts'
import type { VidimusServer } from '../server.ts'
import { storePlace } from '../storage/open.ts'
import { runBeside } from '../workers/run-beside.ts'
import { tellBaseContent } from './base-content.ts'
import { openLoadedServer } from './loaded-server.ts'
import { failureOf, noTrustLists } from './network/trust-printed.ts'
import { letYoungGenerationGrow } from './start/young-generation.ts'

/** `vidimus serve`: starts the server; the base content of FHIR R4 is loaded behind it at the first start. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('starts the server; its settings are environment variables (README, Configuration): PORT, DATA_DIR, …')
    .action(async () => {
      const stopping = new AbortController()
      if (isStartedByNpm()) whenOrphaned(() => stopping.abort())
      const config = readConfig()
      const { tell } = createLog({ ...config, accessLog: false }, () => new Date())
      const ending = endOnSignals(stopping, tell)
      const store = config.storageUrl.startsWith(`sqlite:${config.dataDir}`)
        ? ''
        : `, its store in ${config.storageUrl}`
      tell(`vidimus starts; its data is in ${config.dataDir}${store} (a first start takes some seconds)`)
      // Nobody should wait for the content to learn that the port is taken.
      await tryAddress({ host: config.host, port: config.plainHttp ? config.port : undefined, tls: config.tls })
      await beginStore(config, tell)
      const server = await openLoadedServer(config, { beside: besideOf(config) })
      ending.after(config.drainSeconds, server.drain)
      const lists = server.trust.status()
      if (lists.length === 0) tell(noTrustLists, 'warn')
      for (const list of lists)
        if (list.failure !== undefined) tell(`trust list ${list.name}: ${failureOf(list)}`, 'warn')
      try {
        await serve(server, stopping, tell)
      } finally {
        await server.close()
      }
    })
}

/** A first start begins with the store that was prepared where the software is installed, if there is one that fits. */
async function beginStore(config: Config, tell: Tell): Promise<void> {
  const place = config.preparedStore ? storePlace(config.storageUrl, config) : undefined
  if (!place) return
  const placed = await placePreparedStore(place)
  if (placed.kind === 'placed') tell('base content: the new store is begun with that of content/prepared-store.zst')
  if (placed.kind === 'unused')
    tell(
      `base content: content/prepared-store.zst is not used (${placed.reason}); "npm run build:content" makes it anew`,
    )
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

/** This program once more, over the same store; a store in memory is this process's alone. */
function besideOf({ storageUrl }: Pick<Config, 'storageUrl'>): RunBeside | undefined {
  if (storageUrl === 'sqlite::memory:') return undefined
  return (args, signal) => runBeside([process.execPath, process.argv[1] ?? '', ...args], signal)
}

const dayMilliseconds = 86_400_000

/** What an operator must know of the keys that sign, at the start and once a day: a certificate ends while the server runs. */
function tellWarnings(server: VidimusServer, signal: AbortSignal, tell: Tell): void {
  const tellAll = () => {
    for (const warning of [...server.signing.warnings(server.now()), ...server.provenance().warnings()])
      tell(warning, 'warn')
  }
  tellAll()
  const daily = setInterval(() => {
    try {
      tellAll()
    } catch (error) {
      tell(errorText(error), 'error')
    }
  }, dayMilliseconds)
  daily.unref()
  signal.addEventListener('abort', () => clearInterval(daily), { once: true })
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

async function serve(server: VidimusServer, stopping: AbortController, tell: Tell): Promise<void> {
  const { storage, pending, config } = server
  const loader = [process.execPath, process.argv[1] ?? '', 'load-base-content'] as const
  // A store in memory is this process's alone.
  const isShared = config.storageUrl !== 'sqlite::memory:'
  // Known before anybody can ask: what is not here yet must not be denied.
  const loading = await loadBaseContentBeside(
    {
      storage,
      pending,
      loader: isShared ? loader : undefined,
      done: (load) => tellBaseContent(load, tell),
      failed: (text) => tell(text, 'error'),
    },
    stopping.signal,
  )
  try {
    const address = await server.listen()
    letYoungGenerationGrow()
    console.log(`vidimus listens: ${address}/ (FHIR base ${address}/fhir)`)
    const { tlsPort } = server.ports()
    if (tlsPort !== undefined && config.plainHttp) console.log(`vidimus listens with TLS: port ${tlsPort}`)
    // Without TLS the signal ends the server, as the closing of a terminal should.
    if (tlsPort !== undefined) process.on('SIGHUP', server.reload)
    tellWarnings(server, stopping.signal, tell)
    if (pending.state().status === 'loading')
      tell('base content: loading; until it is there, what may need it answers 503, and /ready says so')
    if (!stopping.signal.aborted)
      await new Promise((stopped) => stopping.signal.addEventListener('abort', stopped, { once: true }))
  } finally {
    stopping.abort()
    await loading.done
  }
}
