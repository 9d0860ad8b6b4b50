/**
 * Requests that go on after their answer (https://hl7.org/fhir/R4/async.html): bounded in number, results bounded in size and time, told
 * to nobody but who asked. Ids cannot be guessed.
 */
import { randomBytes } from 'node:crypto'
import { jsonSize } from '../../base/json-size.ts'
import { FhirError, issue, notFound, operationOutcome } from '../../fhir/error.ts'
import type { BundleEntry, Issue } from '../../fhir/types.ts'
import { createClosing, shuttingDown } from '../../storage/closing.ts'
import type { Storage } from '../../storage/storage.ts'
import { replyEntry } from '../interactions/bundle-entry.ts'
import { errorReply, isExpected } from '../message/errors.ts'
import type { FhirReply } from '../message/exchange.ts'
import { type JobsElsewhere, noJob, replyOfOther, textOfReply } from './elsewhere.ts'
import type { AsyncJobs, NewJob } from './job.ts'
import { type Admission, type JobPlaces, ownPlaces } from './job-register.ts'

/** Most that each process keeps. */
const most = {
  results: 100,
  resultBytes: 5_000_000,
  allBytes: 50_000_000,
  minutes: 15,
}
/** Records of jobs that a restart may interrupt, and how long they are kept. */
const recordKind = 'async-job'
const recordHours = 24

interface Job {
  owner: string
  exclusive: boolean
  progress: string
  controller: AbortController
  settled: Promise<void>
  outcome?: { reply: FhirReply } | { error: unknown }
  entry?: BundleEntry
  /** About how many characters its entry has. */
  size: number
  finished?: number
}

interface JobRecord {
  owner: string
  started: string
}

/** What jobs are run with. */
interface JobsParts {
  /** Remembers which were running. */
  storage: Pick<Storage, 'records'>
  now(): Date
  /** Told what failed by a fault of the server. */
  report(fault: { requestId: string; error: unknown }): void
  /** Jobs of other processes of this server. */
  elsewhere?: JobsElsewhere | undefined
}

/** No jobs so far. */
export function createAsyncJobs({ storage, now, report, elsewhere }: JobsParts): AsyncJobs {
  const own = ownJobs({ storage, now, report, elsewhere })
  if (!elsewhere) return own
  elsewhere.answer(({ action, id, owner }) => textOfReply(() => own[action](id, owner)))
  /** Asked where it is; of a process that is no more, the store knows what it was doing. */
  const asked = (action: 'status' | 'cancel') => async (id: string, owner: string) => {
    const process = Number(/^\d+(?=-)/.exec(id)?.[0] ?? elsewhere.process)
    if (process === elsewhere.process) return own[action](id, owner)
    const text = await elsewhere.ask({ process, action, id, owner })
    return text === undefined || text === null ? own[action](id, owner) : replyOfOther(text)
  }
  return { ...own, status: asked('status'), cancel: asked('cancel') }
}

function ownJobs({ storage, now, report, elsewhere }: JobsParts): AsyncJobs {
  const jobs = new Map<string, Job>()
  const places: JobPlaces = elsewhere ?? ownPlaces()
  const closing = createClosing()

  const forget = async (id: string, job: Job) => {
    jobs.delete(id)
    if (job.exclusive) await removeRecord(storage, id)
  }
  const tidy = async () => {
    const limit = now().getTime() - most.minutes * 60_000
    const done = [...jobs].filter(([, { finished }]) => finished !== undefined)
    const surplus = done.length - most.results
    for (const [index, [id, job]] of done.entries())
      if (index < surplus || (job.finished ?? 0) < limit) await forget(id, job)
  }
  const owned = async (id: string, owner: string): Promise<Job | undefined> => {
    await tidy()
    const job = jobs.get(id)
    if (job && job.owner === owner) return job
    const record = job ? undefined : await readRecord(storage, id)
    if (record?.owner === owner) return undefined
    throw notFound(noJob)
  }
  const run = async (id: string, job: Job, { work, requestId }: NewJob) => {
    const { signal } = job.controller
    const failed = (error: unknown) => {
      job.outcome = { error }
      if (!isExpected(error) && !signal.aborted) report({ requestId, error })
      return entryOf({ error }, requestId)
    }
    try {
      if (job.exclusive) await Promise.race([places.turn(id), aborted(signal)])
      signal.throwIfAborted()
      const progress = (text: string) => {
        job.progress = text.replace(/[^\x20-\x7e]/g, ' ').slice(0, 100)
      }
      job.progress = 'started'
      job.outcome = { reply: await work({ progress, signal }) }
      job.entry = await entryOf(job.outcome, requestId)
    } catch (error) {
      job.entry = await failed(error)
    } finally {
      places.ends(id)
    }
    job.size = jsonSize(job.entry, most.resultBytes)
    job.finished = now().getTime()
    for (const id of surplusOf(jobs)) jobs.delete(id)
  }
  return {
    async start(given) {
      await tidy()
      const { owner, exclusive = false } = given
      const name = randomBytes(24).toString('hex')
      const id = elsewhere ? `${elsewhere.process}-${name}` : name
      const job = waitingJob(given)
      try {
        refuse(await places.begins({ job: id, owner, exclusive }))
        jobs.set(id, job)
        if (exclusive) await writeRecord(storage, id, { owner, started: now().toISOString() }, now)
        if (closing.isClosing()) throw shuttingDown()
      } catch (error) {
        jobs.delete(id)
        places.ends(id)
        throw error
      }
      job.settled = closing.run(() => run(id, job, given))
      return { id, settled: job.settled, take: () => taken(jobs, id, job) }
    },
    async status(id, owner) {
      const job = await owned(id, owner)
      if (!job) return finished(interrupted)
      return job.entry ? finished(job.entry) : running(job.progress)
    },
    async cancel(id, owner) {
      const job = await owned(id, owner)
      job?.controller.abort()
      if (job) await forget(id, job)
      else await removeRecord(storage, id)
      return { status: 202, headers: noStore, resource: operationOutcome([cancelled]) }
    },
    close() {
      for (const { controller } of jobs.values()) controller.abort()
      return closing.close()
    },
  }
}

/** Rejects when it is. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function taken(jobs: Map<string, Job>, id: string, { outcome }: Job): FhirReply {
  jobs.delete(id)
  if (!outcome) throw new Error('The job is not done.')
  if ('error' in outcome) throw outcome.error
  return outcome.reply
}

const waitingJob = ({ owner, exclusive = false }: NewJob): Job => ({
  owner,
  exclusive,
  progress: 'waiting',
  controller: new AbortController(),
  settled: Promise.resolve(),
  size: 0,
})

/** Results for which there is no room: the oldest of whoever keeps most, so that nobody pushes out what others wait for. */
function surplusOf(jobs: ReadonlyMap<string, Job>): string[] {
  const done = [...jobs].filter(([, { finished, exclusive }]) => finished !== undefined && !exclusive)
  const held = new Map<string, number>()
  for (const [, { owner, size }] of done) held.set(owner, (held.get(owner) ?? 0) + size)
  const surplus = new Set<string>()
  let all = [...held.values()].reduce((sum, size) => sum + size, 0)
  while (all > most.allBytes) {
    const [greediest] = [...held].reduce((a, b) => (b[1] > a[1] ? b : a))
    const [id, job] = done.find(([each, { owner }]) => owner === greediest && !surplus.has(each)) ?? []
    if (id === undefined || !job) break
    surplus.add(id)
    held.set(greediest, (held.get(greediest) ?? 0) - job.size)
    all -= job.size
  }
  return [...surplus]
}

function refuse(admission: Admission): void {
  const retry = { 'Retry-After': '10' }
  if (admission === 'own')
    throw new FhirError(429, issue('throttled', 'Too many asynchronous requests of one client are under way.'), retry)
  if (admission === 'all')
    throw new FhirError(503, issue('throttled', 'Too many asynchronous requests are under way.'), retry)
}

const cancelled = issue('informational', { severity: 'information', text: 'The job was cancelled.' })

const noStore = { 'Cache-Control': 'no-store' }

/** https://hl7.org/fhir/R4/async.html#3.1.6.4.1 */
const running = (progress: string): FhirReply => ({
  status: 202,
  headers: { ...noStore, 'X-Progress': progress, 'Retry-After': '1' },
})

const finished = (entry: BundleEntry): FhirReply => ({
  status: 200,
  headers: noStore,
  resource: { resourceType: 'Bundle', type: 'batch-response', entry: [entry] },
})

const outcomeEntry = (status: string, outcome: Issue): BundleEntry => ({
  response: { status, outcome: operationOutcome([outcome]) },
})

const interrupted = outcomeEntry(
  '503',
  issue(
    'transient',
    'The server was restarted before this was done. Nothing was changed by it: send the request again.',
  ),
)

async function entryOf(outcome: NonNullable<Job['outcome']>, requestId: string): Promise<BundleEntry> {
  const reply = 'reply' in outcome ? outcome.reply : errorReply(outcome.error, requestId)
  const entry = await replyEntry(reply)
  if (jsonSize(entry, most.resultBytes) <= most.resultBytes) return entry
  return outcomeEntry('413', issue('too-costly', `The result is larger than ${most.resultBytes} bytes.`))
}

/** Records are written here alone. */
function parsed(text: string): JobRecord {
  const record: JobRecord = JSON.parse(text)
  return record
}

async function readRecord(storage: Pick<Storage, 'records'>, id: string): Promise<JobRecord | undefined> {
  const text = await storage.records.get(recordKind, id)
  return text === undefined ? undefined : parsed(text)
}

async function removeRecord({ records }: Pick<Storage, 'records'>, id: string): Promise<void> {
  const text = await records.get(recordKind, id)
  if (text !== undefined) await records.replace(recordKind, id, text, undefined)
}

async function writeRecord(
  { records }: Pick<Storage, 'records'>,
  id: string,
  record: JobRecord,
  now: () => Date,
): Promise<void> {
  const limit = new Date(now().getTime() - recordHours * 3_600_000).toISOString()
  for (const { key, value } of await records.all(recordKind))
    if (parsed(value).started < limit) await records.replace(recordKind, key, value, undefined)
  await records.replace(recordKind, id, undefined, JSON.stringify(record))
}
