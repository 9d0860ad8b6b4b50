import type { ChildProcess } from 'node:child_process'
import { forkProgram } from './fork-program.ts'

/** How a {@link ForkedProgram} is run. */
export interface ForkedProgramOptions<Answer, Result> {
  heapMegabytes: number
  /** For one job, from the start of the process on: a busy machine may need many times the usual second. */
  timeoutSeconds: number
  /** The result in a message of the program; undefined for a message that is none. */
  resultOf(answer: Answer): Result | undefined
  /** The error of a job that was not done, of why. */
  failure(text: string): Error
}

/** A program in a process of its own, which takes one job at a time. */
export interface ForkedProgram<Job, Result> {
  /** Rejects when the process ends or takes too long; the next job gets a new one. */
  run(job: Job): Promise<Result>
  /** Ends the process. */
  close(): void
}

/** Makes a program that is started with its first job and must be closed after the last. */
export function createForkedProgram<Job extends object, Answer, Result>(
  program: URL,
  options: ForkedProgramOptions<Answer, Result>,
): ForkedProgram<Job, Result> {
  let child: ChildProcess | undefined
  const close = () => {
    child?.kill('SIGKILL')
    child = undefined
  }
  return {
    close,
    async run(job) {
      if (!child?.connected) child = forkProgram(program, options.heapMegabytes)
      try {
        return await runJob(child, job, options)
      } catch (error) {
        close()
        throw error
      }
    },
  }
}

/** A process that is still loading keeps the job until it listens. */
function runJob<Answer, Result>(
  child: ChildProcess,
  job: object,
  { timeoutSeconds, resultOf, failure }: ForkedProgramOptions<Answer, Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(timer)
      child.off('message', receive).off('error', failed).off('exit', ended)
      end()
    }
    const fail = (text: string) => settle(() => reject(failure(text)))
    const receive = (answer: Answer) => {
      const result = resultOf(answer)
      if (result !== undefined) settle(() => resolve(result))
    }
    const failed = (error: Error) => fail(error.message)
    const ended = (code: number | null, signal: string | null) =>
      fail(`its process ended (${signal ?? `exit code ${code}`})`)
    const timer = setTimeout(() => fail(`no answer within ${timeoutSeconds} s`), timeoutSeconds * 1000)
    child.on('message', receive).on('error', failed).on('exit', ended)
    child.send(job, (error) => error && fail(error.message))
  })
}
