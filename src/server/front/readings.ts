/** The numbers that a server shows, and where each is read. docs/monitoring.md has the same list; a test compares them. */
import { statSync } from 'node:fs'
import type { ReadinessPart } from '../../http/context.ts'
import type { Reading } from '../../http/metrics/metrics.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Trust } from '../../trust/trust.ts'
import type { EvaluationCounts } from './evaluations.ts'

/** What numbers are read from. */
export interface ReadingSources {
  version: string
  evaluations: EvaluationCounts
  replyCache: { hits: number; misses: number }
  inFlight(): number
  connections(): number
  rateLimited(): number
  /** Processes that answer together; undefined for one that is alone. */
  workers(): number | undefined
  freeBytes(): number | undefined
  clockJump(): number
  /** AuditEvents that wait to be stored, and those that were lost. */
  audit(): { waiting: number; dropped: number }
  /** Where AuditEvents are sent to. */
  auditSinks(): { name: string; sent: number; failures: number; isReached: boolean }[]
  readiness(): ReadinessPart[]
  trust: Pick<Trust, 'status'>
  gateways(): { id: string; state: string }[]
  mirrored(): Promise<{ gateway: string; state: string }[]>
  /** Processes that run, by what they are for. */
  jobs(): Record<string, number>
  storage: Pick<Storage, 'revision'>
  /** File of the store; undefined when it is in memory. */
  storeFile: string | undefined
  now(): Date
}

/** Every number. */
export function readingsOf(from: ReadingSources): Reading[] {
  return [...ofRequests(from), ...ofEvaluation(from), ...ofAudit(from), ...ofNetwork(from), ...ofMachine(from)]
}

function ofRequests({
  inFlight,
  connections,
  rateLimited,
  replyCache,
  version,
  readiness,
  workers,
}: ReadingSources): Reading[] {
  return [
    {
      name: 'workers',
      help: 'Processes that answer, where several do (WORKERS); all numbers here are those of all of them.',
      kind: 'gauge',
      together: 'max',
      read: workers,
    },
    {
      name: 'info',
      help: 'Version of the software; always 1.',
      kind: 'gauge',
      together: 'max',
      labels: ['version'],
      read: () => [{ value: 1, labels: { version } }],
    },
    {
      name: 'ready',
      help: 'Whether what answers depend on is there, by part: 1 or 0.',
      kind: 'gauge',
      together: 'min',
      labels: ['part'],
      read: () => readiness().map(({ name, ready }) => ({ value: Number(ready), labels: { part: name } })),
    },
    { name: 'http_requests_in_flight', help: 'Requests that are being answered.', kind: 'gauge', read: inFlight },
    { name: 'http_connections', help: 'Open connections.', kind: 'gauge', read: connections },
    {
      name: 'http_rate_limited_total',
      help: 'Requests that were refused because their client made too many.',
      kind: 'counter',
      read: rateLimited,
    },
    {
      name: 'reply_cache_total',
      help: 'Requests by whether their reply was sent again as it was.',
      kind: 'counter',
      labels: ['result'],
      read: () => [
        { value: replyCache.hits, labels: { result: 'hit' } },
        { value: replyCache.misses, labels: { result: 'miss' } },
      ],
    },
  ]
}

function ofEvaluation({ evaluations, jobs }: ReadingSources): Reading[] {
  return [
    {
      name: 'evaluations_total',
      help: 'Answers of $evaluate, by decision and format of the credential.',
      kind: 'counter',
      labels: ['decision', 'format'],
      read: () =>
        [...evaluations.decisions].map(([key, value]) => {
          const [decision = '', format = ''] = key.split(' ')
          return { value, labels: { decision, format } }
        }),
    },
    {
      name: 'evaluation_signatures_total',
      help: 'Signatures of credentials, by what became of their check.',
      kind: 'counter',
      labels: ['outcome'],
      read: () => [...evaluations.signatures].map(([outcome, value]) => ({ value, labels: { outcome } })),
    },
    {
      name: 'job_processes',
      help: 'Processes that run what comes with requests, by what they are for.',
      kind: 'gauge',
      labels: ['pool'],
      read: () => Object.entries(jobs()).map(([pool, value]) => ({ value, labels: { pool } })),
    },
  ]
}

function ofAudit({ audit, auditSinks }: ReadingSources): Reading[] {
  const ofSinks = (value: (sink: ReturnType<typeof auditSinks>[number]) => number) => () =>
    auditSinks().map((sink) => ({ value: value(sink), labels: { sink: sink.name } }))
  return [
    {
      name: 'audit_queue',
      help: 'AuditEvents that wait to be stored.',
      kind: 'gauge',
      read: () => audit().waiting,
    },
    {
      name: 'audit_dropped_total',
      help: 'AuditEvents that were lost: the queue was full, or the store refused them.',
      kind: 'counter',
      read: () => audit().dropped,
    },
    {
      name: 'audit_sink_sent_total',
      help: 'AuditEvents that a sink has taken since the start.',
      kind: 'counter',
      labels: ['sink'],
      read: ofSinks(({ sent }) => sent),
    },
    {
      name: 'audit_sink_failures_total',
      help: 'Attempts to reach a sink that failed since the start; what was not sent is sent later.',
      kind: 'counter',
      labels: ['sink'],
      read: ofSinks(({ failures }) => failures),
    },
    {
      name: 'audit_sink_reached',
      help: 'Whether the last attempt to reach a sink succeeded: 1 or 0.',
      kind: 'gauge',
      together: 'min',
      labels: ['sink'],
      read: ofSinks(({ isReached }) => Number(isReached)),
    },
  ]
}

function ofNetwork({ trust, gateways, mirrored, now }: ReadingSources): Reading[] {
  const lists = (value: (list: ReturnType<typeof trust.status>[number]) => number | undefined) => () =>
    trust.status().flatMap((list) => {
      const found = value(list)
      return found === undefined ? [] : [{ value: found, labels: { list: list.name, kind: list.kind } }]
    })
  const labels = ['list', 'kind']
  return [
    {
      name: 'trust_list_usable',
      help: 'Whether what a trust list says is in use: 1 or 0.',
      kind: 'gauge',
      together: 'min',
      labels,
      read: lists(({ usable }) => Number(usable)),
    },
    {
      name: 'trust_list_keys',
      help: 'Keys of a trust list that count.',
      kind: 'gauge',
      together: 'min',
      labels,
      read: lists(({ keys }) => keys),
    },
    {
      name: 'trust_list_age_seconds',
      help: 'Seconds since a trust list was last read, or said to be the newest.',
      kind: 'gauge',
      together: 'max',
      labels,
      read: lists(({ checkedAt, readAt }) => {
        const last = checkedAt ?? readAt
        return last === undefined ? undefined : (now().getTime() - Date.parse(last)) / 1000
      }),
    },
    {
      name: 'gateway_state',
      help: 'How this server stands at its gateways: 1 for the state that is.',
      kind: 'gauge',
      together: 'max',
      labels: ['gateway', 'state'],
      read: () => gateways().map(({ id, state }) => ({ value: 1, labels: { gateway: id, state } })),
    },
    {
      name: 'mirrored_references',
      help: 'References of other participants, by gateway and what became of them.',
      kind: 'gauge',
      together: 'max',
      labels: ['gateway', 'state'],
      async read() {
        const counts = new Map<string, { value: number; labels: { gateway: string; state: string } }>()
        for (const { gateway, state } of await mirrored()) {
          const found = counts.get(`${gateway} ${state}`)
          if (found) found.value += 1
          else counts.set(`${gateway} ${state}`, { value: 1, labels: { gateway, state } })
        }
        return counts.values()
      },
    },
  ]
}

function ofMachine({ storage, storeFile, freeBytes, clockJump }: ReadingSources): Reading[] {
  return [
    {
      name: 'storage_revision',
      help: 'Grows with every write.',
      kind: 'gauge',
      together: 'max',
      read: () => storage.revision(),
    },
    {
      name: 'storage_bytes',
      help: 'Size of the store, its log included.',
      kind: 'gauge',
      together: 'max',
      read: () =>
        storeFile === undefined
          ? undefined
          : ['', '-wal'].reduce(
              (sum, end) => sum + (statSync(`${storeFile}${end}`, { throwIfNoEntry: false })?.size ?? 0),
              0,
            ),
    },
    {
      name: 'disk_free_bytes',
      help: 'Free bytes where the data lies.',
      kind: 'gauge',
      together: 'min',
      read: freeBytes,
    },
    {
      name: 'clock_jump_seconds',
      help: 'Largest jump of the clock since the start, forward or back.',
      kind: 'gauge',
      together: 'max',
      read: clockJump,
    },
  ]
}
