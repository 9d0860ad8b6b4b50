/**
 * From the start of the process to the first verdict over HTTP: on an empty data folder, and later; of a verdict by a kit without a
 * server. Beside them a bare process of Node that does nothing, so that the machine does not count.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makePreparedStore } from '../scripts/build-prepared-store.ts'
import { startServerProcess } from '../test/support/server-process.ts'
import { json } from './support/harness/baselines.ts'
import type { Measured } from './support/harness/figure.ts'
import { beside, costFrom, costOfWork, type Effort, foundBaseline, timeFigure } from './support/harness/measure.ts'
import { runProgram, verdictByKit } from './support/kit.ts'
import { cpuMicroseconds } from './support/processes.ts'
import { certificates } from './support/whole-evaluate.ts'

const bareNode = 'bare node'

export async function bench(effort: Effort): Promise<Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  try {
    // As `npm ci` leaves it.
    await makePreparedStore()
    return await measureAll(folder, effort)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureAll(folder: string, effort: Effort): Promise<Measured[]> {
  const byKit = await verdictByKit(folder)
  const later = join(folder, 'later')
  // The first of all compiles, and makes the data of the later starts.
  await firstVerdict(later)
  await runProgram(byKit)
  const found: { bare: number; first: Start; later: Start; kit: number }[] = []
  for (let round = 0; round < (effort.isQuick ? 3 : 7); round++)
    found.push({
      bare: (await runProgram({ args: ['-e', '0'], environment: {} })).elapsed,
      first: await firstVerdict(join(folder, `first-${round}`)),
      later: await firstVerdict(later),
      kit: (await runProgram(byKit)).elapsed,
    })
  const bare = found.map((each) => 1000 * each.bare)
  foundBaseline(bareNode, bare)
  const cost = (of: (each: (typeof found)[number]) => number) =>
    costFrom(
      found.map((each) => 1000 * of(each)),
      bare,
      bareNode,
    )
  const work = await costOfWork(json.make(), effort)
  const cpu = (starts: Start[]) => beside(work, Math.min(...starts.map((each) => each.cpu)))
  const telling = (value: number) => ({ target: { value }, tolerance: 0.3 })
  const firsts = found.map((each) => each.first)
  const laters = found.map((each) => each.later)
  return [
    timeFigure(
      'first start, empty folder, to the first verdict',
      cost((each) => each.first.elapsed),
      'ms',
      telling(3000),
    ),
    timeFigure('first start: CPU of the server until then', cpu(firsts), 'ms', { tolerance: 0.25 }),
    timeFigure(
      'later start to the first verdict',
      cost((each) => each.later.elapsed),
      'ms',
      telling(700),
    ),
    timeFigure(
      'later start until it listens',
      cost((each) => each.later.listens),
      'ms',
      { tolerance: 0.3 },
    ),
    timeFigure('later start: CPU of the server until the verdict', cpu(laters), 'ms', { tolerance: 0.25 }),
    timeFigure(
      'evaluate --kit to its verdict',
      cost((each) => each.kit),
      'ms',
      telling(500),
    ),
  ]
}

/** Milliseconds. */
interface Start {
  listens: number
  elapsed: number
  cpu: number
}

/** Starts a server and has one certificate judged; the demonstration's issuer of a new folder is made by the server. */
async function firstVerdict(dataDir: string): Promise<Start> {
  const known = existsSync(dataDir) ? certificates(dataDir)() : undefined
  const start = performance.now()
  const server = await startServerProcess({ DATA_DIR: dataDir, ACCESS_LOG: 'off' })
  try {
    const listens = performance.now() - start
    const headers = { 'content-type': 'application/fhir+json' }
    const body = known ?? certificates(dataDir)()
    const reply = await fetch(`${server.url}/fhir/$evaluate`, { method: 'POST', body, headers })
    const text = await reply.text()
    const elapsed = performance.now() - start
    if (!text.includes('"accepted"')) throw new Error(`the certificate was not accepted: ${text.slice(0, 400)}`)
    return { listens, elapsed, cpu: cpuMicroseconds(server.process.pid ?? 0) / 1000 }
  } finally {
    await server.stop()
  }
}
