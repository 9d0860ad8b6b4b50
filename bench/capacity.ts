/**
 * What a server of one process and of two workers can answer, measured in processor time, and a simulation that is to come to the same.
 * By the clock a machine that does other things says nothing: counted is the processor time of each process from the outside, and a
 * server answers as fast as all of its processes together, on as many cores as it has workers. All that is compared takes turns.
 */
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
  /** Requests a second, of as many cores as processes that answer. */
  perSecond: number
  /** Part of the processor time that the busiest of them used. */
  share: number
}

/** What is asked at once. */
interface Asked {
  /** Of servers that get as much each. */
  urls: string[]
  /** Processes that answer. */
  processes: number
  /** Those of them that are measured; the others keep the machine busy. */
  measured: number[]
  /** The one that hands connections to them. */
  handing: number | undefined
}

/** What is measured in each round. */
interface Round {
  /** One process alone. */
  alone: Point
  /** The same while another server, which knows nothing of it, is asked as much: what sharing a machine costs. */
  beside: Point
  /** One server of two workers. */
  workers: Point
}

interface Question {
  path: string
  body: string
  /** Requests of each process in a round: a tenth of a second of its processor time, or more. */
  each: number
}
/**
 * So many that a process has more to do whenever it has done something, though the client has no processor of its own: one that waits
 * pays for being woken, and costs more the less it has to do.
 */
const connections = 32
const seed = 1

type Load = (asked: Asked, question: Question, each: number) => Promise<void>

/** Asks so many requests of each process that answers, one after the other on each of the connections. */
const loadFrom =
  (client: ReturnType<typeof startSupport>): Load =>
  async ({ urls, processes }, { path, body }, each) => {
    const portion = 10_000
    for (let left = each * processes; left > 0; left -= portion) {
      const count = Math.min(portion, left)
      const addresses = Array.from({ length: count }, (_, at) => `${urls[at % urls.length]}${path}`)
      await ask(client, { addresses, bodies: new Array<string>(count).fill(body) })
    }
  }

async function measure(load: Load, asked: Asked, question: Question): Promise<Point> {
  const { each } = question
  const { measured, handing: pid } = asked
  const cpu = () => [...measured, ...(pid === undefined ? [] : [pid])].map((of) => cpuMicroseconds(of) / 1000)
  const before = cpu()
  await load(asked, question, each)
  const used = cpu().map((now, at) => now - (before[at] ?? 0))
  const own = used.slice(0, measured.length)
  const handing = used[measured.length] ?? 0
  const all = own.reduce((sum, one) => sum + one, 0)
  const requests = each * measured.length
  // What each process happened to get of a machine that does other things says nothing: connections are handed out in turn, and each
  // answers its own as fast as a core lets it.
  const longest = Math.max(handing, (all + handing) / measured.length)
  return {
    service: all / requests,
    handing: handing / requests,
    perSecond: (requests / longest) * 1000,
    share: Math.max(...own) / all,
  }
}

/** Figures of one process and of two, and how far the simulation is from each. */
export async function bench({ isQuick, rounds }: Effort): Promise<Measured[]> {
  const folders = Array.from({ length: 4 }, () => mkdtempSync(join(tmpdir(), 'vidimus-capacity-')))
  const [issuer = '', ...data] = folders
  const questions = await questionsOf(issuer)
  const settings = (at: number) => ({
    DATA_DIR: data[at] ?? '',
    RATE_LIMIT: 'off',
    ACCESS_LOG: 'off',
    TRUST_LISTS: join(issuer, 'demo/trust'),
  })
  const client = startSupport('raw-load.ts', String(connections))
  const servers: Awaited<ReturnType<typeof startWorkers>>[] = []
  try {
    const single = async (at: number): Promise<Asked> => {
      await withoutBaseContent(data[at] ?? '')
      const server = await startServerProcess(settings(at))
      servers.push(server)
      await server.ready()
      return { urls: [server.url], processes: 1, measured: [server.process.pid ?? 0], handing: undefined }
    }
    const [alone, other] = await Promise.all([single(0), single(1)])
    const beside: Asked = { ...alone, urls: [...alone.urls, ...other.urls], processes: 2 }
    const server = await startWorkers(2, settings(2))
    servers.push(server)
    const pids = await workersOf(server)
    const workers: Asked = { urls: [server.url], processes: pids.length, measured: pids, handing: server.process.pid }
    const load = loadFrom(client)
    const figures: Measured[] = []
    for (const [name, question] of Object.entries(questions)) {
      // Warm only after half a minute of processor time, and measured cold it says nothing.
      if (isQuick && name === '$evaluate') continue
      // Each process is compiled by what it answers itself.
      for (const asked of [alone, workers]) await load(asked, question, requestsToWarm)
      const found: Round[] = []
      const of = (asked: Asked) => measure(load, asked, question)
      for (let round = 0; round < rounds; round++)
        found.push({ alone: await of(alone), beside: await of(beside), workers: await of(workers) })
      figures.push(...figuresOf(name, found))
    }
    return figures
  } finally {
    client.kill()
    for (const server of servers) await server.stop()
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  }
}

async function questionsOf(issuerFolder: string): Promise<Record<string, Question>> {
  const now = new Date()
  const text = (await specimens(demoIssuer(issuerFolder, now), now)).find(({ name }) => name === 'vaccination')?.text
  const body = (parameter: object[]) => JSON.stringify({ resourceType: 'Parameters', parameter })
  return {
    $evaluate: { path: '/fhir/$evaluate', body: body([{ name: 'credential', valueString: text }]), each: 450 },
    '$validate-code': {
      path: '/fhir/CodeSystem/$validate-code',
      body: body([
        { name: 'url', valueUri: 'urn:iso:std:iso:3166' },
        { name: 'code', valueCode: 'NZ' },
      ]),
      each: 2500,
    },
  }
}

/** What the simulation comes to in place of what was measured. */
function simulated(servers: number, service: number, handing: number): number {
  const load = { kind: 'closed' as const, connections }
  const model = { serviceMilliseconds: service, spread: 0.3, requests: 20_000, seed, load }
  return simulate({ ...model, servers, handingMilliseconds: handing }).perSecond
}

function figuresOf(name: string, rounds: readonly Round[]): Measured[] {
  const middle = (of: (round: Round) => number) => {
    const values = rounds.map(of).toSorted((a, b) => a - b)
    return values[values.length >> 1] ?? Number.NaN
  }
  const off = (foretold: number, measured: number) => Math.abs(foretold / measured - 1)
  const micro = (milliseconds: number) => (1000 * milliseconds).toFixed(milliseconds < 0.01 ? 1 : 0)
  const alone = middle((round) => round.alone.service)
  const detail = `${micro(middle(({ workers }) => workers.service))} µs of a worker and ${micro(middle(({ workers }) => workers.handing))} of who hands on; the busiest had ${Math.round(100 * middle(({ workers }) => workers.share))} % of it`
  const peak = (100_000_000 / 86_400) * 4
  const more = { tolerance: 0.3, better: 'higher' as const }
  const within = { target: { value: 0.2 }, grain: 0.2 }
  return [
    plainFigure(
      `${name}: one process`,
      middle((round) => round.alone.perSecond),
      '/s',
      { ...more, detail: `${micro(alone)} µs` },
    ),
    plainFigure(
      `${name}: two workers`,
      middle(({ workers }) => workers.perSecond),
      '/s',
      { ...more, detail },
    ),
    plainFigure(
      `${name}: two workers ÷ one process`,
      middle((round) => round.workers.perSecond / round.alone.perSecond),
      '×',
      {
        target: { value: 1.8 },
        better: 'higher',
        tolerance: 0.15,
      },
    ),
    plainFigure(
      `${name}: a request beside a second server ÷ alone`,
      middle((round) => round.beside.service / round.alone.service),
      '×',
      {
        tolerance: 0.3,
      },
    ),
    plainFigure(
      `${name}: simulation of one, off by`,
      middle((round) => off(simulated(1, round.alone.service, 0), round.alone.perSecond)),
      '×',
      within,
    ),
    // From what a process costs that shares the machine with one that it has nothing to do with, and what handing on costs: the second
    // point is foretold, and not fitted.
    plainFigure(
      `${name}: simulation of two, off by`,
      middle((round) => off(simulated(2, round.beside.service, round.workers.handing), round.workers.perSecond)),
      '×',
      within,
    ),
    plainFigure(
      `${name}: cores for 100 million a day, four times that at the peak, 60 % busy`,
      serversFor(
        peak,
        middle((round) => round.beside.service),
        0.6,
      ),
      '×',
      { tolerance: 0.4 },
    ),
  ]
}
