/** What was answered, in plain numbers: nothing here costs a request more than a few additions. */
import type { AccessLogEntry } from '../audit/access-log.ts'
import { durationBounds } from './duration-bounds.ts'

/** Durations of one route. */
interface Durations {
  /** Requests up to each bound, each for itself, and those above all at the end. */
  counts: number[]
  /** In seconds. */
  sum: number
}

/** What was answered since the start. */
export interface RequestCounters {
  count(entry: Pick<AccessLogEntry, 'method' | 'route' | 'status' | 'durationMs' | 'bytes'>): void
  /** Requests by method, route and status. */
  requests(): Iterable<{ method: string; route: string; status: number; count: number }>
  durations(): Iterable<{ route: string } & Durations>
  /** Of bodies of replies. */
  bytes(): number
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
/** Patterns there are some hundred of; should anything ever make more, it is counted together. */
const mostRoutes = 500

/** Counts from nothing. */
export function createRequestCounters(): RequestCounters {
  const byRoute = new Map<string, { requests: Map<string, number>; durations: Durations }>()
  let bytes = 0
  const routeOf = (route: string) => {
    const name = byRoute.has(route) || byRoute.size < mostRoutes ? route : 'other'
    let found = byRoute.get(name)
    if (!found) {
      found = { requests: new Map(), durations: { counts: new Array(durationBounds.length + 1).fill(0), sum: 0 } }
      byRoute.set(name, found)
    }
    return found
  }
  return {
    count({ method, route, status, durationMs, bytes: sent }) {
      const { requests, durations } = routeOf(route)
      const key = `${methods.has(method) ? method : 'other'} ${status}`
      requests.set(key, (requests.get(key) ?? 0) + 1)
      const seconds = durationMs / 1000
      let at = 0
      while (at < durationBounds.length && seconds > (durationBounds[at] ?? 0)) at += 1
      durations.counts[at] = (durations.counts[at] ?? 0) + 1
      durations.sum += seconds
      bytes += sent
    },
    *requests() {
      for (const [route, { requests }] of byRoute)
        for (const [key, count] of requests) {
          const [method = '', status] = key.split(' ')
          yield { method, route, status: Number(status), count }
        }
    },
    *durations() {
      for (const [route, { durations }] of byRoute) yield { route, ...durations }
    },
    bytes: () => bytes,
  }
}
