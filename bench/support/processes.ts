/** Processes that a benchmark measures, and what they used. */
import { type ChildProcess, fork } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Starts a file of this folder as a process that speaks by messages. */
export const startSupport = (file: string, ...argv: string[]): ChildProcess =>
  fork(fileURLToPath(new URL(file, import.meta.url)), argv, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })

/** Sends a message and waits for the answer. Rejects when the process ends before. */
export function ask<T>(child: ChildProcess, message: object): Promise<T> {
  return new Promise((resolve, reject) => {
    const failed = (code: number | null) => reject(new Error(`a process of the benchmark ended with ${code}`))
    child.once('exit', failed)
    child.once('message', (answer) => {
      child.off('exit', failed)
      resolve(answer as T)
    })
    child.send(message)
  })
}

/** CPU time of a process and all of its threads so far, in microseconds: nanoseconds of the scheduler, so Linux alone. */
export function cpuMicroseconds(pid: number): number {
  const tasks = `/proc/${pid}/task`
  return readdirSync(tasks).reduce(
    (sum, task) => sum + Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]) / 1000,
    0,
  )
}
