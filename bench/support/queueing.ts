/** A discrete-event simulation of servers of one thread each, from what a request costs: throughput and waiting under a load. */

/** What is simulated. */
export interface QueueModel {
  /** Processes that answer, each with a core of its own. */
  servers: number
  /** CPU time of a request in milliseconds, its mean; times are spread around it as measured. */
  serviceMilliseconds: number
  /** Standard deviation ÷ mean of that time. */
  spread: number
  /** CPU time of who hands connections on, for each request, in milliseconds: one thread for all. */
  handingMilliseconds: number
  load:
    | { kind: 'closed'; connections: number }
    /** Arrivals at random, so many a second. */
    | { kind: 'open'; perSecond: number }
  requests: number
  /** The same seed gives the same. */
  seed: number
}

/** What came of it. */
interface QueueResult {
  perSecond: number
  /** Time from the arrival to the answer in milliseconds: median, and of the slowest one in a hundred. */
  p50: number
  p99: number
  /** Share of the time in which a server computes. */
  busy: number
}

/** Numbers from 0 to 1 that a seed gives (mulberry32). */
function drawsOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Simulates so many requests; connections stay with a server, those of a closed load ask again at once. */
export function simulate(model: QueueModel): QueueResult {
  const draw = drawsOf(model.seed)
  const { servers, requests, load } = model
  // Gamma-like: a fixed part, and an exponential one that has the whole spread.
  const service = () =>
    model.serviceMilliseconds * (1 - model.spread) - model.serviceMilliseconds * model.spread * Math.log(1 - draw())
  const freeAt = new Array<number>(servers).fill(0)
  const times: number[] = []
  let handedUntil = 0
  let computed = 0
  let end = 0
  const answer = (arrived: number, server: number): number => {
    handedUntil = Math.max(handedUntil, arrived) + model.handingMilliseconds
    const begins = Math.max(handedUntil, freeAt[server] ?? 0)
    const took = service()
    computed += took
    const done = begins + took
    freeAt[server] = done
    times.push(done - arrived)
    end = Math.max(end, done)
    return done
  }
  if (load.kind === 'open') {
    let now = 0
    for (let request = 0; request < requests; request++) {
      now -= (Math.log(1 - draw()) * 1000) / load.perSecond
      answer(now, Math.floor(draw() * servers))
    }
  } else {
    const next = Array.from({ length: load.connections }, (_, at) => ({ at: 0, server: at % servers }))
    for (let request = 0; request < requests; request++) {
      const first = next.reduce((least, each) => (each.at < least.at ? each : least))
      first.at = answer(first.at, first.server)
    }
  }
  times.sort((a, b) => a - b)
  const part = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
  return { perSecond: (requests / end) * 1000, p50: part(0.5), p99: part(0.99), busy: computed / (end * servers) }
}

/** Servers that a load at its peak needs, none busier than a share. */
export function serversFor(perSecond: number, serviceMilliseconds: number, busiest: number): number {
  return Math.ceil((perSecond * serviceMilliseconds) / 1000 / busiest)
}
