/** `credentialImage`: the codes on a picture, read in processes of their own. */
import { FhirError } from '../fhir/error.ts'
import { JobFailure, jobRefusal } from '../workers/job-failure.ts'
import { createJobPool, type JobCall } from '../workers/job-pool.ts'
import type { ImageReading, Picture } from './read-picture.ts'

export type { ImageCode, ImageReading } from './read-picture.ts'

/** Reads pictures that anybody may send. */
export interface ImageReader {
  /**
   * The codes on a picture, or why it is not read (a file that is wrong or too costly is an answer, no exception).
   * @throws FhirError 429, 503 when too many pictures are waiting or the server is closing; 500 for a fault of this server
   */
  read(image: Picture, call: Pick<JobCall, 'client' | 'isGone'>): Promise<ImageReading>
  /** Ids of the processes that run, for measurements. */
  pids(): number[]
  close(): Promise<void>
}

/** What is set for the processes. */
export interface ImageReaderOptions {
  /** Most at a time. */
  processes: number
  /** CPU time of one picture, default 2. */
  cpuSeconds?: number
}

/** What one picture may cost (docs/security.md). */
const pictureCost = { cpuSeconds: 2, memoryMegabytes: 256 }

/** Beginning costs a third of a second: a border post that scans one picture a minute is not made to pay that each time. */
const idleSeconds = 300

/** A picture that waits holds up to 10 MB of the server's memory. */
const waiting = { each: 4, all: 12 }

/** Makes the pool of processes; the first one starts at the first picture. */
export function createImageReader({ processes, cpuSeconds = pictureCost.cpuSeconds }: ImageReaderOptions): ImageReader {
  const pool = createJobPool<Picture, ImageReading>(new URL('./image-worker.ts', import.meta.url), {
    processes,
    idleSeconds,
    waiting,
    // Five programs with up to 32 MB each that they keep, as far as pictures of all kinds come, and what is compiled of them.
    programMegabytes: 128,
    memoryMegabytes: pictureCost.memoryMegabytes,
    jobsPerProcess: 1_000,
  })
  return {
    async read(image, call) {
      try {
        return await pool.run(image, { ...call, cpuSeconds })
      } catch (error) {
        return costlyReading(error)
      }
    },
    pids: pool.pids,
    close: () => pool.close(),
  }
}

/** That a picture costs too much is said of the picture; anything else is thrown on. */
function costlyReading(error: unknown): ImageReading {
  const isCostly = error instanceof JobFailure && (error.reason === 'cpu' || error.reason === 'memory')
  if (isCostly) return { fault: `Reading the picture takes too much: ${error.message}`, tooCostly: true }
  const refusal = jobRefusal(error, 'the reading of the picture')
  // What the process was too small for.
  if (refusal instanceof FhirError && refusal.status === 422)
    return { fault: 'Reading the picture takes too much', tooCostly: true }
  throw refusal
}
