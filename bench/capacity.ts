/**
 * What a server of one process and of two can answer, measured in processor time, and a simulation that is to come to the same. By the
 * clock a machine that does other things says nothing: counted is the processor time of each process from the outside, and a server
 * answers as fast as all of its processes together, on as many cores as it has workers.
 */
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { demoIssuer } from '../src/demo/demo-issuer.ts'
import { specimens } from '../src/demo/specimens.ts'
import { startServerProcess } from '../test/support/server-process.ts'
import { startWorkers, withoutBaseContent, workersOf } from '../test/support/workers.ts'
import type { Measured } from './support/harness/figure.ts'
import { type Effort, plainFigure } from './support/harness/measure.ts'
import { requestsToWarm } from './support/http-costs.ts'
import { ask, cpuMicroseconds, startSupport } from './support/processes.ts'
import { serversFor, simulate } from './support/queueing.ts'

/** One kind of request under load. */
interface Point {
  /** Processor time of a request in milliseconds, of all processes that answer. */
  service: number
  /** Of the process that hands connections on. */
  handing: number
  /** Requests a second, of as many cores as workers. */
  perSecond: number
  /** Part of the processor time that the busiest worker used. */
  share: number
}

/** Processor time of a process in milliseconds. */
const cpuOf = (pid: number): number => cpuMicroseconds(pid) / 1000

type Question = { path: string; body: string }
/**
 * So many that a process has more to do whenever it has done something, though the client has no processor of its own: one that waits
 * pays for being woken, and costs more the less it has to do.
 */
const connections = 32
const seed = 1

/** Asks on open connections, one question after the other on each. */
async function load(client: ChildProcess, url: string, { path, body }: Question, requests: number): Promise<void> {
  const portion = 10_000
  for (let left = requests; left > 0; left -= portion) {
    const count = Math.min(portion, left)
    const addresses = new Array<string>(count).fill(`${url}${path}`)
    await ask(client, { addresses, bodies: new Array<string>(count).fill(body) })
  }
}

async function measure(workers: number, questions: Record<string, Question>, { requests, first: warm }: Requests) {
  const client = startSupport('raw-load.ts', String(connections))
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
      await load(client, server.url, question, warm * workers)
      const before = [first, ...pids].map(cpuOf)
      await load(client, server.url, question, asked)
      const used = [first, ...pids].map((pid, at) => cpuOf(pid) - (before[at] ?? 0))
      const own = workers === 1 ? [used[0] ?? 0] : used.slice(1)
      const handing = workers === 1 ? 0 : (used[0] ?? 0)
      const all = own.reduce((sum, each) => sum + each, 0)
      // What each worker happened to get of a machine that does other things says nothing: connections are handed out in turn, and each
      // worker answers its own as fast as a core lets it.
      const longest = Math.max(all / workers, handing, (all + handing) / workers)
      const share = Math.max(...own) / all
      points[name] = { service: all / asked, handing: handing / asked, perSecond: (asked / longest) * 1000, share }
    }
    return points
  } finally {
    client.kill()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Of each process. */
interface Requests {
  requests: number
  /** Before them. */
  first: number
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
    const requests = isQuick ? { requests: 1500, first: requestsToWarm / 4 } : { requests: 4000, first: requestsToWarm }
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
  const detail = ({ service, handing, share }: Point) =>
    `${(1000 * service).toFixed(0)} µs of a worker and ${(1000 * handing).toFixed(1)} of who hands on; the busiest had ${Math.round(100 * share)} % of it`
  return [
    plainFigure(`${name}: one process`, one.perSecond, '/s', { tolerance: 0.3, better: 'higher', detail: detail(one) }),
    plainFigure(`${name}: two workers`, two.perSecond, '/s', { tolerance: 0.3, better: 'higher', detail: detail(two) }),
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
