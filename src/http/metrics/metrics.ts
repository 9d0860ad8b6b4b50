/**
 * What a server shows to those who watch it (https://prometheus.io/docs/instrumenting/exposition_formats/). Everything is read when
 * somebody asks; in between there are plain numbers. No label holds what came from a request.
 */
import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client'
import { durationBounds } from './duration-bounds.ts'
import type { RequestCounters } from './request-counters.ts'

/** One number that is read when somebody asks. */
export interface Reading {
  /** Below `vidimus_`; of a counter with `_total` at its end. */
  name: string
  /** What it is, with its unit. */
  help: string
  kind: 'counter' | 'gauge'
  labels?: readonly string[]
  /** Of several processes of one server: what is shown of their values. Counters are summed. */
  together?: 'sum' | 'min' | 'max'
  /** Its values now, each with its labels. */
  read(): Found | Promise<Found>
}

/** A value, or values with their labels; undefined for none. */
type Found = Iterable<{ value: number; labels?: Record<string, string> }> | number | undefined

/** Metrics of one server. */
export interface Metrics {
  contentType: string
  /** What they are now. */
  text(): Promise<string>
  /** The same as plain JSON, for {@link mergeMetrics}. */
  json(): Promise<unknown>
  /** Of it what is counted, and needs nothing but this process. */
  counts(): Promise<unknown>
  /** Every name with what it is. */
  names(): { name: string; help: string; type: string }[]
}

const prefix = 'vidimus_'

/** Puts readings together with what is known of requests and of the process. */
export function createMetrics(requests: RequestCounters, readings: readonly Reading[]): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const reset = (metric: Counter | Gauge, each: Iterable<{ value: number; labels?: Record<string, string> }>) => {
    metric.reset()
    for (const { value, labels = {} } of each) {
      if (metric instanceof Counter) metric.inc(labels, value)
      else metric.set(labels, value)
    }
  }
  const add = ({ name, help, kind, labels = [], together = 'sum', read }: Reading) => {
    const Kind = kind === 'counter' ? Counter : Gauge
    const metric: Counter | Gauge = new Kind({
      name: `${prefix}${name}`,
      help,
      labelNames: labels,
      aggregator: together,
      registers: [registry],
      async collect() {
        const found = await read()
        reset(metric, found === undefined ? [] : typeof found === 'number' ? [{ value: found }] : found)
      },
    })
  }
  add({
    name: 'http_requests_total',
    help: 'Requests that were answered, by pattern of the route.',
    kind: 'counter',
    labels: ['method', 'route', 'status'],
    *read() {
      for (const { method, route, status, count } of requests.requests())
        yield { value: count, labels: { method, route, status: String(status) } }
    },
  })
  add({
    name: 'http_reply_bytes_total',
    help: 'Bytes of the bodies of replies, as sent.',
    kind: 'counter',
    read: requests.bytes,
  })
  registry.registerMetric(durations(requests))
  for (const reading of readings) add(reading)
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    json: () => registry.getMetricsAsJSON(),
    counts: () => {
      const counted = new Registry()
      const isCounted = ({ type }: { type: unknown }) => ['counter', 'histogram'].includes(String(type))
      for (const { name } of registry.getMetricsAsArray().filter(isCounted)) {
        const metric = registry.getSingleMetric(name)
        if (metric) counted.registerMetric(metric)
      }
      return counted.getMetricsAsJSON()
    },
    names: () => registry.getMetricsAsArray().map(({ name, help, type }) => ({ name, help, type: String(type) })),
  }
}

/** Durations as the histogram that they are: counted by bounds already, which the class of the library cannot be given. */
function durations(requests: RequestCounters): Metric {
  const name = `${prefix}http_request_duration_seconds`
  const help = 'Time from the first byte of a request to the last of its reply, by pattern of the route.'
  const values = () => {
    const made: { metricName: string; value: number; labels: Record<string, string | number> }[] = []
    for (const { route, counts, sum } of requests.durations()) {
      let total = 0
      counts.forEach((count, index) => {
        total += count
        const le = durationBounds[index] ?? '+Inf'
        made.push({ metricName: `${name}_bucket`, value: total, labels: { route, le } })
      })
      made.push({ metricName: `${name}_sum`, value: sum, labels: { route } })
      made.push({ metricName: `${name}_count`, value: total, labels: { route } })
    }
    return made
  }
  const metric = {
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    get: async () => ({ ...metric, values: values() }),
  }
  // The registry asks of a metric only what stands here.
  return metric as unknown as Metric
}
