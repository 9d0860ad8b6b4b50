import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startServerProcess } from '../test/support/server-process.ts'
import { json } from './support/harness/baselines.ts'
import type { Measured } from './support/harness/figure.ts'
import {
  type Cost,
  costFrom,
  costs,
  type Effort,
  growthFigure,
  plainFigure,
  timeFigure,
  type Work,
} from './support/harness/measure.ts'
import { Skipped } from './support/harness/sections.ts'
import { signOfLife } from './support/harness/sign-of-life.ts'
import { cpuMicroseconds } from './support/processes.ts'
import { writeRelease } from './support/rf2-release.ts'
import { type Asked, asked, openReleases, plainName } from './support/vocabulary-questions.ts'

/** Concepts of releases: a small system of the same kind, and two that are held against each other. */
const allSizes = { full: [1_000, 50_000, 400_000], quick: [1_000, 5_000, 50_000] }
/** What is wanted of the largest one. */
const wanted = { importSeconds: 90, importMegabytes: 700, fileMegabytes: 350, residentMegabytes: 250, openSeconds: 1 }
/** Two runs differ by so much of memory. */
const grain = 20

/**
 * Generated releases of SNOMED CT from their files to answers: what the command that imports one takes, what a server that has it open
 * keeps in memory, and what questions cost beside the same ones of a small release.
 */
export async function bench(effort: Effort): Promise<Measured[]> {
  if (process.platform !== 'linux') throw new Skipped('memory of processes is read from /proc, which Linux has')
  const sizes = effort.isQuick ? allSizes.quick : allSizes.full
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  try {
    const figures: Measured[] = []
    const places: { concepts: number; dataDir: string; version: string }[] = []
    for (const concepts of sizes) {
      const release = join(folder, `release-${concepts}`)
      const { version } = writeRelease(release, { concepts })
      signOfLife()
      const dataDir = join(folder, `data-${concepts}`)
      mkdirSync(dataDir)
      // What is wanted of imports and of memory is wanted of the largest; the others are there to be asked beside it.
      if (concepts === sizes.at(-1)) figures.push(...(await importFigures({ release, dataDir, concepts }, effort)))
      else await runImport(release, dataDir)
      rmSync(release, { recursive: true })
      signOfLife()
      places.push({ concepts, dataDir, version })
    }
    const largest = places.at(-1)
    if (largest) figures.push(...(await serverFigures(largest, effort)))
    const bare = await bareFigures(sizes, effort)
    return [...figures, ...bare, ...(await questionFigures(await openReleases(places), effort))]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const thousands = (concepts: number) => `${concepts / 1000}k concepts`
const program = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** The command, in a process of its own: its processor time and the most memory that it had. */
async function importFigures(
  { release, dataDir, concepts }: { release: string; dataDir: string; concepts: number },
  effort: Effort,
): Promise<Measured[]> {
  const used = await besideBaseline(effort, () => runImport(release, dataDir))
  const indexes = join(dataDir, 'code-systems')
  const bytes = readdirSync(indexes).reduce((sum, each) => sum + statSync(join(indexes, each, 'index.bin')).size, 0)
  const name = (what: string) => `${thousands(concepts)}: ${what}`
  return [
    timeFigure(name('import'), used.cost, 's', { target: { value: wanted.importSeconds }, tolerance: 0.3 }),
    plainFigure(name('import, most resident memory'), used.answer.megabytes, 'MB', {
      target: { value: wanted.importMegabytes },
      grain,
    }),
    plainFigure(name('file'), bytes / 2 ** 20, 'MB', { target: { value: wanted.fileMegabytes } }),
  ]
}

async function runImport(release: string, dataDir: string): Promise<Used & { megabytes: number }> {
  const child = spawn(process.execPath, [program, 'import', '--snomed', release], {
    env: { PATH: process.env.PATH ?? '', DATA_DIR: dataDir },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const used = { microseconds: 0, megabytes: 0 }
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  while (child.exitCode === null && child.pid !== undefined) {
    try {
      used.megabytes = megabytesOf(child.pid, 'VmHWM') || used.megabytes
      const spent = cpuMicroseconds(child.pid)
      if (spent > used.microseconds) signOfLife()
      used.microseconds = Math.max(used.microseconds, spent)
    } catch {
      break // It ended while it was looked at.
    }
    await sleep(50)
  }
  const code = await ended
  if (code !== 0) throw new Error(`the import ended with ${code}`)
  return used
}

/** From /proc/…/status; 0 of a process that ends. */
const megabytesOf = (pid: number, name: 'VmHWM' | 'VmRSS'): number =>
  Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

/** Processor time of another process. */
interface Used {
  microseconds: number
}

/** Work of another process beside the bare baseline of this one, before it and after it. */
async function besideBaseline<T extends Used>(effort: Effort, work: () => Promise<T>) {
  const bare = json.make()
  const bareCost = async () => (await costs({ bare }, { ...effort, rounds: 3 })).bare.microseconds
  const before = await bareCost()
  const answer = await work()
  return { answer, cost: costFrom([answer.microseconds], [(before + (await bareCost())) / 2], json.name) }
}

/** What a server is asked of a release before its memory is looked at. */
const questionsOfServer = 2_000

/** A server in a process of its own: what opening a release takes, and how much more memory it has after many questions. */
async function serverFigures(
  { dataDir, concepts }: { dataDir: string; concepts: number },
  effort: Effort,
): Promise<Measured[]> {
  const server = await startServerProcess({ DATA_DIR: dataDir, ACCESS_LOG: 'off', RATE_LIMIT: '100000000' })
  const pid = server.process.pid ?? 0
  const get = async (path: string) => {
    const ask = () => fetch(`${server.url}/fhir/${path}`)
    // While a baseline was measured the server may have closed a connection that nobody used: a question that failed for it is asked again.
    const reply = await ask().catch(ask)
    const text = await reply.text()
    if (!reply.ok) throw new Error(`${path}: ${text}`)
    return text
  }
  const lookUp = (system: string, code: string, n: number) =>
    get(`CodeSystem/$lookup?system=${encodeURIComponent(system)}&code=${code}&n=${n}`)
  try {
    // Only processor time is measured: the machine may have much else to do.
    await server.ready(600_000)
    signOfLife()
    // Of a small system first: what questions take at all is no memory of the release.
    for (let n = 0; n < questionsOfServer; n++) await lookUp('http://hl7.org/fhir/administrative-gender', 'male', n)
    signOfLife()
    const idle = megabytesOf(pid, 'VmRSS')
    const opened = await besideBaseline(effort, async () => {
      const before = cpuMicroseconds(pid)
      await lookUp('http://snomed.info/sct', '404684003', 0)
      return { microseconds: cpuMicroseconds(pid) - before }
    })
    const page = `${encodeURIComponent('http://snomed.info/sct?fhir_vs=ecl/<< 404684003')}&count=1000`
    for (let n = 0; n < questionsOfServer / 1000; n++) {
      const text = await get(`ValueSet/$expand?url=${page}&offset=${Math.floor((n * concepts) / 20)}`)
      const codes = [...text.matchAll(/"code":"(\d+)"/g)].map(([, code = '']) => code)
      for (const [at, code] of codes.entries()) await lookUp('http://snomed.info/sct', code, n * 1000 + at)
      signOfLife()
    }
    const name = (what: string) => `${thousands(concepts)}: ${what}`
    return [
      timeFigure(name('opening, with its hash'), opened.cost, 's', {
        target: { value: wanted.openSeconds },
        tolerance: 1,
      }),
      plainFigure(name('memory of the server, more than before'), megabytesOf(pid, 'VmRSS') - idle, 'MB', {
        target: { value: wanted.residentMegabytes },
        grain,
      }),
    ]
  } finally {
    await server.stop()
  }
}

/** Places of memory that a look-up comes to, and bytes that a release keeps in memory for a concept, more or less. */
const bare = { places: 30, bytesOfConcept: 64 }

/**
 * What the machine itself takes more for where there is more: as many numbers as a look-up comes to, each from a place that the one before
 * it tells, in as much memory as a release has. Questions of a large release cannot grow less.
 */
async function bareFigures(sizes: readonly number[], effort: Effort): Promise<Measured[]> {
  const cost = await costs(
    Object.fromEntries(sizes.map((concepts) => [thousands(concepts), bareReads(concepts)])),
    effort,
  )
  const [small, middle, large] = Object.entries(cost)
  if (!small || !middle || !large) throw new Error('there are fewer than three releases')
  const name = `bare: ${bare.places} places of memory`
  return [
    ...[small, middle, large].map(([of, each]) => timeFigure(`${name}, ${of}`, each, 'µs')),
    ...[small, middle].map((than) =>
      growthFigure(`${name}, ${large[0]} against ${than[0]}`, large[1], than[1], { tolerance: 1 }),
    ),
  ]
}

function bareReads(concepts: number): Work {
  const numbers = new Int32Array((concepts * bare.bytesOfConcept) / 4).fill(1)
  let at = 1
  return () => {
    for (let place = 0; place < bare.places; place++)
      at = (Math.imul(at, 1_103_515_245) + 12_344 + (numbers[(at >>> 4) % numbers.length] ?? 0)) >>> 0
    return at
  }
}

type Releases = Awaited<ReturnType<typeof openReleases>>

/** Every question of every release, and of a plain system where that can be asked the same, in turn. */
async function questionFigures(releases: Releases, effort: Effort): Promise<Measured[]> {
  const figures: Measured[] = []
  for (const question of asked) {
    const works = releases.flatMap(({ name, ask }) => {
      const work = ask(question)
      return work ? [[name, work] as const] : []
    })
    figures.push(...figuresOf(question, await costs(Object.fromEntries(works), effort)))
  }
  return figures
}

function figuresOf({ name, unit, milliseconds }: Asked, cost: Record<string, Cost>): Measured[] {
  const { [plainName]: plain, ...releases } = cost
  const [small, middle, large] = Object.entries(releases)
  if (!small || !middle || !large) throw new Error('there are fewer than three releases')
  const timed = [small, middle, large].map(([of, each]) =>
    timeFigure(`${name}, ${of}`, each, unit, milliseconds === undefined ? {} : { target: { value: milliseconds } }),
  )
  const against = (one: [string, Cost], than: [string, Cost], isEven: boolean) =>
    growthFigure(`${name}, ${one[0]} against ${than[0]}`, one[1], than[1], isEven ? { target: { value: 1.2 } } : {})
  // What walks through the members of a set has more to do in a larger release.
  const isEven = milliseconds === undefined
  const held = [against(large, small, isEven), against(large, middle, isEven)]
  return [...timed, ...held, ...(plain ? [against(large, [plainName, plain], false)] : [])]
}
