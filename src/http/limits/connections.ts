/** What connections and their clients may hold: open sockets, replies that are not taken, bodies that do not end, requests at a time. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { FhirError, issue } from '../../fhir/error.ts'

/** Bounds of the connections of a server. */
export interface ConnectionLimits {
  /** Of all clients. */
  connections: number
  /** Of one client; proxies that are trusted have none of their own. */
  connectionsOfOne: number
  /** Time for a client to take what was written to it. */
  replySeconds: number
  /** Written and not taken yet, of all connections together. */
  replyBytes: number
}

/** The open connections of a server. */
export interface Connections {
  /** Counts a connection, or closes it when there are too many. */
  accept(socket: Socket): void
  /** Looks after what is written to a socket that lies over one that was accepted (TLS). */
  watch(socket: Socket): void
  /** Whether a reply of that many bytes may be written while others are still being taken. */
  mayWrite(bytes: number): boolean
  /** How many are open. */
  count(): number
  /** Closes the connections whose client does not take what was written. */
  sweep(): void
}

interface Open {
  /** Since when what was written last is waiting to be taken; undefined while nothing waits. */
  waiting: { since: number; written: number } | undefined
}

/**
 * Counts connections, and looks at them now and then: nothing of this costs a request anything.
 * @param clientOf the client of a connection; undefined for a trusted proxy
 * @param elapsed milliseconds of a clock that only moves forward
 */
export function createConnections(
  limits: ConnectionLimits,
  clientOf: (socket: Socket) => string | undefined,
  elapsed: () => number,
): Connections {
  const open = new Map<Socket, Open>()
  const ofClient = new Map<string, number>()
  const count = (client: string, more: number) => {
    const now = (ofClient.get(client) ?? 0) + more
    if (now > 0) ofClient.set(client, now)
    else ofClient.delete(client)
    return now
  }
  let accepted = 0
  const watch = (socket: Socket) => {
    open.set(socket, { waiting: undefined })
    socket.once('close', () => open.delete(socket))
  }
  return {
    watch,
    accept(socket) {
      const client = clientOf(socket) ?? ''
      const own = client === '' ? 0 : count(client, 1)
      accepted += 1
      watch(socket)
      socket.once('close', () => {
        accepted -= 1
        if (client !== '') count(client, -1)
      })
      if (accepted > limits.connections || own > limits.connectionsOfOne) socket.destroy()
    },
    count: () => accepted,
    mayWrite(bytes) {
      let waiting = bytes
      for (const socket of open.keys()) waiting += socket.writableLength
      return waiting <= limits.replyBytes
    },
    sweep() {
      const now = elapsed()
      for (const [socket, each] of open) {
        if (socket.writableLength === 0) each.waiting = undefined
        else if (each.waiting?.written !== socket.bytesWritten)
          each.waiting = { since: now, written: socket.bytesWritten }
        else if (now - each.waiting.since > limits.replySeconds * 1000) socket.destroy()
      }
    },
  }
}

/** Handles a request; the end of the response is the end of it. */
export type Handler = (message: IncomingMessage, response: ServerResponse) => void

/** Requests that a client may send ahead (RFC 9112 §9.3.2, pipelining); none that browsers or libraries send. */
const mostAhead = 16

interface Line {
  /** The response that is being made. */
  current: ServerResponse
  waiting: [IncomingMessage, ServerResponse][]
}

/** The requests of all connections. */
interface Lines {
  handler: Handler
  /** Has what comes from now on refused, gives what is under way that many milliseconds, and cuts off what is not answered then. */
  end(limitMilliseconds: number): Promise<void>
}

/**
 * Handles the requests of one connection one after the other. Node hands over all that came in one piece at once, hundreds of them:
 * all would be worked on before anybody else had a turn.
 * @param refuse handles requests that come when it is to end
 */
export function onePerConnection(answer: Handler, refuse: Handler): Lines {
  const lines = new Map<Socket, Line>()
  let handle = answer
  const next = (line: Line) => {
    const waiting = line.waiting.shift()
    if (!waiting) return
    // Nobody is there to take an answer.
    if (waiting[0].socket.destroyed) line.waiting.length = 0
    else begin(line, waiting)
  }
  const begin = (line: Line, [message, response]: [IncomingMessage, ServerResponse]) => {
    line.current = response
    handle(message, response)
    if (line.waiting.length > 0) follow(line)
  }
  /** The next one when this one is done, and the event loop has gone round. */
  const follow = (line: Line) => {
    const { current } = line
    if (isSent(current)) setImmediate(next, line)
    else current.once('close', () => setImmediate(next, line))
  }
  const handler: Handler = (message, response) => {
    const { socket } = message
    const line = lines.get(socket)
    if (!line) {
      lines.set(socket, { current: response, waiting: [] })
      socket.once('close', () => lines.delete(socket))
      handle(message, response)
      return
    }
    const isFree = line.waiting.length === 0 && (line.current.writableEnded || line.current.closed)
    if (isFree) begin(line, [message, response])
    else if (line.waiting.length >= mostAhead) socket.destroy()
    else if (line.waiting.push([message, response]) === 1) follow(line)
  }
  const end = async (limitMilliseconds: number): Promise<void> => {
    handle = refuse
    const busy = [...lines].filter(([, { current }]) => !isSent(current))
    const limit = setTimeout(() => {
      for (const [socket, { current }] of busy) if (!isSent(current)) socket.destroy()
    }, limitMilliseconds)
    await Promise.all(busy.map(([, { current }]) => new Promise((sent) => current.once('close', sent))))
    clearTimeout(limit)
  }
  return { handler, end }
}

const isSent = (response: ServerResponse): boolean => response.closed || response.writableFinished

/** Most that may be under way at a time. */
export interface BodyLimits {
  bodies: number
  bodiesOfOne: number
  /** Of all together. */
  bytes: number
}

/** A body that is being read. */
export interface UnfinishedBody {
  /** @throws FhirError 503 when all bodies together are too much for the server, and no other client holds more of it */
  add(bytes: number): void
  /** Read to its end, or given up. */
  end(): void
}

/**
 * Counts the bodies that are being read: each holds memory for as long as its sender likes. Where there is no room, who holds most
 * makes it: few clients that never finish cannot keep all others out.
 */
export interface UnfinishedBodies {
  /**
   * @param giveUp told why, when the body must make room for another client's
   * @throws FhirError 429 too many of one client, 503 too many of all; both with Retry-After
   */
  begin(client: string, giveUp: (reason: FhirError) => void): UnfinishedBody
}

interface Held {
  client: string
  bytes: number
  giveUp(reason: FhirError): void
}

const retryAfter = { 'Retry-After': '2', Connection: 'close' }

/** Counters that begin at nothing. */
export function createUnfinishedBodies(limits: BodyLimits): UnfinishedBodies {
  /** The oldest first. */
  const all = new Set<Held>()
  let bytes = 0
  const end = (held: Held) => {
    if (all.delete(held)) bytes -= held.bytes
  }
  /** Has a body of another client go that holds more than this one's would. */
  const makeRoom = (client: string, sizeOf: (held: Held) => number, own: number) => {
    const [greediest, most] = greediestOf(all, sizeOf)
    if (greediest === undefined || greediest === client || most <= own) throw overloaded()
    for (const held of all) {
      if (held.client !== greediest || sizeOf(held) === 0) continue
      end(held)
      held.giveUp(overloaded())
      return
    }
  }
  return {
    begin(client, giveUp) {
      const own = [...all].filter((each) => each.client === client).length
      if (own >= limits.bodiesOfOne)
        throw new FhirError(429, issue('throttled', 'Too many unfinished requests of one client.'), retryAfter)
      if (all.size >= limits.bodies) makeRoom(client, () => 1, own + 1)
      const held: Held = { client, bytes: 0, giveUp }
      all.add(held)
      return {
        add(more) {
          // What had to make room holds nothing any more.
          if (!all.has(held)) return
          held.bytes += more
          bytes += more
          while (bytes > limits.bytes) makeRoom(client, sizeInBytes, bytesOf(all, client))
        },
        end: () => end(held),
      }
    },
  }
}

const sizeInBytes = (held: Held): number => held.bytes
const bytesOf = (all: Set<Held>, client: string): number =>
  [...all].reduce((sum, each) => sum + (each.client === client ? each.bytes : 0), 0)

/** The client whose bodies are most together, and how much that is. */
function greediestOf(all: Set<Held>, sizeOf: (held: Held) => number): [client: string | undefined, size: number] {
  const sizes = new Map<string, number>()
  for (const each of all) sizes.set(each.client, (sizes.get(each.client) ?? 0) + sizeOf(each))
  let greediest: [client: string | undefined, size: number] = [undefined, 0]
  for (const [client, size] of sizes) if (size > greediest[1]) greediest = [client, size]
  return greediest
}

const overloaded = () =>
  new FhirError(503, issue('throttled', 'The server has too many unfinished requests.'), retryAfter)
