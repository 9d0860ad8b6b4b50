import { errorText } from '../base/system-error.ts'
import { FhirError } from '../fhir/error.ts'
import { type Answer as AnswerQuestion, answerQuestions } from './answer-questions.ts'
import { type Budget, createBudget, requestLimits } from './budget.ts'
import { JobFailure } from './job-failure.ts'
import { processUsage } from './process-usage.ts'
import type { ProcessMessage } from './serve-jobs.ts'
import { type SpawnedProgram, spawnProgram } from './spawn-program.ts'
import { outOfMemory, type WatchLimits, watchProcess } from './watch-process.ts'

/** What a process is started with. */
export interface ProcessOptions {
  /** What a job may need beyond what the program itself takes. */
  memoryMegabytes: number
  /** What the program itself comes to keep once it has run some jobs. */
  programMegabytes: number
  answer?: AnswerQuestion
}

/** A process of our own that answers one job at a time. */
export interface JobProcess<Job, Answer> {
  pid: number | undefined
  /** Jobs sent so far. */
  jobs: number
  isEnded(): boolean
  /** Rejects with {@link JobFailure}, after which the process is gone, or with the FhirError that the job made. */
  run(job: Job, call: JobCall): Promise<Answer>
  /** Nothing to do for now: lets the server end. */
  rest(): void
  /** Ends the process; a job that runs fails for that reason. */
  end(failure: JobFailure): void
}

/** Loading the program is no part of a job's time; a machine under load may need many times the usual 2 s. */
const startSeconds = 120

/** How V8 ends a process that is out of memory. */
const memorySignals = new Set(['SIGABRT', 'SIGTRAP', 'SIGILL'])

/** Who sends a job, and what it may use. */
export interface JobCall {
  /** Jobs of one client wait for each other sooner than for those of others. */
  client: string
  /** Of the job; answering its questions may cost the server as much. */
  cpuSeconds: number
  /** Whether nobody waits for the answer any more; looked at while the job waits and runs. */
  isGone?: (() => boolean) | undefined
}

interface Current<Job, Answer> {
  job: Job
  limits: Pick<WatchLimits, 'cpuSeconds' | 'isGone'>
  /** For the questions of the job. */
  budget: Budget
  resolve(answer: Answer): void
  reject(error: Error): void
}

/**
 * Starts a program that calls `serveJobs`. A process and not a thread, because the memory of an ended thread stays with the server
 * (measured: 130 of 165 MB) and a heap limit in a process is sure.
 */
export function startJobProcess<Job, Answer>(program: URL, options: ProcessOptions): JobProcess<Job, Answer> {
  const spawned = spawnProgram(program, options.memoryMegabytes + options.programMegabytes)
  const { child, questions } = spawned
  const pid = child.pid ?? 0
  /** Set once the program is loaded. */
  let limits: Omit<WatchLimits, 'cpuSeconds' | 'isGone'> | undefined
  let current: Current<Job, Answer> | undefined
  let ended: JobFailure | undefined
  const tooLate = () => end(new JobFailure('time', `not started within ${startSeconds} s`))
  const starting = setTimeout(tooLate, startSeconds * 1000)
  let stopWatching = () => clearTimeout(starting)

  const settle = (): Current<Job, Answer> | undefined => {
    stopWatching()
    const job = current
    current = undefined
    return job
  }
  const end = (failure: JobFailure) => {
    if (ended) return
    ended = failure
    silence(spawned)
    settle()?.reject(failure)
  }
  const dispatch = () => {
    if (!limits || !current) return
    const { job } = current
    stopWatching = watchProcess(pid, { ...limits, ...current.limits }, end)
    child.send({ job })
  }
  child.on('message', (message: ProcessMessage<Answer>) => {
    if ('answer' in message) settle()?.resolve(message.answer)
    else if ('refused' in message) settle()?.reject(new FhirError(message.refused.status, message.refused.issues))
    else if ('fault' in message) end(new JobFailure('fault', `${message.fault.name} in a job`, message.fault.frames))
    else {
      stopWatching()
      limits = memoryLimits(pid, options)
      dispatch()
    }
  })
  child.on('error', (error) => end(new JobFailure('fault', errorText(error))))
  child.on('exit', (code, signal) => end(exitFailure(code, signal, options)))
  const answer: AnswerQuestion = async (question) => current?.budget.runAsync(async () => options.answer?.(question))
  answerQuestions(questions, answer, () => end(new JobFailure('fault', 'it asked what is no question')))
  const started: JobProcess<Job, Answer> = {
    pid: child.pid,
    jobs: 0,
    isEnded: () => ended !== undefined,
    run: (job, { client, cpuSeconds, isGone }) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended)
        started.jobs++
        const budget = createBudget({ client, limits: { ...requestLimits, cpuMilliseconds: cpuSeconds * 1000 } })
        current = { job, limits: { cpuSeconds, isGone }, budget, resolve, reject }
        spawned.keepAlive(true)
        dispatch()
      }),
    rest: () => spawned.keepAlive(false),
    end,
  }
  return started
}

/** The program's own share grows while it warms up, by what it may keep. */
function memoryLimits(pid: number, { memoryMegabytes, programMegabytes }: ProcessOptions) {
  const loaded = processUsage(pid)?.residentMegabytes ?? 0
  return { memoryMegabytes, residentMegabytes: loaded + programMegabytes + memoryMegabytes }
}

/** Ends a process; what it still sends concerns nobody. */
function silence({ child, questions }: SpawnedProgram): void {
  for (const each of [child, questions]) {
    each.removeAllListeners()
    each.on('error', () => {})
  }
  questions.destroy()
  child.kill('SIGKILL')
}

function exitFailure(code: number | null, signal: string | null, options: ProcessOptions): JobFailure {
  if (signal !== null && memorySignals.has(signal)) return outOfMemory(options.memoryMegabytes)
  if (signal === 'SIGXCPU') return new JobFailure('cpu', 'more computing than a process may have')
  if (signal !== null) return new JobFailure('killed', `the process was ended from outside (${signal})`)
  return new JobFailure('fault', `the process ended by itself (exit code ${code})`)
}
