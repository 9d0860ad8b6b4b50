import { NetworkError } from './network-error.ts'

/** How many requests may be under way and wait. */
export interface TurnLimits {
  /** Under way at one host. */
  ofHost: number
  /** Under way for one client of this server. */
  ofClient: number
  /** Under way in all. */
  inAll: number
  /** Waiting at one host, for one client, and in all; one more is refused. */
  waitingOfHost: number
  waitingOfClient: number
  waiting: number
}

/** Who takes turns: the host that is asked, and whoever asked this server to. */
interface Turn {
  host: string
  client: string
}

/** Turns of requests, first come, first served among those whose host and client have room. */
export interface TurnsOfHosts {
  /**
   * Resolves when the request may begin, with what must be called when it has ended. Calling off a wait frees its place.
   * @throws NetworkError `busy` when too many wait, `closed` after the end; whatever the signal's reason is when it is aborted
   */
  take(turn: Turn, signal: AbortSignal): Promise<() => void>
  /** Refuses all that wait, and whatever comes. */
  close(): void
}

interface Waiting extends Turn {
  begin(): void
  refuse(error: unknown): void
}

/** Turns within limits. One host that answers slowly holds up only those who ask it, one client only himself. */
export function createTurnsOfHosts(limits: TurnLimits): TurnsOfHosts {
  const hosts = new Map<string, number>()
  const clients = new Map<string, number>()
  const waiting = new Set<Waiting>()
  let underWay = 0
  let closed = false
  const hasRoom = ({ host, client }: Turn) =>
    underWay < limits.inAll && (hosts.get(host) ?? 0) < limits.ofHost && (clients.get(client) ?? 0) < limits.ofClient
  const count = ({ host, client }: Turn, by: 1 | -1) => {
    underWay += by
    add(hosts, host, by)
    add(clients, client, by)
  }
  const beginOthers = () => {
    for (const each of waiting) if (hasRoom(each)) each.begin()
  }
  const started = (turn: Turn) => {
    count(turn, 1)
    let ended = false
    return () => {
      if (ended) return
      ended = true
      count(turn, -1)
      beginOthers()
    }
  }
  const isFull = ({ host, client }: Turn) => {
    const all = [...waiting]
    const of = (is: (each: Waiting) => boolean) => all.filter(is).length
    return (
      all.length >= limits.waiting ||
      of((each) => each.host === host) >= limits.waitingOfHost ||
      of((each) => each.client === client) >= limits.waitingOfClient
    )
  }
  return {
    async take(turn, signal) {
      if (closed) throw new NetworkError('closed')
      signal.throwIfAborted()
      if (hasRoom(turn)) return started(turn)
      if (isFull(turn)) throw new NetworkError('busy')
      return new Promise((resolve, reject) => {
        const leave = () => {
          waiting.delete(entry)
          signal.removeEventListener('abort', abort)
        }
        const entry: Waiting = {
          ...turn,
          begin: () => {
            leave()
            resolve(started(turn))
          },
          refuse: (error) => {
            leave()
            reject(error)
          },
        }
        const abort = () => entry.refuse(signal.reason)
        signal.addEventListener('abort', abort, { once: true })
        waiting.add(entry)
      })
    },
    close() {
      closed = true
      for (const each of waiting) each.refuse(new NetworkError('closed'))
    },
  }
}

function add(counts: Map<string, number>, name: string, by: number): void {
  const left = (counts.get(name) ?? 0) + by
  if (left > 0) counts.set(name, left)
  else counts.delete(name)
}
