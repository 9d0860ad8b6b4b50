import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Operation } from '../fhir/operation.ts'
import type { Resource } from '../fhir/types.ts'
import type { Storage } from '../storage/storage.ts'
import type { AccessLog, ErrorLog } from './audit/access-log.ts'
import { type AuditRecorder, createAuditRecorder } from './audit/recorder.ts'
import { bearerAuthorization } from './authorization.ts'
import type { Facade, HttpHooks, HttpSettings, Software } from './context.ts'
import { clientAddresses, clientsByAddress } from './limits/client.ts'
import { createGate, defaultGate } from './limits/gate.ts'
import { defaultLimits, type HttpLimits } from './limits/http-limits.ts'
import { onePerConnection } from './limits/one-per-connection.ts'
import { createUnfinishedBodies } from './limits/unfinished-bodies.ts'
import { bindOperations } from './operations.ts'
import { createPatches } from './patch/patch-jobs.ts'
import { resolveRoute } from './routes.ts'
import { createPages } from './site.ts'
import { createFhirListener } from './wire/listener.ts'
import { createQueue } from './wire/one-at-a-time.ts'

export type { AccessLogEntry } from './audit/access-log.ts'
export { listen, type RunningServer } from './wire/running-server.ts'

/** What the HTTP layer is made of. `Context` is what the operations' handlers are given. */
export interface AppOptions<Context> {
  storage: Storage
  operations: Operation<Context>[]
  context: Context
  settings: HttpSettings
  /** Where they differ from the defaults. */
  limits?: Partial<HttpLimits>
  hooks: HttpHooks
  /** Without it no request is logged. */
  accessLog?: AccessLog
  /** Unexpected errors, with their stack; without it they are lost. */
  errorLog: ErrorLog
  now(): Date
  uuid(): string
  software: Software
  /** TerminologyCapabilities for `/metadata?mode=terminology`. */
  terminologyCapabilities?(): Promise<Resource>
}

/** An application for `http.createServer(app.handler)`. */
export interface App {
  handler(message: IncomingMessage, response: ServerResponse): void
  /** To be flushed before the store is closed. */
  audit: Pick<AuditRecorder, 'flush' | 'dropped'>
  /** Ends processes. */
  close(): Promise<void>
}

/**
 * Puts the FHIR facade together. The path of `settings.baseUrl` is the FHIR base; around it stand `/`, `/health`,
 * `/ready` and `/openapi.json`.
 */
export function createApp<Context>(options: AppOptions<Context>): App {
  const { storage, settings, hooks, software, now, uuid } = options
  const limits: HttpLimits = { ...defaultLimits, ...options.limits }
  const audit = createAuditRecorder({
    storage,
    sampleRate: settings.auditSampleRate ?? 0,
    report: (error) => options.errorLog({ requestId: 'audit', error }),
  })
  const facade: Facade = {
    storage,
    audit,
    operations: bindOperations(options.operations, options.context),
    settings,
    hooks,
    authorize: bearerAuthorization(settings.developmentToken),
    clientOf: clientsByAddress(settings.trustedProxies ?? []),
    addressOf: clientAddresses(settings.trustedProxies ?? []),
    limits,
    bodies: createUnfinishedBodies(limits),
    gate: createGate(defaultGate),
    patches: createPatches(),
    inTurn: createQueue(),
    now,
    uuid,
    software,
    resolve: (method, path) => resolveRoute(facade, method, path),
    ...(options.terminologyCapabilities ? { terminologyCapabilities: options.terminologyCapabilities } : {}),
  }
  const logs = { errorLog: options.errorLog, ...(options.accessLog ? { accessLog: options.accessLog } : {}) }
  const basePath = new URL(settings.baseUrl).pathname.replace(/\/$/, '')
  const fhir = createFhirListener(facade, logs)
  const pages = createPages(facade, basePath, logs)
  return {
    audit,
    close: facade.patches.close,
    handler: onePerConnection((message, response) => {
      const address = belowBase(message.url ?? '', basePath)
      if (address === undefined) pages(message, response)
      else void fhir(message, response, address)
    }),
  }
}

/** The address relative to the FHIR base, or undefined when it is not below it. */
function belowBase(url: string, basePath: string): string | undefined {
  if (!url.startsWith(basePath)) return undefined
  const rest = url.slice(basePath.length)
  return rest === '' || rest.startsWith('/') || rest.startsWith('?') ? rest : undefined
}
