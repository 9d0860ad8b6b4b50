import { type ChildProcess, fork } from 'node:child_process'
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { createPost, type Post, type Readers } from './letters.ts'
import type { ListenerKind, ToFirst, ToWorker } from './protocol.ts'
import { passLines } from './whole-lines.ts'

/** A worker as the first process has it. */
export interface ServingProcess {
  /** Of this process alone. */
  id: number
  pid: number | undefined
  post: Post<ToWorker>
  /** Hands over a connection, of which this process keeps its own end until the worker has taken it. */
  give(connection: { id: number; kind: ListenerKind }, socket: Socket): void
  /** Ends it at once. */
  kill(): void
  /** How it ended, as the shell says it: its exit code, or 128 and the number of the signal. */
  ended: Promise<number>
}

/** Where a worker's lines go. */
export interface LineWriters {
  out(lines: string): void
  err(lines: string): void
}

const outputMilliseconds = 300

/**
 * Starts a program that serves, with the settings of this process. It begins when it is told to, and ends when the channel does.
 * @param command program of Node, and its arguments
 */
export function startServing(
  id: number,
  [program, ...args]: readonly [string, ...string[]],
  { readers, lines }: { readers: Readers<ToFirst>; lines: LineWriters },
): ServingProcess {
  const child = fork(program, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  passLines(child.stdout, lines.out)
  passLines(child.stderr, lines.err)
  const post = createPost<ToWorker, ToFirst>((letter) => send(child, letter), readers)
  child.on('message', post.receive)
  const ended = new Promise<number>((resolve) => {
    // One that could not be started never exits.
    child.once('error', () => child.pid === undefined && resolve(1))
    child.once('exit', (code, signal) => {
      post.end()
      const end = () => resolve(code ?? (signal ? 128 + constants.signals[signal] : 1))
      // What it said last is passed on first; a process that it has started may keep its output open.
      child.once('close', end)
      setTimeout(end, outputMilliseconds)
    })
  })
  return {
    id,
    pid: child.pid,
    post,
    give: (connection, socket) => send(child, { topic: 'connection', body: connection }, socket),
    kill: () => child.kill('SIGKILL'),
    ended,
  }
}

/** What a process that ends does not get any more is no news: its end is. */
function send(child: ChildProcess, letter: object, socket?: Socket): void {
  if (!child.connected) return
  if (socket) child.send(letter, socket, { keepOpen: true }, () => {})
  else child.send(letter, () => {})
}
