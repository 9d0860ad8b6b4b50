/** What a server's front is made of, beside what it answers: limits, listeners, and what is shown to those who watch it. */
import { dirname, resolve } from 'node:path'
import type { FindDocument } from '../../base/public-document.ts'
import type { Config } from '../../config.ts'
import type { Operation } from '../../fhir/operation.ts'
import { finishMilliseconds, listen, type RunningServer } from '../../http/app.ts'
import type { AccessLog } from '../../http/audit/access-log.ts'
import type { HttpHooks, HttpSettings, ReadinessPart } from '../../http/context.ts'
import type { Handler } from '../../http/limits/connections.ts'
import { createRateLimits } from '../../http/limits/rate-limit.ts'
import { clientsByAddress } from '../../http/limits/requester.ts'
import type { OperationContext } from '../../operations/context.ts'
import { operations } from '../../operations/index.ts'
import { operationsWithout, routesWithout } from '../../operations/profiles/route-profiles.ts'
import type { Reachability } from '../../storage/storage.ts'
import { shareRates } from '../workers/share-rates.ts'
import type { Together } from '../workers/together.ts'
import { createHourWatch } from './last-hour.ts'
import { listeners } from './listeners.ts'
import type { Log } from './log.ts'
import { watchMachine } from './machine.ts'
import type { ReadingSources } from './readings.ts'
import { storePart, storeStanding } from './store-watch.ts'
import { createWatch } from './watch.ts'

/** The front of one server. */
export interface Front {
  hooks: Pick<HttpHooks, 'rates' | 'mayWrite' | 'replyCache' | 'metrics' | 'lastHour'>
  /** Takes what was answered. */
  answered: AccessLog | undefined
  settings: Pick<HttpSettings, 'corsOrigins' | 'routes' | 'store'>
  /** The operations that are offered. */
  operations: Operation<OperationContext>[]
  /** The documents that are served of those that there are. */
  documents(all: readonly FindDocument[]): FindDocument[]
  /** What answers depend on of the machine, and whether the server is about to end. */
  readiness(): ReadinessPart[]
  /** Tells from now on how this store stands. */
  watchStore<Store extends Reachability>(store: Store): Store
  /** Listens where the configuration says; resolves with the port of the public address. */
  listen(handler: Handler): Promise<number | undefined>
  /** Ports it listens on; none before it does. */
  ports(): Pick<Partial<RunningServer>, 'port' | 'tlsPort'>
  /** Reads the files of the TLS listener again. */
  reload(): void
  /** Shows the numbers of a server that is put together. */
  show(sources: ShownSources): void
  /** Says from now on that the server is not ready, and goes on answering. */
  drain(): void
  /** Takes no more requests, and finishes those under way. */
  close(): Promise<void>
}

/** What numbers are read from that the front has not itself. */
export type ShownSources = Pick<
  ReadingSources,
  'audit' | 'auditSinks' | 'readiness' | 'trust' | 'gateways' | 'mirrored' | 'jobs' | 'storage' | 'now'
>

/** What a front is made with. */
interface FrontParts {
  log: Log
  software: { version: string /** FHIR date. */; releaseDate: string }
  now(): Date
  together: Together
}

/** Makes the front of a configuration. */
export async function createFront(config: Config, { log, software, now, together }: FrontParts): Promise<Front> {
  const elapsed = () => performance.now()
  const rates = createRateLimits(config.rates, {
    clientOf: clientsByAddress(config.trustedProxies),
    isDirect: config.trustedProxies.length === 0,
    elapsed,
    ...shareRates(together.uses),
  })
  const routes = routesWithout(config.routesOff)
  const folders = writtenFolders(config)
  const { diskFreeBytes } = config
  const machine = watchMachine({
    folders,
    diskFreeBytes,
    releaseDate: software.releaseDate,
    now,
    elapsed,
    tell: together.tell(log.tell),
  })
  await machine.look()
  const watch = await createWatch(config, together.metrics)
  const hour = createHourWatch(config, { now, elapsed, workers: () => together.strength()?.ready })
  let running: RunningServer | undefined
  let store: Reachability | undefined
  let isDraining = false
  return {
    hooks: { rates, mayWrite: (bytes) => running?.connections.mayWrite(bytes) ?? true, ...watch.hooks, ...hour.hooks },
    settings: {
      ...(config.corsOrigins ? { corsOrigins: config.corsOrigins } : {}),
      routes,
      store: () => storeStanding(config, store),
    },
    watchStore(opened) {
      store = opened
      return opened
    },
    operations: hour.operations(watch.operations(operationsWithout(config.routesOff, operations))),
    answered: hour.answered(watch.answered(log.access)),
    documents: (all) => {
      const served = (find: FindDocument): FindDocument => {
        if (routes.off.length === 0) return find
        return (asked) => (routes.hasDocument(asked.path) ? find(asked) : undefined)
      }
      return all.map(served)
    },
    readiness: () => [
      ...(isDraining ? [{ name: 'end', ready: false, state: 'this server is about to end' }] : []),
      ...storePart(storeStanding(config, store)),
      ...machine.parts(),
      ...strengthPart(together.strength()),
    ],
    async listen(handler) {
      const where = listeners(config, { now, tell: together.tell(log.tell) })
      running = await listen(watch.handler(handler), { ...where, source: together.source })
      return config.plainHttp ? running.port : running.tlsPort
    },
    ports: () => ({ port: running?.port, tlsPort: running?.tlsPort }),
    reload: () => running?.reload(),
    show: (sources) =>
      watch.show({
        ...sources,
        version: software.version,
        connections: () => running?.connections.count() ?? 0,
        rateLimited: rates.refused,
        workers: () => together.strength()?.ready,
        freeBytes: machine.free,
        clockJump: machine.largestJump,
        storeFile: storeFile(config),
      }),
    drain() {
      isDraining = true
    },
    async close() {
      machine.close()
      await running?.close(finishMilliseconds)
      log.flush()
    },
  }
}

/** How many of the processes that are to answer together do; those that do answer for all. */
function strengthPart(strength: ReturnType<Together['strength']>): ReadinessPart[] {
  if (!strength) return []
  const { workers, ready } = strength
  return [{ name: 'workers', ready: true, state: `${ready} of ${workers} answer` }]
}

/** Where this server writes: its data, and the store where that lies elsewhere. */
function writtenFolders({ dataDir, storageUrl }: Pick<Config, 'dataDir' | 'storageUrl'>): string[] {
  const file = storeFile({ dataDir, storageUrl })
  return [...new Set([dataDir, ...(file === undefined ? [] : [dirname(file)])])]
}

/** File of the store; undefined when it is in memory. */
function storeFile({ dataDir, storageUrl }: Pick<Config, 'dataDir' | 'storageUrl'>): string | undefined {
  const file = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(storageUrl)?.[1]
  return file === undefined || file === ':memory:' ? undefined : resolve(dataDir, file)
}
