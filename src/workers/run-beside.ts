import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'

/** Nice value of what runs beside the server: requests come first, but some of them may wait for it. */
const besidePriority = 5

/**
 * Runs a command of the server's own beside it, with its environment and its output, until it ends, or ends it when the signal comes.
 * By its channel the program knows when this process is no more, however it ended.
 * @returns its exit code, or the signal that ended it
 */
export async function runBeside(
  [program, ...args]: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<number | string> {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const exited = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject).once('exit', (code, killedBy) => resolve(code ?? killedBy ?? ''))
  })
  const stop = () => child.kill('SIGTERM')
  signal.addEventListener('abort', stop)
  try {
    if (child.pid !== undefined) setPriority(child.pid, besidePriority)
    return await exited
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
