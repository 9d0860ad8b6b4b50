import { createForkedProgram } from '../../workers/forked-program.ts'
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
  const forked = createForkedProgram<ProofJob, HashAnswer, Uint8Array>(program, {
    heapMegabytes: HEAP_MEGABYTES,
    timeoutSeconds,
    resultOf: ({ hashed }) => hashed,
    failure: (text) => new Error(`the directory could not be made: ${text}`),
  })
  return { close: forked.close, hash: forked.run }
}
