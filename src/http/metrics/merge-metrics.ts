/** Numbers of several processes of one server as one. */
import { AggregatorRegistry, type MetricObject } from 'prom-client'

/** The numbers of several processes, each as {@link Metrics.json} has them, put together as the reading of each says: sums of what is counted. */
export const mergeMetrics = (all: readonly unknown[]): Promise<unknown> =>
  AggregatorRegistry.aggregate(all.map(metricsIn)).getMetricsAsJSON()

/** The same as a page. */
export const mergedText = (all: readonly unknown[]): Promise<string> =>
  AggregatorRegistry.aggregate(all.map(metricsIn)).metrics()

/** What was counted: of a process that is no more nothing else holds. */
export const countsOf = (given: unknown): unknown =>
  metricsIn(given).filter(({ type }) => ['counter', 'histogram'].includes(String(type)))

const metricsIn = (given: unknown): MetricObject[] => (Array.isArray(given) ? given.filter(isMetric) : [])

const isMetric = (given: unknown): given is MetricObject =>
  typeof given === 'object' && given !== null && 'name' in given && 'type' in given
