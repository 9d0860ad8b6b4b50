/**
 * Connections on their way to workers. Node's own cluster module forgets a connection that it has sent to a worker which ends before it
 * has taken it: the client waits for ever. Here it stays open in the first process until the worker says that it has it, and goes to
 * another where it ends before.
 */
import type { Socket } from 'node:net'
import type { ListenerKind } from './protocol.ts'

/** Who takes connections. */
interface Taker {
  id: number
  give(connection: { id: number; kind: ListenerKind }, socket: Socket): void
}

/** How many connections there may be. */
export interface HandOutLimits {
  /** In all, and of one client. */
  connections: number
  connectionsOfOne: number
  /** The client of a connection; undefined for one that is not limited (a trusted proxy). */
  clientOf(socket: Socket): string | undefined
}

/** Gives connections to those who take them. */
export interface HandOut {
  /** Gives a connection to whoever has fewest; where nobody takes any, it waits. One too many is closed. */
  give(socket: Socket, kind: ListenerKind): void
  /** From now on it gets connections, those that wait at once. */
  add(taker: Taker): void
  /** It gets no more; what it has is still its own. */
  remove(taker: Taker): void
  taken(connection: number): void
  closed(connection: number): void
  /** It is no more: what it had not taken goes to others, the rest is closed. */
  lost(taker: Taker): void
  /** Closes what waits. */
  close(): void
}

interface Connection {
  id: number
  kind: ListenerKind
  client: string | undefined
  /** While it is open here. */
  socket: Socket | undefined
  taker: Taker | undefined
}

/** Nobody has any connection yet. */
export function createHandOut(limits: HandOutLimits): HandOut {
  const all = new Map<number, Connection>()
  const loads = new Map<Taker, number>()
  const ofClient = new Map<string, number>()
  let last = 0
  const count = (client: string, more: number) => {
    const now = (ofClient.get(client) ?? 0) + more
    if (now > 0) ofClient.set(client, now)
    else ofClient.delete(client)
    return now
  }
  const forget = (connection: Connection) => {
    if (!all.delete(connection.id)) return
    if (connection.client !== undefined) count(connection.client, -1)
    const { taker } = connection
    const load = taker && loads.get(taker)
    if (taker && load !== undefined) loads.set(taker, load - 1)
  }
  const send = (connection: Connection) => {
    const { socket } = connection
    if (!socket) return
    const [taker] = [...loads].reduce<[Taker | undefined, number]>(
      (least, each) => (each[1] < least[1] ? each : least),
      [undefined, Number.POSITIVE_INFINITY],
    )
    connection.taker = taker
    if (!taker) return
    loads.set(taker, (loads.get(taker) ?? 0) + 1)
    taker.give({ id: connection.id, kind: connection.kind }, socket)
  }
  return {
    give(socket, kind) {
      const client = limits.clientOf(socket)
      const own = client === undefined ? 0 : count(client, 1)
      if (all.size >= limits.connections || own > limits.connectionsOfOne) {
        if (client !== undefined) count(client, -1)
        socket.destroy()
        return
      }
      const connection: Connection = { id: ++last, kind, client, socket, taker: undefined }
      all.set(connection.id, connection)
      // A connection that breaks off here is nobody's fault.
      socket.on('error', () => {})
      send(connection)
    },
    add(taker) {
      loads.set(taker, 0)
      for (const connection of all.values()) if (!connection.taker) send(connection)
    },
    remove: (taker) => void loads.delete(taker),
    taken(id) {
      const connection = all.get(id)
      // Its end in the worker stays open.
      connection?.socket?.destroy()
      if (connection) connection.socket = undefined
    },
    closed(id) {
      const connection = all.get(id)
      if (connection) forget(connection)
    },
    lost(taker) {
      loads.delete(taker)
      for (const connection of [...all.values()]) {
        if (connection.taker !== taker) continue
        if (connection.socket) send(connection)
        else forget(connection)
      }
    },
    close() {
      for (const connection of [...all.values()]) {
        connection.socket?.destroy()
        forget(connection)
      }
    },
  }
}
