/**
 * What a server of one process and of two can answer, measured in processor time, and a simulation that is to come to the same. By the
 * clock a machine that does other things says nothing: counted is the processor time of each process from the outside, and a server
 * answers as fast as its busiest process lets it, or as all of them together have cores.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { demoIssuer } from '../src/demo/demo-issuer.ts'
import { specimens } from '../src/demo/specimens.ts'
import { startServerProcess } from '../test/support/server-process.ts'
import { ask, startWorkers, withoutBaseContent, workersOf } from '../test/support/workers.ts'
import type { Measured } from './support/harness/figure.ts'
import { type Effort, plainFigure } from './support/harness/measure.ts'
import { serversFor, simulate } from './support/queueing.ts'

/** One kind of request under load. */
interface Point {
  /** Processor time of a request in milliseconds, of all processes that answer. */
  service: number
  /** Of the process that hands connections on. */
  handing: number
  /** Requests a second that the busiest process allows. */
  perSecond: number
}

const ticksPerSecond = 100
/** Processor time of a process in milliseconds. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000
}

type Question = { path: string; body?: string }
const connections = 10
const seed = 1

/** Asks on open connections, one question after the other on each. */
async function load(url: string, question: Question, requests: number): Promise<void> {
  let left = requests
  const asks = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (left-- > 0) {
      const { status, text } = await ask(`${url}${question.path}`, {
        agent,
        ...(question.body === undefined
          ? {}
          : { method: 'POST', body: question.body, headers: { 'content-type': 'application/fhir+json' } }),
      })
      if (status !== 200) throw new Error(`${status} ${text.slice(0, 300)}`)
    }
    agent.destroy()
  }
  await Promise.all(Array.from({ length: connections }, asks))
}

async function measure(workers: number, questions: Record<string, Question>, requests: number) {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-capacity-'))
  const settings = { DATA_DIR: folder, RATE_LIMIT: 'off', ACCESS_LOG: 'off', TRUST_LISTS: trustLists }
  if (workers === 1) await withoutBaseContent(folder)
  const server = await (workers === 1 ? startServerProcess(settings) : startWorkers(workers, settings))
  try {
    const first = server.process.pid ?? 0
    const pids = workers === 1 ? [first] : await workersOf(server)
    const points: Record<string, Point> = {}
    const asked = requests * workers
    for (const [name, question] of Object.entries(questions)) {
      // Each process is compiled by what it answers itself.
      await load(server.url, question, requests * workers)
      const before = [first, ...pids].map(cpuOf)
      await load(server.url, question, asked)
      const used = [first, ...pids].map((pid, at) => cpuOf(pid) - (before[at] ?? 0))
      const own = workers === 1 ? [used[0] ?? 0] : used.slice(1)
      const handing = workers === 1 ? 0 : (used[0] ?? 0)
      const all = own.reduce((sum, each) => sum + each, 0)
      const longest = Math.max(...own, (all + handing) / workers)
      points[name] = { service: all / asked, handing: handing / asked, perSecond: (asked / longest) * 1000 }
    }
    return points
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

const issuerFolder = mkdtempSync(join(tmpdir(), 'vidimus-capacity-issuer-'))
const trustLists = join(issuerFolder, 'demo/trust')

/** Figures of one process and of two, and how far the simulation is from each. */
export async function bench({ isQuick }: Effort): Promise<Measured[]> {
  const now = new Date()
  const text = (await specimens(demoIssuer(issuerFolder, now), now)).find(({ name }) => name === 'vaccination')?.text
  const parameter = [{ name: 'credential', valueString: text }]
  const questions: Record<string, Question> = {
    $evaluate: { path: '/fhir/$evaluate', body: JSON.stringify({ resourceType: 'Parameters', parameter }) },
    '$validate-code': {
      path: '/fhir/CodeSystem/$validate-code',
      body: JSON.stringify({
        resourceType: 'Parameters',
        parameter: [
          { name: 'url', valueUri: 'urn:iso:std:iso:3166' },
          { name: 'code', valueCode: 'NZ' },
        ],
      }),
    },
  }
  try {
    const requests = isQuick ? 1500 : 4000
    const one = await measure(1, questions, requests)
    const two = await measure(2, questions, requests)
    return Object.keys(questions).flatMap((name) => figuresOf(name, one[name], two[name]))
  } finally {
    rmSync(issuerFolder, { recursive: true, force: true })
  }
}

function figuresOf(name: string, one: Point | undefined, two: Point | undefined): Measured[] {
  if (!one || !two) throw new Error(`unreachable: ${name} was measured`)
  const model = {
    serviceMilliseconds: one.service,
    spread: 0.3,
    requests: 20_000,
    seed,
    load: { kind: 'closed' as const, connections },
  }
  // From what one process costs alone, and what handing on costs: the second point is foretold, and not fitted.
  const ofOne = simulate({ ...model, servers: 1, handingMilliseconds: 0 })
  const ofTwo = simulate({ ...model, servers: 2, handingMilliseconds: two.handing })
  const peak = (100_000_000 / 86_400) * 4
  const off = (simulated: number, measured: number) => Math.abs(simulated / measured - 1)
  const detail = 'of requests in processor time'
  return [
    plainFigure(`${name}: one process`, one.perSecond, '/s', { tolerance: 0.3, better: 'higher', detail }),
    plainFigure(`${name}: two workers`, two.perSecond, '/s', { tolerance: 0.3, better: 'higher', detail }),
    plainFigure(`${name}: two workers ÷ one process`, two.perSecond / one.perSecond, '×', {
      target: { value: 1.8 },
      better: 'higher',
      tolerance: 0.15,
    }),
    plainFigure(`${name}: simulation of one, off by`, off(ofOne.perSecond, one.perSecond), '×', {
      target: { value: 0.2 },
      grain: 0.2,
    }),
    plainFigure(`${name}: simulation of two, off by`, off(ofTwo.perSecond, two.perSecond), '×', {
      target: { value: 0.2 },
      grain: 0.2,
    }),
    plainFigure(
      `${name}: cores for 100 million a day, four times that at the peak, 60 % busy`,
      serversFor(peak, one.service, 0.6),
      '×',
      {
        tolerance: 0.4,
      },
    ),
  ]
}
