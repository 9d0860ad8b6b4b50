/** One test server in a process of its own, with its data in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { answersHello } from './ping.ts'

/** A running test server. */
export interface MongoServer {
  readonly port: number
  /** Where its data lie. */
  readonly folder: string
  /** Connection string of a database. */
  url(database: string): string
  /** Ends it and takes its data away. */
  stop(): Promise<void>
  /** Kills it (-9) and waits until it is gone; its data stay. */
  kill(): Promise<void>
  /** Starts it again on the same port and data, and waits until it answers. */
  restart(): Promise<void>
  /** Stops it where it stands (SIGSTOP): connections stay open, nothing is answered. */
  pause(): void
  /** Lets it go on. */
  resume(): void
}

/** Ends with whoever started it, even when that was killed: then its standard input is closed. */
const program = `
import os, sys, threading
def watch():
    sys.stdin.buffer.read()
    os._exit(1)
threading.Thread(target=watch, daemon=True).start()
from secantus.cli import main
sys.exit(main())
`

/** How long it may take until it answers: a busy machine is slow. */
const startMilliseconds = 60_000

/** How the test server is started. */
export interface MongoServerOptions {
  python: string
  /** Folder of its data, which stays; by default one that goes with it. */
  folder?: string
  /** A free one by default. */
  port?: number
}

/** Starts one. @throws Error when it does not answer within a minute */
export async function startMongo({ python, folder, port: wanted = 0 }: MongoServerOptions): Promise<MongoServer> {
  const home = folder ?? mkdtempSync(join(tmpdir(), 'vidimus-mongodb-'))
  const clear = () => (folder === undefined ? rmSync(home, { recursive: true, force: true, maxRetries: 3 }) : undefined)
  let running: Running
  try {
    running = await begin(python, home, wanted)
  } catch (error) {
    clear()
    throw error
  }
  const { port } = running
  const killNow = () => void running.process.kill('SIGKILL')
  process.once('exit', killNow)
  const ended = async (signal: NodeJS.Signals) => {
    if (isOver(running.process)) return
    const closed = new Promise((resolve) => running.process.once('close', resolve))
    running.process.kill('SIGCONT')
    running.process.kill(signal)
    const late = setTimeout(killNow, 10_000)
    await closed
    clearTimeout(late)
  }
  return {
    port,
    folder: home,
    url: (database) => `mongodb://127.0.0.1:${port}/${database}?replicaSet=secantus`,
    async stop() {
      await ended('SIGTERM')
      process.off('exit', killNow)
      clear()
    },
    kill: () => ended('SIGKILL'),
    async restart() {
      await ended('SIGKILL')
      running = await begin(python, home, port)
    },
    pause: () => void running.process.kill('SIGSTOP'),
    resume: () => void running.process.kill('SIGCONT'),
  }
}

interface Running {
  process: ChildProcess
  port: number
}

const isOver = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null

async function begin(python: string, home: string, wanted: number): Promise<Running> {
  // An empty one of its own: otherwise it looks for settings in the folders of the user and the machine.
  const config = join(home, 'settings.toml')
  writeFileSync(config, '')
  const data = join(home, 'data')
  const args = ['--config', config, '--port', String(wanted), '--storage-path', data, '--sync-on-commit']
  const child = spawn(python, ['-c', program, ...args], {
    cwd: home,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: home, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' },
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-20_000)
  })
  child.on('error', (error) => {
    said += error.message
  })
  const begun = performance.now()
  while (performance.now() - begun < startMilliseconds && !isOver(child)) {
    const port = Number(/listening on [^\s]*:(\d+)/.exec(said)?.[1] ?? 0)
    if (port > 0 && (await answersHello(port))) return { process: child, port }
    await sleep(20)
  }
  child.kill('SIGKILL')
  throw new Error(`The test server does not answer: ${said.slice(-2000)}`)
}
