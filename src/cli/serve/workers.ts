/** `serve --workers N`: the first process, which the operator sees, and the workers, which answer. */
import { errorText } from '../../base/system-error.ts'
import { type Config, publicAddress } from '../../config.ts'
import { createLog, type Tell } from '../../server/front/log.ts'
import { divided } from '../../server/workers/divide.ts'
import { createFirstProcess, type FirstProcess } from '../../server/workers/first-process.ts'
import { takePlace, type Worker } from '../../server/workers/worker.ts'
import { holdFolder } from '../../storage/hold-folder.ts'
import { hasSeat } from '../../workers/serving/seat.ts'
import type { Ending } from './ending.ts'
import { besideOf, openServer, serveUntil } from './one.ts'

/** A store in memory is one process's alone. @throws Error for a person, with a code */
export function refuseMemory({ storageUrl }: Pick<Config, 'storageUrl'>): void {
  if (storageUrl !== 'sqlite::memory:') return
  throw Object.assign(
    new Error('A store in memory (sqlite::memory:) is one process alone: take a file, or leave --workers away.'),
    { code: 'WORKERS' },
  )
}

/** How several processes are run. */
interface Run {
  workers: number
  ending: Ending
  tell: Tell
}

/** Serves with several processes until it is told to end; resolves with the exit code. */
export async function serveWithWorkers(config: Config, { workers, ending, tell }: Run): Promise<number> {
  const folder = holdFolder(config.dataDir)
  try {
    for (const remark of divided(config, workers).remarks) tell(remark, 'warn')
    const first = createFirstProcess({
      config,
      workers,
      command: [process.argv[1] ?? '', 'serve', '--as-worker'],
      tell,
      lines: {
        out: (lines) => void process.stdout.write(lines),
        err: (lines) => void process.stderr.write(lines),
      },
    })
    ending.after(config.drainSeconds, first.drain)
    passOnSignals(config, first, tell)
    const ended = whenAborted(ending.signal)
    let failure: { exitCode: number } | undefined
    try {
      const ports = await Promise.race([first.begin(), ended])
      if (ports) {
        announce(config, ports, workers)
        failure = (await Promise.race([first.failed, ended])) ?? undefined
      }
    } catch (error) {
      // What kept it from starting was said by the worker.
      if (!hasExitCode(error)) throw error
      failure = error
    } finally {
      await first.end()
    }
    if (failure instanceof Error) tell(failure.message, 'error')
    return failure?.exitCode ?? 0
  } finally {
    folder.release()
  }
}

/** Resolves when it is. */
function whenAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined)
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}

const hasExitCode = (error: unknown): error is { exitCode: number } =>
  typeof error === 'object' && error !== null && 'exitCode' in error && typeof error.exitCode === 'number'

function announce(
  config: Config,
  { port, tlsPort }: { port?: number | undefined; tlsPort?: number | undefined },
  workers: number,
) {
  const address = publicAddress({
    ...config,
    port: port ?? config.port,
    tls: config.tls && { ...config.tls, port: tlsPort ?? config.tls.port },
  })
  console.log(
    `vidimus listens: ${address}/ (in a browser: the console; FHIR base ${address}/fhir), with ${workers} workers`,
  )
  if (tlsPort !== undefined && config.plainHttp) console.log(`vidimus listens with TLS: port ${tlsPort}`)
}

/** Signals that end nothing. */
function passOnSignals({ tls }: Config, first: FirstProcess, tell: Tell): void {
  if (tls) process.on('SIGHUP', first.reload)
  process.on('SIGUSR2', () => {
    tell('the workers are replaced, one after the other')
    first.replaceAll().catch((error: unknown) => tell(`the workers are not replaced: ${errorText(error)}`, 'error'))
  })
}

/** Serves as one of several; started by the first process alone. */
export async function serveAsWorker(config: Config): Promise<void> {
  if (!hasSeat())
    throw Object.assign(new Error('--as-worker is for workers, which serve --workers starts itself.'), {
      code: 'WORKERS',
    })
  // Signals of a terminal or a service come to all processes of it: the first one decides what is done.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => {})
  const worker = await takePlace()
  try {
    await serveBeside(config, worker)
  } finally {
    await worker.leave()
  }
}

async function serveBeside(config: Config, { together, on, ready }: Worker): Promise<void> {
  const stopping = new AbortController()
  const { signal } = stopping
  const stop = () => stopping.abort()
  let failure: { error: unknown } | undefined
  const cannotLead = (error: unknown) => {
    failure = { error }
    // One that cannot even end would lead and do nothing.
    setTimeout(() => process.exit(1), endMilliseconds).unref()
    stop()
  }
  on({ drain: () => {}, reload: () => {}, end: stop, cannotLead })
  const own = divided(config, together.strength()?.workers ?? 1).config
  const log = createLog({ ...own, accessLog: false }, () => new Date())
  const tell = together.tell(log.tell)
  const server = await openServer(own, { beside: besideOf(own), together }, tell)
  on({ drain: server.drain, reload: server.reload, end: stop, cannotLead })
  try {
    await serveUntil(server, { signal, stop, tell, together, listening: ready })
  } finally {
    await server.close()
  }
  if (failure) throw new Error(`the work of the lead cannot be begun: ${errorText(failure.error)}`)
}

/** Time to finish what is under way, in milliseconds. */
const endMilliseconds = 20_000
