/** What holds for a server, divided among its workers: all together keep what is configured. */
import type { Config } from '../../config.ts'

/** The configuration of one of so many workers, and what of it is more for all together than was asked for. */
export interface Divided {
  config: Config
  /** For the operator, in sentences. */
  remarks: string[]
}

/** With two job processes no client has all of them. */
const fewestJobProcesses = 2

/** Divides it. What counts by client is shared (requests, connections), and not divided. */
export function divided(config: Config, workers: number): Divided {
  const { requestLimits, connectionLimits, jobProcesses } = config
  const part = (all: number) => Math.ceil(all / workers)
  // Each must be able to take one body, and to write one reply.
  const largest = Math.max(config.bodyLimitBytes, requestLimits.replyBytes)
  const bytes = Math.max(part(requestLimits.bytes), largest)
  const replyBytes = Math.max(part(connectionLimits.replyBytes), largest)
  const jobs = Math.max(part(jobProcesses), Math.min(jobProcesses, fewestJobProcesses))
  const remarks: string[] = []
  if (bytes * workers > requestLimits.bytes && bytes > part(requestLimits.bytes))
    remarks.push(
      `MAX_UNFINISHED_BYTES is ${bytes * workers} for ${workers} workers together: each must take one body of BODY_LIMIT_BYTES and one reply of REPLY_LIMIT_BYTES`,
    )
  if (jobs * workers > jobProcesses && jobs > part(jobProcesses))
    remarks.push(
      `JOB_PROCESSES is ${jobs * workers} of each kind for ${workers} workers together: ${jobs} for each, so that no client has all of a worker's`,
    )
  return {
    config: {
      ...config,
      jobProcesses: jobs,
      requestLimits: {
        ...requestLimits,
        bodies: part(requestLimits.bodies),
        bodiesOfOne: part(requestLimits.bodiesOfOne),
        bytes,
      },
      connectionLimits: { ...connectionLimits, replyBytes },
    },
    remarks,
  }
}
