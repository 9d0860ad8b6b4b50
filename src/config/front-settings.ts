/** How the front of a server behaves: who may ask how often, from which pages, and what is shown to those who watch it. */
import { originProblem } from '../http/wire/cors.ts'
import { routeProfileNames } from '../operations/profiles/route-profiles.ts'
import { members } from './accepts.ts'
import type { Setting } from './setting.ts'

const logLevels = ['error', 'warn', 'info', 'debug'] as const

/** What the settings of the front say. */
export interface FrontConfig {
  /** Requests per minute of one client address without a proof of who it is, and of one principal; undefined = as many as come. */
  rates: { ofClient: number | undefined; ofPrincipal: number | undefined }
  /** Origins whose pages may read replies; undefined = all. */
  corsOrigins: readonly string[] | undefined
  /** How long AuditEvents are kept; undefined = for good. */
  auditRetentionDays: number | undefined
  /** Where AuditEvents are sent on to. */
  auditSinks: readonly string[]
  metrics: 'off' | 'public' | 'token'
  /** Whoever brings it sees the metrics. */
  metricsToken: string | undefined
  /** How long a server that is told to end goes on answering, so that nobody sends to it any more. */
  drainSeconds: number
  /** Fewer free bytes where the data lies, and the server is not ready. */
  diskFreeBytes: number
  logLevel: LogLevel
  logFormat: 'text' | 'json'
  /** Names of route profiles that are switched off. */
  routesOff: ReadonlySet<string>
}

/** Settings of the front. */
export const frontSettings = [
  {
    variable: 'RATE_LIMIT',
    kind: 'bound',
    fallback: '300000',
    description:
      'Most requests a minute of one client address (IPv6: /64 network) that proves nothing of itself; more are answered 429. Entries of a batch count. So high that many verifiers behind one address are not cut; behind a proxy set TRUSTED_PROXIES, or all clients are one. `off` for no limit.',
  },
  {
    variable: 'RATE_LIMIT_PRINCIPAL',
    kind: 'bound',
    fallback: '300000',
    description: 'The same for one principal (holder of a token, certificate or key), wherever it asks from.',
  },
  {
    variable: 'CORS_ORIGINS',
    kind: 'list',
    memberProblem: originProblem,
    fallbackText: '`*`',
    description:
      'Origins whose pages may read replies, comma-separated; `none` for no page. Cookies and client certificates of browsers are never let in by it; a page brings its own bearer token.',
  },
  {
    variable: 'ROUTES_OFF',
    kind: 'list',
    choices: routeProfileNames,
    fallbackText: 'none',
    description:
      'What this server does not offer at all, comma-separated: `writes`; `inline-maps` and `inline-cql`, which come with requests; `legacy` endpoints of the EU DCC; the `console` that browsers are shown; `kits` for verifiers without a network; `value-sets` (ValueSet with its operations, `/valuesets`); `rules` (Library, PlanDefinition, ActivityDefinition with their operations, `/rules`). Refused with 403 or 404, in a batch too, and absent from metadata and OpenAPI. Evaluation goes on with all that is stored.',
  },
  {
    variable: 'AUDIT_RETENTION_DAYS',
    kind: 'bound',
    fallback: 'off',
    description:
      'AuditEvents that are older are taken out by the server itself, in the background, and that is recorded. `off` keeps them for good.',
  },
  {
    variable: 'AUDIT_SINKS',
    kind: 'list',
    memberProblem: sinkProblem,
    description:
      'Where AuditEvents are sent on to, comma-separated: `syslog-tls://host:6514` (RFC 5424 over TLS with DICOM audit messages, IHE ITI-20) or `https://host/fhir` (AuditEvents by POST). Needs NETWORK=on, and NETWORK_HOSTS for other ports and private addresses. What a sink has not taken is sent when it can be reached again.',
  },
  {
    variable: 'METRICS',
    kind: 'choice',
    choices: ['off', 'public', 'token'],
    fallback: 'off',
    description: 'Whether `/metrics` is served (Prometheus, docs/monitoring.md): to everybody, or with METRICS_TOKEN.',
  },
  {
    variable: 'METRICS_TOKEN',
    kind: 'token',
    secret: true,
    description: 'Bearer token of those who may read `/metrics`.',
  },
  {
    variable: 'DRAIN_SECONDS',
    kind: 'seconds',
    fallbackText: '5 when NODE_ENV=production, else 0',
    description:
      'How long a server that gets SIGTERM goes on answering, with `/ready` saying 503, before it finishes what is under way and ends. A second signal ends it at once.',
  },
  {
    variable: 'DISK_FREE_BYTES',
    kind: 'count',
    fallback: '100000000',
    description: 'With fewer free bytes where the data lies, `/ready` says 503; below ten times as many it warns.',
  },
  {
    variable: 'LOG_LEVEL',
    kind: 'choice',
    choices: logLevels,
    fallback: 'info',
    description: 'The least grave lines on standard error; the access log has its own setting.',
  },
  {
    variable: 'LOG_FORMAT',
    kind: 'choice',
    choices: ['text', 'json'],
    fallback: 'text',
    description: '`json` writes them as JSON, one object a line: `time`, `level`, `text`, `requestId`.',
  },
] as const satisfies readonly Setting[]

/** How grave lines of the log are, the gravest first. */
export type LogLevel = (typeof logLevels)[number]

/**
 * Reads the settings, whose texts were checked.
 * @throws Error that says what is wrong with one
 */
export function readFrontSettings(texts: ReadonlyMap<string, string>): FrontConfig {
  const origins = texts.has('CORS_ORIGINS') ? members(texts.get('CORS_ORIGINS')) : ['*']
  const metrics = (['public', 'token'] as const).find((each) => each === texts.get('METRICS')) ?? 'off'
  const metricsToken = texts.get('METRICS_TOKEN')
  if ((metrics === 'token') !== (metricsToken !== undefined))
    throw new Error('METRICS is token where METRICS_TOKEN is set, and only there')
  const auditSinks = members(texts.get('AUDIT_SINKS'))
  if (auditSinks.length > 0 && texts.get('NETWORK') !== 'on')
    throw new Error('AUDIT_SINKS is set, and NETWORK is not on: nothing would be sent')
  return {
    rates: { ofClient: bound(texts.get('RATE_LIMIT')), ofPrincipal: bound(texts.get('RATE_LIMIT_PRINCIPAL')) },
    corsOrigins: origins.includes('*') ? undefined : origins,
    auditRetentionDays: bound(texts.get('AUDIT_RETENTION_DAYS')),
    auditSinks,
    metrics,
    metricsToken,
    drainSeconds: Number(texts.get('DRAIN_SECONDS') ?? (texts.get('NODE_ENV') === 'production' ? 5 : 0)),
    diskFreeBytes: Number(texts.get('DISK_FREE_BYTES')),
    logLevel: logLevels.find((each) => each === texts.get('LOG_LEVEL')) ?? 'info',
    logFormat: texts.get('LOG_FORMAT') === 'json' ? 'json' : 'text',
    routesOff: new Set(members(texts.get('ROUTES_OFF'))),
  }
}

/** What is wrong with an address of AUDIT_SINKS. */
function sinkProblem(text: string): string | undefined {
  const url = URL.parse(text)
  const isFit = url && ['https:', 'syslog-tls:'].includes(url.protocol) && url.hostname !== ''
  if (!isFit || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    return '`https://host/base` or `syslog-tls://host:port` is wanted, without user, password and query'
  return undefined
}

const bound = (text: string | undefined): number | undefined =>
  text === undefined || text === 'off' ? undefined : Number(text)
