import type { ChildProcess } from 'node:child_process'
import type { KeyObject } from 'node:crypto'
import { forkProgram } from '../../workers/fork-program.ts'
import type { CheckedList, ListChecker, RefusedList } from './check-list.ts'
import { UnusableSource } from './trust-source.ts'

/** What the process is sent: the list, and the pinned keys in PEM. */
export interface ListJob {
  bytes: Uint8Array
  keys: string[]
}

/** What the process sends. */
export type ListAnswer = { ready: true } | { checked: CheckedList | RefusedList }

/** Bounds of a {@link ListProcess}. A list of 20 MB, the largest that is read, takes a tenth of the time and half of the memory. */
export interface ListProcessLimits {
  /** For one list, from the start of the process on: a busy machine may need many times the usual second. */
  timeoutSeconds: number
  heapMegabytes: number
}

const DEFAULT_LIMITS: ListProcessLimits = { timeoutSeconds: 120, heapMegabytes: 1024 }

/** Checks lists in a process of its own, so that no list, however made, holds up the server or ends it. */
export interface ListProcess {
  /** One list at a time. Rejects with UnusableSource when the process ends or takes too long; the next list gets a new one. */
  check: ListChecker
  /** Ends the process. */
  close(): void
}

/** Makes a list process; it is started with its first list and must be closed after the last. */
export function createListProcess(limits: ListProcessLimits = DEFAULT_LIMITS, program = ownProgram): ListProcess {
  let child: ChildProcess | undefined
  const close = () => {
    child?.kill('SIGKILL')
    child = undefined
  }
  return {
    close,
    async check(bytes, keys) {
      if (!child?.connected) child = forkProgram(program, limits.heapMegabytes)
      try {
        return await runJob(child, jobOf(bytes, keys), limits.timeoutSeconds)
      } catch (error) {
        close()
        throw error
      }
    },
  }
}

const ownProgram = new URL('list-worker.ts', import.meta.url)

const jobOf = (bytes: Uint8Array, keys: KeyObject[]): ListJob => ({
  bytes,
  keys: keys.map((key) => key.export({ type: 'spki', format: 'pem' }).toString()),
})

/** A process that is still loading keeps the job until it listens. */
function runJob(child: ChildProcess, job: ListJob, timeoutSeconds: number): Promise<CheckedList | RefusedList> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(timer)
      child.off('message', receive).off('error', failed).off('exit', ended)
      end()
    }
    const fail = (text: string) => settle(() => reject(new UnusableSource(`the list could not be checked: ${text}`)))
    const receive = (answer: ListAnswer) => {
      if ('checked' in answer) settle(() => resolve(answer.checked))
    }
    const failed = (error: Error) => fail(error.message)
    const ended = (code: number | null, signal: string | null) =>
      fail(`its process ended (${signal ?? `exit code ${code}`})`)
    const timer = setTimeout(() => fail(`no answer within ${timeoutSeconds} s`), timeoutSeconds * 1000)
    child.on('message', receive).on('error', failed).on('exit', ended)
    child.send(job, (error) => error && fail(error.message))
  })
}
