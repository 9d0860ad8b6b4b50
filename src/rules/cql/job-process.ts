import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { FhirError, issue } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'

/** Bounds of a {@link JobProcess}. */
export interface JobProcessOptions {
  /** A job that takes longer is ended together with the process. */
  timeoutSeconds: number
  /** The process is ended, and its memory given back, when no job came for so long. */
  idleSeconds: number
  heapMegabytes: number
  /** A process is replaced after so many jobs: the CQL translator keeps 0.4 MB of every text it sees. */
  jobsPerProcess: number
  /** Answers what a job asks of the server while it runs; FhirErrors are handed on. */
  answer?(question: unknown): Promise<unknown>
}

/** A process of our own that answers one job at a time; started on first need, it never keeps the server from ending. */
export interface JobProcess<Job, Answer> {
  /** Rejects with {@link JobFailure}. */
  run(job: Job): Promise<Answer>
  /** Process id while one runs, for measurements. */
  pid(): number | undefined
  close(): Promise<void>
}

/** `busy`: too many jobs are waiting. */
type FailureReason = 'timeout' | 'crash' | 'closed' | 'busy'

/** Why a job has no answer. */
export class JobFailure extends Error {
  readonly reason: FailureReason

  constructor(reason: FailureReason, message: string) {
    super(message)
    this.name = 'JobFailure'
    this.reason = reason
  }
}

/** 503 with Retry-After, for a queue that is full. */
export const busy = (failure: JobFailure) =>
  new FhirError(503, issue('throttled', `the server is busy: ${failure.message}`), { 'Retry-After': '10' })

interface Waiting<Job, Answer> {
  job: Job
  resolve(answer: Answer): void
  reject(error: Error): void
}

/** More would wait longer than any client does. */
const waitingLimit = 200

/** Loading the program is no part of a job's time; a machine under load may need many times the usual 2 s. */
const startSeconds = 60

/**
 * Makes a job process for a program that sends `{ready: true}` when it is loaded and then one `{answer}` per `{job}`. A process and not a
 * thread, because the memory of an ended thread stays with the server (measured: 130 of 165 MB) and a heap limit in a process is sure.
 */
export function createJobProcess<Job, Answer>(program: URL, options: JobProcessOptions): JobProcess<Job, Answer> {
  const waiting: Waiting<Job, Answer>[] = []
  let child: StartedProcess<Job> | undefined
  let current: Waiting<Job, Answer> | undefined
  let closed = false

  const failed = (failure: JobFailure) => {
    const job = current
    current = undefined
    child = undefined
    job?.reject(failure)
    next()
  }
  const answered = (answer: Answer) => {
    const job = current
    current = undefined
    if (child && child.jobs >= options.jobsPerProcess) {
      child.stop()
      child = undefined
    }
    job?.resolve(answer)
    next()
    if (!current) child?.rest()
  }
  const next = () => {
    if (current || closed) return
    current = waiting.shift()
    if (!current) return
    child ??= startProcess(program, options, { answered, failed })
    child.send(current.job)
  }
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new JobFailure('closed', 'the process was closed'))
        if (waiting.length >= waitingLimit) return reject(new JobFailure('busy', `${waitingLimit} jobs are waiting`))
        waiting.push({ job, resolve, reject })
        next()
      }),
    pid: () => child?.pid,
    async close() {
      closed = true
      const failure = new JobFailure('closed', 'the process was closed')
      for (const each of waiting.splice(0)) each.reject(failure)
      child?.end(failure)
    },
  }
}

interface StartedProcess<Job> {
  pid: number | undefined
  /** Sent so far. */
  jobs: number
  /** Sends one job, as soon as the program is loaded. */
  send(job: Job): void
  /** Nothing to do: lets the server end, and the process when idle. */
  rest(): void
  /** Ends the process. */
  stop(): void
  /** Ends the process and reports the failure. */
  end(failure: JobFailure): void
}

interface Reports<Answer> {
  answered(answer: Answer): void
  failed(failure: JobFailure): void
}

function startProcess<Job, Answer>(
  program: URL,
  options: JobProcessOptions,
  reports: Reports<Answer>,
): StartedProcess<Job> {
  let ready = false
  let unsent: { job: Job } | undefined
  let timer: NodeJS.Timeout | undefined
  const child = fork(fileURLToPath(program), [], {
    execArgv: [`--max-old-space-size=${options.heapMegabytes}`, '--max-semi-space-size=8'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
    // Nothing of the server's settings and secrets is handed on.
    env: { TZ: 'UTC' },
  })
  const arm = (seconds: number, reason: FailureReason, message: string) => {
    clearTimeout(timer)
    timer = setTimeout(() => end(new JobFailure(reason, message)), seconds * 1000)
  }
  const stop = () => {
    clearTimeout(timer)
    child.removeAllListeners()
    child.on('error', () => {})
    child.kill('SIGKILL')
  }
  const end = (failure: JobFailure) => {
    stop()
    reports.failed(failure)
  }
  const dispatch = () => {
    if (!ready || !unsent) return
    arm(options.timeoutSeconds, 'timeout', `no answer within ${options.timeoutSeconds} s`)
    child.send(unsent)
    unsent = undefined
  }
  child.on('message', (message: FromProcess<Answer>) => {
    if ('answer' in message) reports.answered(message.answer)
    else if ('ask' in message) void reply(message, options, (made) => child.connected && child.send(made))
    else {
      ready = true
      dispatch()
    }
  })
  child.on('error', (error) => end(new JobFailure('crash', error.message)))
  child.on('exit', (code, signal) =>
    end(new JobFailure('crash', `the process ended (${signal ?? `exit code ${code}`})`)),
  )
  arm(startSeconds, 'timeout', `not started within ${startSeconds} s`)
  const started: StartedProcess<Job> = {
    pid: child.pid,
    jobs: 0,
    send(job) {
      started.jobs++
      unsent = { job }
      for (const each of [child, child.channel, timer]) each?.ref()
      dispatch()
    },
    rest() {
      arm(options.idleSeconds, 'closed', 'idle')
      for (const each of [child, child.channel, timer]) each?.unref()
    },
    stop,
    end,
  }
  return started
}

type FromProcess<Answer> = { ready: true } | { answer: Answer } | Question
interface Question {
  ask: number
  question: unknown
}
type ToProcess<Job> = { job: Job } | Reply
interface Reply {
  reply: number
  value?: unknown
  error?: { status: number; issues: Issue[] }
}

/** Never rejects: every outcome is sent. */
async function reply(
  { ask, question }: Question,
  options: JobProcessOptions,
  send: (made: Reply) => void,
): Promise<void> {
  try {
    send({ reply: ask, value: await options.answer?.(question) })
  } catch (error) {
    const { status, issues } =
      error instanceof FhirError
        ? error
        : { status: 500, issues: [issue('exception', 'the server could not answer the job')] }
    send({ reply: ask, error: { status, issues } })
  }
}

/**
 * The other side: answers jobs in a process made by {@link createJobProcess}. `ask` puts a question to the server.
 * An answer function turns failures into answers; what it throws is a bug, and the server sees the process end.
 */
export function serveJobs<Job, Answer>(
  answer: (job: Job, ask: (question: unknown) => Promise<unknown>) => Answer | Promise<Answer>,
): void {
  const asked = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  const send = (message: object) => process.send?.(message)
  const ask = (question: unknown) =>
    new Promise<unknown>((resolve, reject) => {
      const number = asked.size + 1
      asked.set(number, { resolve, reject })
      send({ ask: number, question })
    })
  process.on('message', (message: ToProcess<Job>) => {
    if ('job' in message) {
      asked.clear()
      Promise.resolve(answer(message.job, ask)).then(
        (made) => send({ answer: made }),
        () => process.exit(1),
      )
      return
    }
    const waiting = asked.get(message.reply)
    if (message.error) waiting?.reject(new FhirError(message.error.status, message.error.issues))
    else waiting?.resolve(message.value)
  })
  send({ ready: true })
}
