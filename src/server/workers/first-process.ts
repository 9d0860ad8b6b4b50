/**
 * The first process of several workers: it opens the ports and hands connections on, keeps the workers at work, and passes on what they
 * tell each other. It opens no store and answers no request.
 */
import { errorText } from '../../base/system-error.ts'
import type { Config } from '../../config.ts'
import { createJobRegister, type JobRegister } from '../../http/async/job-register.ts'
import { connectionClients } from '../../http/limits/requester.ts'
import { openSharedPorts, type SharedPorts } from '../../http/wire/shared-ports.ts'
import { createHandOut, type HandOut } from '../../workers/serving/connections.ts'
import { type Crew, type CrewFailure, type CrewOptions, createCrew } from '../../workers/serving/crew.ts'
import type { LeadNews, SourceNews } from '../../workers/serving/protocol.ts'
import { type LineWriters, startServing } from '../../workers/serving/serving-process.ts'
import type { Tell } from '../front/log.ts'
import { createKeptMetrics, type KeptMetrics } from './kept-metrics.ts'
import { createUseBook, type UseBook } from './use-book.ts'
import { followSeconds } from './worker.ts'

/** What it is made with. */
export interface FirstProcessParts {
  config: Pick<Config, 'host' | 'port' | 'plainHttp' | 'tls' | 'connectionLimits' | 'trustedProxies'>
  workers: number
  /** Program of a worker and its arguments. */
  command: readonly [string, ...string[]]
  tell: Tell
  lines: LineWriters
}

/** Several workers as one server. */
export interface FirstProcess {
  /**
   * Starts them; resolves with the ports when the first one answers.
   * @throws the error of the system when a port cannot be had; CrewFailure when no worker starts
   */
  begin(): Promise<{ port?: number | undefined; tlsPort?: number | undefined }>
  /** Comes when no worker can be started any more. */
  failed: Promise<CrewFailure>
  /** Ids of the processes that answer. */
  pids(): number[]
  drain(): void
  reload(): void
  replaceAll(): Promise<void>
  end(): Promise<void>
}

interface Shared {
  parts: FirstProcessParts
  crew(): Crew
  ports(): Promise<SharedPorts>
  uses: UseBook
  jobs: JobRegister
  metrics: KeptMetrics
  told: { sources: SourceNews[] | undefined; news: LeadNews | undefined }
}

/** Time for a worker to tell its numbers; one that is too busy is left out. */
const metricsSeconds = 5

/** Several workers that are not started yet. */
export function createFirstProcess(parts: FirstProcessParts): FirstProcess {
  const { config, command, lines, tell, workers } = parts
  const handOut = createHandOut({
    connections: config.connectionLimits.connections,
    connectionsOfOne: config.connectionLimits.connectionsOfOne,
    clientOf: connectionClients(config.trustedProxies),
  })
  const opening = openOnce(config, handOut)
  const shared: Shared = {
    parts,
    crew: () => crew,
    ports: opening.open,
    uses: createUseBook(() => performance.now()),
    jobs: createJobRegister(),
    metrics: createKeptMetrics(),
    told: { sources: undefined, news: undefined },
  }
  const crew = createCrew({
    count: workers,
    start: (id, readers) => startServing(id, command, { readers, lines }),
    readers: (id) => readersOf(id, shared),
    handOut,
    ready({ post }) {
      const uses = shared.uses.lately()
      if (uses.length > 0) post.tell('uses', uses)
      if (shared.told.news) post.tell('leadNews', shared.told.news)
    },
    gone({ id }) {
      shared.jobs.gone(id)
      shared.metrics.gone(id)
    },
    tell,
    elapsed: () => performance.now(),
  })
  return {
    async begin() {
      await Promise.race([crew.begin(), opening.failed])
      const { port, tlsPort } = await opening.open()
      return { port, tlsPort }
    },
    failed: crew.failed,
    pids: () => crew.members().flatMap(({ state, pid }) => (state === 'ready' ? (pid ?? []) : [])),
    drain: () => tellAll(crew, 'drain'),
    reload: () => tellAll(crew, 'reload'),
    async replaceAll() {
      // Those that come read the files as they are now; by these all are to answer, or none of them could follow.
      await readByLead(undefined, shared).catch((error: unknown) =>
        tell(`trust lists: the worker that leads has not read them again: ${errorText(error)}`, 'error'),
      )
      await crew.replaceAll()
    },
    async end() {
      opening.close()
      await crew.end()
      handOut.close()
    },
  }
}

function tellAll(crew: Crew, topic: 'drain' | 'reload'): void {
  for (const { post } of crew.members()) post.tell(topic, undefined)
}

/** Opens the ports when the first worker is ready to answer, so that nobody reaches a server that is still being made. */
function openOnce({ host, port, plainHttp, tls }: FirstProcessParts['config'], handOut: HandOut) {
  const failure = Promise.withResolvers<never>()
  // Whoever waits for the beginning is told.
  failure.promise.catch(() => undefined)
  let opened: Promise<SharedPorts> | undefined
  const open = () => {
    opened ??= openSharedPorts({
      host,
      port: plainHttp ? port : undefined,
      tlsPort: tls?.port,
      take: handOut.give,
    })
    opened.catch(failure.reject)
    return opened
  }
  const close = () => {
    // A port that could not be had was told already.
    opened?.then(
      (ports) => ports.close(),
      () => undefined,
    )
  }
  return { open, failed: failure.promise, close }
}

function readersOf(id: number, shared: Shared): ReturnType<CrewOptions['readers']> {
  const { jobs, uses, metrics, told } = shared
  const others = () =>
    shared
      .crew()
      .members()
      .filter((member) => member.id !== id)
  return {
    async listen() {
      const { port, tlsPort } = await shared.ports()
      return { port, tlsPort }
    },
    uses(used) {
      uses.add(used)
      for (const { post } of others()) post.tell('uses', used)
    },
    leadNews(news) {
      told.news = news
      for (const { post } of others()) post.tell('leadNews', news)
    },
    sources: (news) => passSources(id, news, shared),
    askSources: () => told.sources,
    sourcesDiffer: (names) => readByLead(names, shared),
    askMetrics: () => allMetrics(shared),
    askJob: async ({ process, ...question }) =>
      shared
        .crew()
        .members()
        .find((member) => member.id === process)
        ?.post.ask('job', question),
    jobBegins: (job) => jobs.begins(id, job),
    jobTurn: (job) => jobs.turn(job),
    jobEnds: (job) => jobs.ends(job),
    lastMetrics: (last) => metrics.tell(id, last),
  }
}

/** Has the lead read trust sources again; what it reads it tells all. */
async function readByLead(names: string[] | undefined, { crew, told }: Shared): Promise<SourceNews[] | undefined> {
  const news = await crew().lead()?.post.ask('readSources', names, followSeconds)
  if (news) told.sources = news
  return news
}

/** Every other worker follows; one that does not answers by keys that may be withdrawn, and is ended. */
async function passSources(from: number, news: SourceNews[], shared: Shared): Promise<void> {
  if (shared.crew().lead()?.id !== from) return
  shared.told.sources = news
  const others = shared
    .crew()
    .members()
    .filter(({ id }) => id !== from)
  const following = others.map(async (member) => {
    try {
      await member.post.ask('sources', news, followSeconds)
    } catch (error) {
      if (!shared.crew().members().includes(member)) return
      shared.parts.tell(`worker ${member.id} (process ${member.pid}) is ended: ${errorText(error)}`, 'error')
      member.kill()
      await member.ended
    }
  })
  await Promise.all(following)
}

async function allMetrics({ crew, metrics }: Shared): Promise<unknown[]> {
  const asked = crew()
    .members()
    .filter(({ state }) => state !== 'starting')
    .map(async ({ id, post }) => {
      const found = await post.ask('metrics', undefined, metricsSeconds).catch(() => undefined)
      if (found !== undefined && found !== null) metrics.tell(id, found)
    })
  await Promise.all(asked)
  return metrics.all()
}
