import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { questionChannel } from './serve-jobs.ts'

/** A program with its channel for questions. */
export interface SpawnedProgram {
  child: ChildProcess
  questions: Duplex
  /** Whether the process keeps the server from ending. */
  keepAlive(keeps: boolean): void
}

/**
 * Starts a program in a process with a limited heap. It gets nothing of the server's environment, and speaks through its channels
 * alone: nothing of a job is written anywhere.
 */
export function spawnProgram(program: URL, heapMegabytes: number): SpawnedProgram {
  // A program may have its memory tidied between two jobs.
  const node = [process.execPath, `--max-old-space-size=${heapMegabytes}`, '--max-semi-space-size=8', '--expose-gc']
  const command = [...node, fileURLToPath(program)]
  // A core file would hold the data of a job. Where there is no shell there is no ulimit, and the system's own setting holds.
  // A process whose server was killed in the middle of its job ends by the second limit, an hour of computing.
  const shell = ['/bin/sh', '-c', 'ulimit -c 0; ulimit -t 3600; exec "$@"', 'job']
  const [file = '', ...args] = existsSync('/bin/sh') ? [...shell, ...command] : command
  const child = spawn(file, args, {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc', 'pipe'],
    serialization: 'advanced',
    env: { TZ: 'UTC' },
  })
  const questions = child.stdio[questionChannel] as Duplex & { ref?(): void; unref?(): void } // a pipe is a socket
  return {
    child,
    questions,
    keepAlive(keeps) {
      for (const each of [child, child.channel, questions]) {
        if (keeps) each?.ref?.()
        else each?.unref?.()
      }
    },
  }
}
