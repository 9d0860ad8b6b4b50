/** `/ready` and `/last-hour` as the view shows them: what is not understood is never "ready". */
import { isMembers } from '../api/parameters.ts'
import type { Reply } from '../api/reply.ts'

/** Whether a server is ready, and by what parts. */
export interface Readiness {
  isReady: boolean
  parts: { name: string; ready: boolean; state: string; detail?: string | undefined }[]
}
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Reads a reply of `/ready`; one that is none is a fault. */
export function readReadiness(reply: Reply<unknown>): Reply<Readiness> {
  if (reply.fault) return reply
  const { value, headers } = reply
  if (!isMembers(value) || !Array.isArray(value.parts)) return { fault: { kind: 'broken' } }
  const parts = value.parts.filter(isMembers).map(({ name, ready, state, detail }) => ({
    name: textOf(name),
    ready: ready === true,
    state: textOf(state),
    ...(typeof detail === 'string' && { detail }),
  }))
  const isReady = value.status === 'ready' && parts.length > 0 && parts.every(({ ready }) => ready)
  return { value: { isReady, parts }, headers }
}

/** Numbers of an hour. */
export interface Hour {
  since: string
  workers: number | undefined
  requests: { total: number; refused: number; failed: number }
  evaluations: {
    total: number
    by: { decision: string; format: string; count: number }[]
    half?: number
    most?: number
  }
  /** Questions that were marked as tries, and are in no other number. */
  tries: number
  minutes: number[]
}

const numberOf = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0

/** Reads a reply of `/last-hour`. */
export function readHour(reply: Reply<unknown>): Reply<Hour> {
  if (reply.fault) return reply
  const { value, headers } = reply
  if (!isMembers(value) || !isMembers(value.requests) || !isMembers(value.evaluations))
    return { fault: { kind: 'broken' } }
  const { requests, evaluations, workers, since, tries, minutes } = value
  const { milliseconds } = evaluations
  const within = isMembers(milliseconds) ? milliseconds : {}
  const by = Array.isArray(evaluations.by) ? evaluations.by.filter(isMembers) : []
  return {
    headers,
    value: {
      since: textOf(since),
      workers: typeof workers === 'number' ? workers : undefined,
      requests: {
        total: numberOf(requests.total),
        refused: numberOf(requests.refused),
        failed: numberOf(requests.failed),
      },
      evaluations: {
        total: numberOf(evaluations.total),
        by: by.map(({ decision, format, count }) => ({
          decision: textOf(decision),
          format: textOf(format),
          count: numberOf(count),
        })),
        ...(typeof within.half === 'number' && { half: within.half }),
        ...(typeof within.most === 'number' && { most: within.most }),
      },
      tries: numberOf(tries),
      minutes: Array.isArray(minutes) ? minutes.slice(-60).map(numberOf) : [],
    },
  }
}
