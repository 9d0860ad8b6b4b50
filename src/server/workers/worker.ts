/** A server that is one of several workers: what it has of the others comes over the channel to the first process. */
import { setTimeout as sleep } from 'node:timers/promises'
import { errorText } from '../../base/system-error.ts'
import type { JobsElsewhere } from '../../http/async/elsewhere.ts'
import type { Readers } from '../../workers/serving/letters.ts'
import type { LeadNews, SourceNews, Strength, ToWorker, Use } from '../../workers/serving/protocol.ts'
import { openSeat, type Seat } from '../../workers/serving/seat.ts'
import type { LeadWork, OwnMetrics, SharedMetrics, SharedSources, SharedUses, Together } from './together.ts'

/** What happens to a worker. */
interface WorkerEvents {
  drain(): void
  reload(): void
  /** It ends: after this no more connections come. */
  end(): void
  /** It is to lead and cannot: it ends, so that another does. */
  cannotLead(error: unknown): void
}

/** A worker's place beside the others. */
export interface Worker {
  /** Of this process among all that there were. */
  id: number
  together: Together
  /** Tells from now on what happens; what has happened already at once. */
  on(events: WorkerEvents): void
  /** It answers from now on. */
  ready(): void
  /** It has answered everything: what it has counted is told, and the channel, which would keep it, closed. Never rejects. */
  leave(): Promise<void>
}

/** How often what clients have used is told to the others, in milliseconds. */
const usesMilliseconds = 50
const lastSeconds = 2
/** For so long a worker that is replaced answers on open connections, in milliseconds. */
const leaveMilliseconds = 1500
/** How long others may take to follow, in seconds; then they are ended. */
export const followSeconds = 30

interface State {
  isLead: boolean
  work: LeadWork | undefined
  /** What it leads with has begun. */
  began: Promise<void> | undefined
  strength: Strength
  news: LeadNews | undefined
  leaveMilliseconds: number
  events: WorkerEvents | undefined
  happened: (() => void)[]
  follow: ((news: SourceNews[]) => Promise<void>) | undefined
  readSources: ((names: string[] | undefined) => Promise<SourceNews[]>) | undefined
  useElsewhere: ((kind: string, name: string, used: number) => void) | undefined
  metrics: OwnMetrics | undefined
  answerJob: Parameters<JobsElsewhere['answer']>[0] | undefined
}

/** Takes the place that the first process gives to this one; resolves when it has told which. */
export function takePlace(): Promise<Worker> {
  const state: State = {
    isLead: false,
    work: undefined,
    began: undefined,
    strength: { workers: 1, ready: 0 },
    news: undefined,
    leaveMilliseconds: 0,
    events: undefined,
    happened: [],
    follow: undefined,
    readSources: undefined,
    useElsewhere: undefined,
    metrics: undefined,
    answerJob: undefined,
  }
  const happens: Happens = (what, error) => {
    const act = () => state.events?.[what](error)
    if (state.events) act()
    else state.happened.push(act)
  }
  return new Promise((resolve) => {
    const begin: Readers<ToWorker>['begin'] = ({ id, isLead, group, ...strength }) => {
      state.isLead = isLead
      state.strength = strength
      resolve({
        id,
        together: { group, ...togetherOf(state, id, seat) },
        on(events) {
          state.events = events
          for (const act of state.happened.splice(0)) act()
        },
        ready: () => seat.post.tell('ready', undefined),
        async leave() {
          try {
            const last = await state.metrics?.counts()
            if (last !== undefined) await seat.post.ask('lastMetrics', last, lastSeconds)
          } catch {
            // A first process that is no more counts nothing.
          } finally {
            seat.close()
          }
        },
      })
    }
    const seat = openSeat({ ...readersOf(state, happens), begin }, () => happens('end'))
  })
}

type Happens = (what: keyof WorkerEvents, error?: unknown) => void

function readersOf(state: State, happens: Happens): Omit<Readers<ToWorker>, 'begin'> {
  return {
    async lead(isLead) {
      state.isLead = isLead
      // Nobody waits for an answer to this letter.
      if (isLead) await beginWork(state).catch((error: unknown) => happens('cannotLead', error))
      else if (state.began) {
        await state.began
        await state.work?.end()
      }
    },
    strength(strength) {
      state.strength = strength
    },
    drain: () => happens('drain'),
    reload: () => happens('reload'),
    end({ isRestart }) {
      if (isRestart) state.leaveMilliseconds = leaveMilliseconds
      happens('end')
    },
    uses(uses) {
      for (const [kind, name, used] of uses) state.useElsewhere?.(kind, name, used)
    },
    leadNews(news) {
      state.news = news
    },
    sources: (news) => state.follow?.(news),
    readSources: (names) => state.readSources?.(names),
    metrics: () => state.metrics?.all(),
    job: (question) => state.answerJob?.(question),
  }
}

async function beginWork(state: State): Promise<void> {
  if (!state.isLead || !state.work) return
  state.began ??= state.work.begin()
  await state.began
}

function togetherOf(state: State, id: number, { post, takeConnections }: Seat): Omit<Together, 'group'> {
  const metrics: SharedMetrics = {
    all: () => post.ask('askMetrics', undefined),
    own(read) {
      state.metrics = read
    },
  }
  return {
    isLead: () => state.isLead,
    async lead(work) {
      state.work = work
      await beginWork(state)
    },
    tell: (tell) => (text, level) => {
      if (state.isLead || level === 'error') tell(text, level)
    },
    source: {
      async begin(take) {
        const ports = await post.ask('listen', undefined)
        takeConnections(take)
        return ports
      },
      leaveMilliseconds: () => state.leaveMilliseconds,
    },
    leadNews: () => (state.isLead ? undefined : state.news),
    tellNews: (news) => {
      if (state.isLead) post.tell('leadNews', news)
    },
    sources: sharedSources(state, post),
    strength: () => state.strength,
    uses: sharedUses(state, post),
    metrics,
    jobs: {
      process: id,
      begins: (job) => post.ask('jobBegins', job),
      turn: async (job) => void (await post.ask('jobTurn', job, longestTurnSeconds)),
      ends: (job) => post.tell('jobEnds', job),
      ask: (question) => post.ask('askJob', question),
      answer(reply) {
        state.answerJob = reply
      },
    },
  }
}

/** An import may wait for another for a day. */
const longestTurnSeconds = 86_400

const sharedSources = (state: State, post: Seat['post']): SharedSources => ({
  async announce(news) {
    if (state.isLead) await post.ask('sources', news, followSeconds * 2)
  },
  current: () => post.ask('askSources', undefined),
  follow(follow) {
    state.follow = follow
  },
  differ: (names) => post.ask('sourcesDiffer', names, followSeconds),
  onRead(read) {
    state.readSources = read
  },
})

function sharedUses(state: State, post: Seat['post']): SharedUses {
  const used = new Map<string, Use>()
  let isWaiting = false
  const send = () => {
    isWaiting = false
    post.tell('uses', [...used.values()])
    used.clear()
  }
  return {
    add(kind, name, more) {
      const key = `${kind} ${name}`
      const found = used.get(key)
      if (found) found[2] += more
      else used.set(key, [kind, name, more])
      if (!isWaiting) setTimeout(send, usesMilliseconds).unref()
      isWaiting = true
    },
    onOthers(use) {
      state.useElsewhere = use
    },
  }
}

/** How often a follower looks whether it stands as the lead does before it gives up. */
const mostTries = 5
const tryMilliseconds = 1000

/** Trust sources that follow, and how they stand. */
interface Following {
  follow(news: readonly SourceNews[]): Promise<boolean>
  news(): SourceNews[]
}

/**
 * Brings trust sources to how they stand with the lead. What was read here later than there counts: the lead reads it again.
 * @throws Error when they do not: who answers by other keys than the rest must not answer
 */
export async function followLead(
  told: readonly SourceNews[],
  trust: Following,
  sources: Pick<SharedSources, 'differ'>,
): Promise<void> {
  let news = told
  let fault = 'they stand otherwise here than with the worker that reads them'
  for (let tries = 0; tries < mostTries; tries++) {
    if (tries > 0) await sleep(tryMilliseconds)
    try {
      if (await trust.follow(news)) return
      news = (await sources.differ(differing(trust.news(), news))) ?? news
      if (await trust.follow(news)) return
    } catch (error) {
      fault = errorText(error)
    }
  }
  throw new Error(`the trust lists cannot be followed: ${fault}`)
}

function differing(own: readonly SourceNews[], theirs: readonly SourceNews[]): string[] {
  const prints = new Map(theirs.map(({ name, print }) => [name, print]))
  return own.filter(({ name, print }) => prints.get(name) !== print).map(({ name }) => name)
}
