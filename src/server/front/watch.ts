/** Counting for those who watch a server; where nobody may, nothing is counted and nothing is loaded for it. */
import type { Config } from '../../config.ts'
import type { Operation } from '../../fhir/operation.ts'
import type { AccessLog } from '../../http/audit/access-log.ts'
import type { HttpHooks } from '../../http/context.ts'
import type { Handler } from '../../http/limits/connections.ts'
import type { Metrics } from '../../http/metrics/metrics.ts'
import type { OperationContext } from '../../operations/context.ts'
import type { SharedMetrics } from '../workers/together.ts'
import { counted, type EvaluationCounts, withEvaluate } from './evaluations.ts'
import { metricsGuard } from './metrics-guard.ts'
import { type ReadingSources, readingsOf } from './readings.ts'

/** What counts, on the way of requests. */
export interface Watch {
  hooks: Pick<HttpHooks, 'replyCache' | 'metrics'>
  handler(handle: Handler): Handler
  answered(access: AccessLog | undefined): AccessLog | undefined
  operations(all: Operation<OperationContext>[]): Operation<OperationContext>[]
  show(sources: Omit<ReadingSources, 'evaluations' | 'replyCache' | 'inFlight'>): void
}

const nobody: Watch = {
  hooks: {},
  handler: (handle) => handle,
  answered: (access) => access,
  operations: (all) => all,
  show: () => {},
}

/** Makes what counts. */
export async function createWatch(
  { metrics: whose, metricsToken }: Pick<Config, 'metrics' | 'metricsToken'>,
  shared: SharedMetrics | undefined,
): Promise<Watch> {
  if (whose === 'off') return nobody
  const { createMetrics } = await import('../../http/metrics/metrics.ts')
  const { createRequestCounters } = await import('../../http/metrics/request-counters.ts')
  const requests = createRequestCounters()
  const replyCache = { hits: 0, misses: 0 }
  const evaluations: EvaluationCounts = { decisions: new Map(), signatures: new Map() }
  let inFlight = 0
  const leave = () => {
    inFlight -= 1
  }
  let shown: Metrics | undefined
  shared?.own({ all: async () => shown?.json(), counts: async () => shown?.counts() })
  const { mergedText } = await import('../../http/metrics/merge-metrics.ts')
  const check = metricsGuard(metricsToken)
  return {
    hooks: {
      replyCache,
      metrics: {
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
        text: async () => (shared ? mergedText(await shared.all()) : ((await shown?.text()) ?? '')),
        check,
      },
    },
    handler: (handle) => (message, response) => {
      inFlight += 1
      response.once('close', leave)
      handle(message, response)
    },
    answered: (access) => (entry) => {
      requests.count(entry)
      access?.(entry)
    },
    operations: (all) => withEvaluate(all, (evaluate) => counted(evaluate, evaluations)),
    show(sources) {
      shown = createMetrics(requests, readingsOf({ ...sources, evaluations, replyCache, inFlight: () => inFlight }))
    },
  }
}
