import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'

/** Nice value of what runs beside: requests come first, though some of them wait for it. */
const priority = 5

/**
 * Runs a program of our own beside this one until it ends, with its output going where ours goes; it is ended when the signal comes.
 * By its channel to this process (`process.connected`) it knows when this process is no more, however that ended.
 * @returns its exit code, or the name of the signal that ended it
 */
export async function runBeside(
  [program, ...args]: readonly [program: string, ...args: string[]],
  signal: AbortSignal,
): Promise<number | string> {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  const stop = () => child.kill('SIGTERM')
  signal.addEventListener('abort', stop)
  try {
    if (child.pid !== undefined) setPriority(child.pid, priority)
    const [code, killedBy] = await exited
    return code ?? killedBy
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
