/** What a server answered within the last hour, minute by minute, for the people who look after it: numbers alone, nothing of a person. */
import type { Config } from '../../config.ts'
import type { Evaluate } from '../../evaluate/evaluate.ts'
import type { Operation } from '../../fhir/operation.ts'
import type { Parameters } from '../../fhir/types.ts'
import type { AccessLog, AccessLogEntry } from '../../http/audit/access-log.ts'
import type { HttpHooks } from '../../http/context.ts'
import { durationBounds } from '../../http/metrics/duration-bounds.ts'
import type { OperationContext } from '../../operations/context.ts'
import { withEvaluate } from './evaluations.ts'
import { metricsGuard } from './metrics-guard.ts'

const minuteMilliseconds = 60_000
const minutesKept = 60
/** There are sixteen words of a verdict and a dozen formats; should anything ever make more, it is counted together. */
const mostKinds = 100

/** One minute. */
interface Minute {
  /** Since the beginning of the clock, in minutes. */
  number: number
  requests: number
  /** Refused (4xx), and failed (5xx). */
  refused: number
  failed: number
  /** By decision and format, a blank between them. */
  evaluations: Map<string, number>
  /** Evaluations that were marked as tries. */
  tries: number
  /** Durations of evaluations up to each bound, each for itself, and above all at the end. */
  durations: number[]
}

/** An hour as it is told. */
export interface LastHour {
  /** Beginning of the first minute that is counted, ISO 8601: an hour ago, or when the server started. */
  since: string
  until: string
  /** Processes that answer together; the numbers are those of the one that answers this. */
  workers?: number
  requests: { total: number; refused: number; failed: number }
  evaluations: {
    total: number
    /** By decision and format of the credential. */
    by: { decision: string; format: string; count: number }[]
    /** Upper bounds of the time that half of them took, and all but a twentieth, in milliseconds; absent without any, or beyond all bounds. */
    milliseconds: { half?: number; most?: number }
  }
  /** Evaluations that who asked had marked as tries (docs/monitoring.md); they are in no other number of evaluations. */
  tries: number
  /** Evaluations in each minute, the oldest first. */
  minutes: number[]
}

/** Counts the last hour. */
export interface HourCounter {
  answered(entry: Pick<AccessLogEntry, 'status'>): void
  evaluated(decision: string, format: string, milliseconds: number): void
  tried(): void
  read(): LastHour
}

/** Counts from nothing. @param now the server's clock: one that jumps leaves minutes out, and mixes none */
export function createHourCounter(now: () => Date): HourCounter {
  const started = now()
  const minutes: Minute[] = []
  const numberOf = (moment: Date) => Math.floor(moment.getTime() / minuteMilliseconds)
  const current = (): Minute => {
    const number = numberOf(now())
    const slot = number % minutesKept
    const found = minutes[slot]
    if (found?.number === number) return found
    const made: Minute = {
      number,
      requests: 0,
      refused: 0,
      failed: 0,
      evaluations: new Map(),
      tries: 0,
      durations: new Array(durationBounds.length + 1).fill(0),
    }
    minutes[slot] = made
    return made
  }
  return {
    answered({ status }) {
      const minute = current()
      minute.requests += 1
      if (status >= 500) minute.failed += 1
      else if (status >= 400) minute.refused += 1
    },
    evaluated(decision, format, milliseconds) {
      const { evaluations, durations } = current()
      const kind = `${decision} ${format}`
      const key = evaluations.has(kind) || evaluations.size < mostKinds ? kind : 'other other'
      evaluations.set(key, (evaluations.get(key) ?? 0) + 1)
      const at = durationBounds.findIndex((bound) => milliseconds <= bound * 1_000)
      const slot = at < 0 ? durationBounds.length : at
      durations[slot] = (durations[slot] ?? 0) + 1
    },
    tried() {
      current().tries += 1
    },
    read() {
      const until = now()
      const last = numberOf(until)
      const first = last - minutesKept + 1
      const kept = minutes.filter((each) => each && each.number >= first && each.number <= last)
      const begins = Math.max(first * minuteMilliseconds, Math.min(started.getTime(), until.getTime()))
      return { since: new Date(begins).toISOString(), until: until.toISOString(), ...summed(kept, first) }
    },
  }
}

function summed(kept: Minute[], first: number): Pick<LastHour, 'requests' | 'evaluations' | 'tries' | 'minutes'> {
  const sum = (of: (minute: Minute) => number) => kept.reduce((all, minute) => all + of(minute), 0)
  const counts = new Map<string, number>()
  const minutes: number[] = new Array(minutesKept).fill(0)
  for (const { number, evaluations } of kept)
    for (const [kind, count] of evaluations) {
      counts.set(kind, (counts.get(kind) ?? 0) + count)
      minutes[number - first] = (minutes[number - first] ?? 0) + count
    }
  const durations = durationBounds.map((_, index) => sum((minute) => minute.durations[index] ?? 0))
  const total = [...counts.values()].reduce((all, each) => all + each, 0)
  const by = [...counts].map(([kind, count]) => {
    const [decision = '', format = ''] = kind.split(' ')
    return { decision, format, count }
  })
  const half = boundOf(durations, total * 0.5)
  const most = boundOf(durations, total * 0.95)
  return {
    requests: {
      total: sum((each) => each.requests),
      refused: sum((each) => each.refused),
      failed: sum((each) => each.failed),
    },
    evaluations: {
      total,
      by: by.sort((a, b) => b.count - a.count),
      milliseconds: { ...(half !== undefined && { half }), ...(most !== undefined && { most }) },
    },
    tries: sum((each) => each.tries),
    minutes,
  }
}

/** The bound that so many stay within. */
function boundOf(durations: number[], wanted: number): number | undefined {
  if (wanted === 0) return undefined
  let seen = 0
  for (const [index, count] of durations.entries()) {
    seen += count
    if (seen >= wanted) return (durationBounds[index] ?? 0) * 1_000
  }
  return undefined
}

/** What counts the last hour, on the way of requests. */
export interface HourWatch {
  hooks: Pick<HttpHooks, 'lastHour'>
  answered(access: AccessLog | undefined): AccessLog | undefined
  operations(all: Operation<OperationContext>[]): Operation<OperationContext>[]
}

/**
 * Where METRICS shows numbers, these are shown to the same people; without METRICS a development server shows them to everybody, and a
 * production server counts nothing.
 */
export function createHourWatch(
  config: Pick<Config, 'metrics' | 'metricsToken' | 'production'>,
  { now, elapsed, workers }: { now(): Date; elapsed(): number; workers(): number | undefined },
): HourWatch {
  const { metrics, metricsToken, production } = config
  if (metrics === 'off' && production) return { hooks: {}, answered: (access) => access, operations: (all) => all }
  const counter = createHourCounter(now)
  return {
    hooks: {
      lastHour: {
        read: () => {
          const together = workers()
          return { ...counter.read(), ...(together === undefined ? {} : { workers: together }) }
        },
        check: metricsGuard(metricsToken),
      },
    },
    answered: (access) => (entry) => {
      counter.answered(entry)
      access?.(entry)
    },
    operations: (all) => withEvaluate(all, (evaluate) => timed(evaluate, counter, elapsed)),
  }
}

/** Whether a question is marked as test data (`HTEST` of v3-ActReason): somebody tries something, and nobody stands at a desk. */
const isTry = ({ meta }: Parameters): boolean =>
  (meta?.tag ?? []).some(
    ({ system, code }) => code === 'HTEST' && system === 'http://terminology.hl7.org/CodeSystem/v3-ActReason',
  )

/** An `$evaluate` whose answers are counted with the time that they took. */
function timed(evaluate: Evaluate, counter: HourCounter, elapsed: () => number): Evaluate {
  return {
    ...evaluate,
    answer(parameters, call) {
      const begun = elapsed()
      return evaluate.answer(parameters, {
        ...call,
        told(found) {
          if (isTry(parameters)) counter.tried()
          else counter.evaluated(found.decision, found.format || 'none', elapsed() - begun)
          call.told?.(found)
        },
      })
    },
  }
}
