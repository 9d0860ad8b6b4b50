import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * Starts a program in a process with a limited heap and a channel for messages; the caller keeps its time. It gets nothing of the
 * server's settings and secrets, and nothing of what it does is written anywhere.
 */
export function forkProgram(program: URL, heapMegabytes: number): ChildProcess {
  const child = fork(fileURLToPath(program), [], {
    execArgv: [`--max-old-space-size=${heapMegabytes}`],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
    env: { TZ: 'UTC' },
  })
  // After a job has failed, what else goes wrong with its process is no news.
  return child.on('error', () => {})
}
