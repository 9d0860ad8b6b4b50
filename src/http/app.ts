import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Operation } from '../fhir/operation.ts'
import type { Principal } from '../fhir/principal.ts'
import type { Resource } from '../fhir/types.ts'
import { shuttingDown } from '../storage/closing.ts'
import type { Storage } from '../storage/storage.ts'
import { createAsyncJobs } from './async/jobs.ts'
import type { AccessLog, ErrorLog } from './audit/access-log.ts'
import { type AuditRecorder, createAuditRecorder } from './audit/recorder.ts'
import type { HttpContext, HttpHooks, HttpSettings, Software, View } from './context.ts'
import { createKeptSearches } from './interactions/kept-searches.ts'
import { oneAtATime } from './interactions/writing.ts'
import { createUnfinishedBodies, type Handler, onePerConnection } from './limits/connections.ts'
import { attachmentGate, createGate, defaultGate } from './limits/gate.ts'
import { defaultLimits, type HttpLimits } from './limits/http-limits.ts'
import { clientAddresses, clientsByAddress, developmentAuthentication } from './limits/requester.ts'
import { send, writtenError } from './message/reply.ts'
import { bindOperations } from './operations.ts'
import { createPatches } from './patch/patch-jobs.ts'
import { resolveRoute } from './routes.ts'
import { createSite } from './site.ts'
import { createListener } from './wire/answer.ts'
import { forOrigins } from './wire/cors.ts'
import { publicRevision } from './wire/reply-cache.ts'

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
  /** The store and what operations are given, as somebody sees them who is known, where that is more. */
  viewFor?(principal: Principal): Seen<Context> | undefined
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
  audit: Pick<AuditRecorder, 'flush' | 'dropped' | 'waiting'>
  /**
   * Refuses what comes from now on with 503 and `Retry-After`, and waits for requests under way, ten seconds at most: who has no answer
   * then is cut off.
   */
  endRequests(): Promise<void>
  /** The same; then jobs and processes are ended. */
  close(): Promise<void>
}

/**
 * Puts the HTTP layer together. The path of `settings.baseUrl` is the FHIR base; around it stand `/`, `/health`,
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
  const context: HttpContext = {
    storage,
    audit,
    keptSearches: createKeptSearches(publicRevision(storage, hooks)),
    operations: bindOperations(options.operations, options.context),
    settings,
    hooks,
    authenticate: hooks.authenticate ?? developmentAuthentication(settings.developmentToken),
    clientOf: clientsByAddress(settings.trustedProxies ?? []),
    addressOf: clientAddresses(settings.trustedProxies ?? []),
    limits,
    bodies: createUnfinishedBodies(limits),
    gate: createGate(defaultGate),
    attachmentGate: createGate(attachmentGate),
    patches: createPatches(),
    jobs: createAsyncJobs({ storage, now, report: options.errorLog, elsewhere: hooks.jobsElsewhere }),
    inTurn: oneAtATime(),
    now,
    uuid,
    software,
    resolve: resolveRoute,
    ...(options.viewFor ? { viewFor: boundViews(options.operations, options.viewFor) } : {}),
    ...(options.terminologyCapabilities ? { terminologyCapabilities: options.terminologyCapabilities } : {}),
  }
  const logs = { errorLog: options.errorLog, ...(options.accessLog ? { accessLog: options.accessLog } : {}) }
  const basePath = new URL(settings.baseUrl).pathname.replace(/\/$/, '')
  const site = createSite(context, basePath, logs)
  const listener = createListener(context, { basePath, site, logs })
  const { corsOrigins } = settings
  const requests = onePerConnection(corsOrigins ? forOrigins(corsOrigins, listener) : listener, refusing(uuid))
  const endRequests = () => requests.end(finishMilliseconds)
  return {
    audit,
    endRequests,
    async close() {
      await endRequests()
      await context.jobs.close()
      await context.patches.close()
    },
    handler: requests.handler,
  }
}

/** Time for requests under way when a server ends, in milliseconds; whoever stops the process waits longer (deploy/). */
export const finishMilliseconds = 10_000

/** Answers what comes too late, and has the client make another connection: there may be another server by then. */
const refusing =
  (uuid: () => string): Handler =>
  (message, response) => {
    response.shouldKeepAlive = false
    const id = uuid()
    void send(message, response, writtenError(shuttingDown(), id), { 'X-Request-Id': id })
  }

type Seen<Context> = { storage: Storage; context: Context }

/** What somebody sees, with operations over it. Who sees everything is given the same context every time. */
function boundViews<Context>(
  operations: Operation<Context>[],
  viewFor: (principal: Principal) => Seen<Context> | undefined,
): (principal: Principal) => View | undefined {
  let last: { context: Context; view: View } | undefined
  return (principal) => {
    const seen = viewFor(principal)
    if (!seen) return undefined
    if (last?.context === seen.context && last.view.storage === seen.storage) return last.view
    const view = { storage: seen.storage, operations: bindOperations(operations, seen.context) }
    last = { context: seen.context, view }
    return view
  }
}
