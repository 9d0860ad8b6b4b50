import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, resolve } from 'node:path'

const root = resolve(dirname(new URL(import.meta.url).pathname), '../..')

/** A server in a process of its own, as a user starts it. */
export interface ServerProcess {
  /** Without `/fhir` and without a trailing slash. */
  url: string
  process: ChildProcess
  /** Everything printed so far, standard output and error. */
  output(): string
  /** Waits until `/ready` answers 200: own content is loaded. Fails after a minute, or what is given. */
  ready(milliseconds?: number): Promise<void>
  /** Ends it with SIGTERM and waits. */
  stop(): Promise<void>
}

/** Starts `vidimus serve` on a free port; resolves when it says where it listens. */
export async function startServerProcess(environment: Record<string, string>): Promise<ServerProcess> {
  const child = spawn(process.execPath, ['src/vidimus.js', 'serve'], {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  const url = await new Promise<string>((done, fail) => {
    const read = (chunk: Buffer) => {
      if (printed.length < 1_000_000) printed += chunk.toString()
      const found = /(http:\/\/[^\s/]+)\/fhir/.exec(printed)
      if (found?.[1]) done(found[1])
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('error', fail)
    child.on('exit', (code) => fail(new Error(`the server ended with ${code} before it listened:\n${printed}`)))
  })
  return {
    url,
    process: child,
    output: () => printed,
    ready: async (milliseconds = 60_000) => {
      const end = Date.now() + milliseconds
      while (!(await fetch(`${url}/ready`)).ok) {
        if (Date.now() > end) throw new Error(`the server is not ready after ${milliseconds / 1000} s:\n${printed}`)
        await new Promise((next) => setTimeout(next, 100))
      }
    },
    stop: () =>
      new Promise((done) => {
        if (child.exitCode !== null || child.signalCode !== null) return done()
        child.once('exit', () => done())
        child.kill('SIGTERM')
      }),
  }
}
