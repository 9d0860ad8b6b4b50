import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { issue, operationOutcome } from '../../fhir/error.ts'
import { type ConnectionLimits, type Connections, createConnections, type Handler } from '../limits/connections.ts'
import { connectionClients } from '../limits/requester.ts'

/** Where to listen. */
export interface ListenOptions {
  host: string
  /** 0 takes a free port. */
  port: number
  trustedProxies?: readonly string[]
  /** Where they differ from {@link defaultListenLimits}. */
  limits?: Partial<ListenLimits>
}

/** What clients may do to the connections. */
export interface ListenLimits extends ConnectionLimits {
  /** Time for a client to send the head of a request. */
  headerSeconds: number
  /** Time for a client to send a whole request. */
  bodySeconds: number
}

const defaultListenLimits: ListenLimits = {
  connections: 1000,
  connectionsOfOne: 200,
  headerSeconds: 10,
  bodySeconds: 60,
  replySeconds: 60,
  replyBytes: 100_000_000,
}

/** A listening server. */
export interface RunningServer {
  /** Port it listens on. */
  port: number
  connections: Connections
  /** Takes no more requests, finishes those under way, and cuts off what is not done within the limit. */
  close(limitMs: number): Promise<void>
}

/** How often what is too slow is looked for. */
const sweepMilliseconds = 1000

/** Whether an address can be had now; rejects with the system's reason when not. */
export async function tryAddress({ host, port }: Pick<ListenOptions, 'host' | 'port'>): Promise<void> {
  const probe = createServer()
  await new Promise<void>((listens, fails) => probe.once('error', fails).listen(port, host, listens))
  await new Promise((closed) => probe.close(closed))
}

/** Listens with an application's handler. Rejects when the port cannot be had. */
export function listen(handler: Handler, options: ListenOptions): Promise<RunningServer> {
  const { host, port, trustedProxies = [] } = options
  const limits = { ...defaultListenLimits, ...options.limits }
  const times = {
    headersTimeout: limits.headerSeconds * 1000,
    requestTimeout: Math.max(limits.headerSeconds, limits.bodySeconds) * 1000,
    connectionsCheckingInterval: sweepMilliseconds,
  }
  const server = createServer(times, handler)
  const connections = createConnections(limits, connectionClients(trustedProxies), () => performance.now())
  server.on('connection', connections.accept)
  // The handler itself asks for the body when nothing speaks against it.
  server.on('checkContinue', handler)
  server.on('clientError', answerClientError)
  const sweep = setInterval(connections.sweep, sweepMilliseconds)
  sweep.unref()
  server.once('close', () => clearInterval(sweep))
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const address = server.address()
      // A server that listens on a port has an address with it.
      const listening = typeof address === 'object' && address !== null ? address.port : port
      resolve({ port: listening, connections, close: (limitMs) => closeServer(server, limitMs) })
    })
  })
}

function closeServer(server: Server, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => server.closeAllConnections(), limitMs)
    // A connection that was busy when closing began turns idle later, and nobody would close it.
    const sweep = setInterval(() => server.closeIdleConnections(), 50)
    server.close(() => {
      clearTimeout(limit)
      clearInterval(sweep)
      resolve()
    })
  })
}

/** A client that is told what was wrong has so long to take it. */
const lingerMilliseconds = 1000

/**
 * What is no HTTP at all, or takes too long to arrive, never reaches the application; it too is told what was wrong, in FHIR. The
 * connection is closed, whether or not the client closes its side.
 */
function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, text] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'The headers are too large.']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'The request took too long to arrive.']
        : ['400 Bad Request', 'This is not an HTTP request.']
  const body = JSON.stringify(operationOutcome([issue('structure', text)]))
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/fhir+json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`
  socket.end(head + body)
  socket.destroySoon()
  setTimeout(() => socket.destroy(), lingerMilliseconds).unref()
}
