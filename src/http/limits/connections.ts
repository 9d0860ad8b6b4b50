import type { Socket } from 'node:net'

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
  /** Whether a reply of that many bytes may be written while others are still being taken. */
  mayWrite(bytes: number): boolean
  /** Closes the connections whose client does not take what was written. */
  sweep(): void
}

interface Open {
  client: string
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
  return {
    accept(socket) {
      const client = clientOf(socket) ?? ''
      const own = client === '' ? 0 : count(client, 1)
      open.set(socket, { client, waiting: undefined })
      socket.once('close', () => {
        open.delete(socket)
        if (client !== '') count(client, -1)
      })
      if (open.size > limits.connections || own > limits.connectionsOfOne) socket.destroy()
    },
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
