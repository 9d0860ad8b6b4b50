/** Resident memory of a server: when nobody asks it anything, after the first verdict, and after many of them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makePreparedStore } from '../scripts/build-prepared-store.ts'
import { type ServerProcess, startServerProcess } from '../test/support/server-process.ts'
import type { Measured } from './support/harness/figure.ts'
import { type Effort, plainFigure } from './support/harness/measure.ts'
import { Skipped } from './support/harness/sections.ts'
import { certificates } from './support/whole-evaluate.ts'

/** After the start a collection of garbage, and what the system takes back. */
const idleMilliseconds = 3_000
/** What one run differs from the next by. */
const grain = 10

export async function bench({ isQuick }: Effort): Promise<Measured[]> {
  if (process.platform !== 'linux') throw new Skipped('resident memory is read from /proc, which Linux has')
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  try {
    await makePreparedStore()
    const figures = [await idleFigure(dataDir, 'first start')]
    const issue = certificates(dataDir)
    const server = await startServerProcess({ DATA_DIR: dataDir, ACCESS_LOG: 'off' })
    const evaluations = isQuick ? 300 : 3_000
    try {
      await server.ready()
      await sleep(idleMilliseconds)
      figures.push(...idleFigures('later start', memoryOf(server)))
      await evaluate(server, issue)
      figures.push(plainFigure('after the first verdict', memoryOf(server).all, 'MB', { grain }))
      for (let at = 0; at < evaluations; at++) await evaluate(server, issue)
      figures.push(
        plainFigure(`after ${evaluations} verdicts`, memoryOf(server).all, 'MB', { target: { value: 300 }, grain: 20 }),
      )
      return figures
    } finally {
      await server.stop()
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function idleFigure(dataDir: string, name: string): Promise<Measured> {
  const server = await startServerProcess({ DATA_DIR: dataDir, ACCESS_LOG: 'off' })
  try {
    await server.ready()
    await sleep(idleMilliseconds)
    return plainFigure(`${name}, idle`, memoryOf(server).all, 'MB', { target: { value: 150 }, grain })
  } finally {
    await server.stop()
  }
}

const idleFigures = (name: string, { all, own }: Memory): Measured[] => [
  plainFigure(`${name}, idle`, all, 'MB', { target: { value: 150 }, grain }),
  plainFigure(`${name}, idle, without what is read from files`, own, 'MB', { grain }),
]

/** Megabytes; `own`: no page of a file, which the system can take away at any time. */
interface Memory {
  all: number
  own: number
}

function memoryOf(server: ServerProcess): Memory {
  const text = readFileSync(`/proc/${server.process.pid}/status`, 'utf8')
  const megabytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1]) / 1024
  return { all: megabytes('VmRSS'), own: megabytes('RssAnon') }
}

async function evaluate(server: ServerProcess, issue: () => string): Promise<void> {
  const headers = { 'content-type': 'application/fhir+json' }
  const reply = await fetch(`${server.url}/fhir/$evaluate`, { method: 'POST', body: issue(), headers })
  if (!(await reply.text()).includes('"accepted"')) throw new Error('the certificate was not accepted')
}
