import { createFairQueue, type QueueLimits } from './fair-queue.ts'
import { JobFailure } from './job-failure.ts'
import { type JobCall, type JobProcess, type ProcessOptions, startJobProcess } from './job-process.ts'
import { clientGone } from './watch-process.ts'

export type { JobCall } from './job-process.ts'

/** Bounds of a {@link JobPool}. */
export interface PoolOptions extends ProcessOptions {
  /** Most processes at a time. */
  processes: number
  /** A process is ended, and its memory given back, when no job came for so long. */
  idleSeconds: number
  /** A process is replaced after so many jobs: some programs keep a little of everything they see. */
  jobsPerProcess: number
  waiting?: QueueLimits
}

/** Processes that answer jobs, started on first need; they never keep the server from ending. */
export interface JobPool<Job, Answer> {
  /** Rejects with {@link JobFailure}, or with the FhirError that the job made. */
  run(job: Job, call: JobCall): Promise<Answer>
  /** Ids of the processes that run, for measurements. */
  pids(): number[]
  close(): Promise<void>
}

/** More would wait longer than any client does. */
const defaultWaiting: QueueLimits = { each: 50, all: 200 }

interface Waiting<Job, Answer> extends JobCall {
  job: Job
  resolve(answer: Answer): void
  reject(error: unknown): void
}

interface Seat<Job, Answer> {
  process: JobProcess<Job, Answer>
  /** Whose job runs. */
  client: string | undefined
  idle: NodeJS.Timeout | undefined
}

/**
 * A pool for a program that calls `serveJobs`. Clients have their turns one after the other, and none has all processes at once as
 * long as there are two.
 */
export function createJobPool<Job, Answer>(program: URL, options: PoolOptions): JobPool<Job, Answer> {
  const queue = createFairQueue<Waiting<Job, Answer>>(options.waiting ?? defaultWaiting)
  const seats = new Set<Seat<Job, Answer>>()
  const mostOfOne = Math.max(1, options.processes - 1)
  let closed = false

  const leave = (seat: Seat<Job, Answer>, failure: JobFailure) => {
    clearTimeout(seat.idle)
    seats.delete(seat)
    seat.process.end(failure)
  }
  const rest = (seat: Seat<Job, Answer>) => {
    seat.process.rest()
    seat.idle = setTimeout(() => leave(seat, new JobFailure('closed', 'idle')), options.idleSeconds * 1000)
    seat.idle.unref()
  }
  const freeSeat = (): Seat<Job, Answer> | undefined => {
    for (const seat of seats) {
      // One that ended while it had nothing to do is no fault of the job that comes now.
      if (seat.process.isEnded()) seats.delete(seat)
      else if (seat.client === undefined) return seat
    }
    if (seats.size >= options.processes) return undefined
    const seat = { process: startJobProcess<Job, Answer>(program, options), client: undefined, idle: undefined }
    seats.add(seat)
    return seat
  }
  const running = (client: string) => {
    let count = 0
    for (const seat of seats) if (seat.client === client) count++
    return count
  }
  const work = async (seat: Seat<Job, Answer>, { job, resolve, reject, ...call }: Waiting<Job, Answer>) => {
    clearTimeout(seat.idle)
    seat.client = call.client
    try {
      resolve(await seat.process.run(job, call))
    } catch (error) {
      if (error instanceof JobFailure) seats.delete(seat)
      reject(error)
    }
    seat.client = undefined
    if (seat.process.jobs >= options.jobsPerProcess) leave(seat, new JobFailure('closed', 'replaced'))
    next()
    if (seat.client === undefined && seats.has(seat)) rest(seat)
  }
  const next = () => {
    while (!closed && queue.size() > 0 && (seats.size < options.processes || [...seats].some(isFree))) {
      const waiting = queue.take((client) => running(client) < mostOfOne)
      if (!waiting) return
      if (waiting.isGone?.()) {
        waiting.reject(clientGone())
        continue
      }
      const seat = freeSeat()
      if (!seat) throw new Error('unreachable: there is a free seat')
      void work(seat, waiting)
    }
  }
  return {
    run: (job, call) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new JobFailure('closed', 'the pool was closed'))
        const outcome = queue.add(call.client, { ...call, job, resolve, reject })
        if (outcome === 'own') return reject(new JobFailure('own-busy', 'its jobs are waiting already'))
        if (outcome === 'all') return reject(new JobFailure('busy', 'many jobs are waiting'))
        next()
      }),
    pids: () => [...seats].flatMap(({ process }) => (process.isEnded() ? [] : (process.pid ?? []))),
    async close() {
      closed = true
      const failure = new JobFailure('closed', 'the pool was closed')
      for (const waiting of queue.drain()) waiting.reject(failure)
      for (const seat of [...seats]) leave(seat, failure)
    },
  }
}

const isFree = ({ client }: { client: string | undefined }) => client === undefined
