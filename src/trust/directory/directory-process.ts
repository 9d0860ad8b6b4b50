import type { ChildProcess } from 'node:child_process'
import { forkProgram } from '../../workers/fork-program.ts'
import type { ProofHasher, ProofJob } from './seal.ts'

/** What the process sends: the 64 bytes of a job. */
export interface HashAnswer {
  hashed: Uint8Array
}

/** Hashes documents in a process of its own: five hundred keys take a third of a second. */
export interface HashProcess {
  /** One document at a time. Rejects when the process ends or takes too long; the next document gets a new one. */
  hash: ProofHasher
  /** Ends the process. */
  close(): void
}

const TIMEOUT_SECONDS = 120
const HEAP_MEGABYTES = 1024
const ownProgram = new URL('directory-worker.ts', import.meta.url)

/** Makes a process that hashes; it is started with its first document and must be closed after the last. */
export function createHashProcess(program = ownProgram, timeoutSeconds = TIMEOUT_SECONDS): HashProcess {
  let child: ChildProcess | undefined
  const close = () => {
    child?.kill('SIGKILL')
    child = undefined
  }
  return {
    close,
    async hash(job) {
      if (!child?.connected) child = forkProgram(program, HEAP_MEGABYTES)
      try {
        return await runJob(child, job, timeoutSeconds)
      } catch (error) {
        close()
        throw error
      }
    },
  }
}

function runJob(child: ChildProcess, job: ProofJob, timeoutSeconds: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(timer)
      child.off('message', receive).off('error', failed).off('exit', ended)
      end()
    }
    const fail = (text: string) => settle(() => reject(new Error(`the directory could not be made: ${text}`)))
    const receive = ({ hashed }: HashAnswer) => settle(() => resolve(hashed))
    const failed = (error: Error) => fail(error.message)
    const ended = (code: number | null, signal: string | null) =>
      fail(`its process ended (${signal ?? `exit code ${code}`})`)
    const timer = setTimeout(() => fail(`no answer within ${timeoutSeconds} s`), timeoutSeconds * 1000)
    child.on('message', receive).on('error', failed).on('exit', ended)
    child.send(job, (error) => error && fail(error.message))
  })
}
