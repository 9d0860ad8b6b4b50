import { JobFailure } from './job-failure.ts'
import { processUsage } from './process-usage.ts'

/** What a job may use; the process is looked at while it runs. */
export interface WatchLimits {
  cpuSeconds: number
  /** Of the whole process. */
  residentMegabytes: number
  /** What of that is the job's: the number a client is told. */
  memoryMegabytes: number
  /** Whether nobody waits for the job any more. */
  isGone?: (() => boolean) | undefined
}

/** A job that neither computes nor ends is given up: this often its CPU time, and at least so long. */
const hangFactor = 30
const hangSeconds = 30
const watchMilliseconds = 25

/**
 * Looks at a process now and then, until the returned function is called, and tells when it uses more than it may. Where the system
 * does not tell the CPU time of a process (no /proc), time that passes is taken for it.
 */
export function watchProcess(pid: number, limits: WatchLimits, tell: (failure: JobFailure) => void): () => void {
  const started = performance.now()
  const cpuBefore = processUsage(pid)?.cpuSeconds
  const longest = Math.max(hangSeconds, limits.cpuSeconds * hangFactor)
  const timer = setInterval(() => {
    const seconds = (performance.now() - started) / 1000
    const usage = processUsage(pid)
    const cpu = usage && cpuBefore !== undefined ? usage.cpuSeconds - cpuBefore : seconds
    if (cpu > limits.cpuSeconds) tell(new JobFailure('cpu', `more than ${limits.cpuSeconds} s of computing`))
    else if (usage && usage.residentMegabytes > limits.residentMegabytes) tell(outOfMemory(limits.memoryMegabytes))
    else if (limits.isGone?.()) tell(clientGone())
    else if (seconds > longest) tell(new JobFailure('time', `no answer within ${longest} s`))
  }, watchMilliseconds)
  return () => clearInterval(timer)
}

/** A job that nobody waits for. */
export const clientGone = () => new JobFailure('gone', 'the client has gone')

/** A job that needed more memory than it may. */
export const outOfMemory = (megabytes: number) => new JobFailure('memory', `more than ${megabytes} MB`)
