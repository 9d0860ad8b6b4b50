/** Ports that one process opens for several: it accepts connections, and reads nothing of them. */
import { createServer, type Server, type Socket } from 'node:net'
import { listening } from './listen.ts'

/** What is to be opened. */
export interface SharedPortOptions {
  host: string
  /** Of plain HTTP; 0 takes a free one, undefined opens none. */
  port: number | undefined
  /** Of TLS. */
  tlsPort: number | undefined
  /** Gets every connection as it came: nothing of it was read. */
  take(socket: Socket, kind: 'plain' | 'tls'): void
}

/** Ports that are open. */
export interface SharedPorts {
  port: number | undefined
  tlsPort: number | undefined
  /** Takes no more connections. */
  close(): void
}

/** Opens them. Rejects with the error of the system when one cannot be had: then none is open. */
export async function openSharedPorts({ host, port, tlsPort, take }: SharedPortOptions): Promise<SharedPorts> {
  const servers: Server[] = []
  const open = async (wanted: number | undefined, kind: 'plain' | 'tls'): Promise<number | undefined> => {
    if (wanted === undefined) return undefined
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => take(socket, kind))
    const bound = await listening(server, host, wanted)
    // What goes wrong with one connection is told to nobody: the next is tried.
    server.on('error', () => {})
    servers.push(server)
    return bound
  }
  const close = () => {
    for (const server of servers) server.close(() => {})
  }
  try {
    return { port: await open(port, 'plain'), tlsPort: await open(tlsPort, 'tls'), close }
  } catch (error) {
    close()
    throw error
  }
}
