import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { issue, operationOutcome } from '../../fhir/error.ts'
import { type ConnectionLimits, type Connections, createConnections, type Handler } from '../limits/connections.ts'
import { headBytes, withBoundedHead } from '../limits/head-size.ts'
import { connectionClients } from '../limits/requester.ts'
import type { TlsIdentity } from './tls-identity.ts'

/** Where to listen. */
export interface ListenOptions {
  host: string
  /** Of plain HTTP; 0 takes a free port, undefined listens on none. */
  port: number | undefined
  tls?: TlsListenOptions | undefined
  trustedProxies?: readonly string[]
  /** Where they differ from {@link defaultListenLimits}. */
  limits?: Partial<ListenLimits>
}

/** A listener with TLS, 1.2 or later. */
interface TlsListenOptions {
  /** 0 takes a free port. */
  port: number
  identity: TlsIdentity
  /** Whether clients are asked for a certificate. None must have one, and whose it is is judged by who reads it: here all are let in. */
  asksClients: boolean
  /** Told when the files of the identity changed: undefined when they are in use, else why they are not. */
  changed(failure: string | undefined): void
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
  /** Port of plain HTTP. */
  port: number | undefined
  /** Port of TLS. */
  tlsPort: number | undefined
  connections: Connections
  /** Reads the TLS identity again. */
  reload(): void
  /** Takes no more requests, finishes those under way, and cuts off what is not done within the limit. */
  close(limitMs: number): Promise<void>
}

/** How often what is too slow is looked for. */
const sweepMilliseconds = 1000

/** How often files of the TLS identity are looked at. */
const watchMilliseconds = 10_000

/** Whether the addresses can be had now; rejects with the system's reason when not. */
export async function tryAddress({
  host,
  port,
  tls,
}: Pick<ListenOptions, 'host' | 'port'> & { tls?: { port: number } | undefined }): Promise<void> {
  for (const wanted of [port, tls?.port]) {
    if (wanted === undefined) continue
    const probe = createServer()
    await listening(probe, host, wanted)
    await new Promise((closed) => probe.close(closed))
  }
}

/** Listens with an application's handler. Rejects when a port cannot be had. */
export async function listen(unbounded: Handler, options: ListenOptions): Promise<RunningServer> {
  const handler = withBoundedHead(unbounded)
  const { host, tls, trustedProxies = [] } = options
  const limits = { ...defaultListenLimits, ...options.limits }
  const times = {
    headersTimeout: limits.headerSeconds * 1000,
    requestTimeout: Math.max(limits.headerSeconds, limits.bodySeconds) * 1000,
    connectionsCheckingInterval: sweepMilliseconds,
    maxHeaderSize: headBytes,
  }
  const connections = createConnections(limits, connectionClients(trustedProxies), () => performance.now())
  const plain = options.port === undefined ? undefined : createServer(times, handler)
  const secure = tls && secureServer(tls, { ...times, handshakeTimeout: times.headersTimeout }, handler)
  // What a client does not take waits in the socket of TLS, not in the one below.
  secure?.on('secureConnection', connections.watch)
  const servers = [plain, secure].filter((each) => each !== undefined)
  for (const server of servers) {
    server.on('connection', connections.accept)
    // The handler itself asks for the body when nothing speaks against it.
    server.on('checkContinue', handler)
    server.on('clientError', answerClientError)
  }
  const timers = [setInterval(connections.sweep, sweepMilliseconds)]
  const reload = (isForced: boolean) => {
    if (tls && secure) renew(tls, secure, isForced)
  }
  if (tls) timers.push(setInterval(() => reload(false), watchMilliseconds))
  for (const timer of timers) timer.unref()
  const close = async (limitMs: number) => {
    for (const timer of timers) clearInterval(timer)
    await Promise.all(servers.map((server) => closeServer(server, limitMs)))
  }
  try {
    const port = plain && (await listening(plain, host, options.port ?? 0))
    const tlsPort = secure && (await listening(secure, host, tls?.port ?? 0))
    return { port, tlsPort, connections, reload: () => reload(true), close }
  } catch (error) {
    await close(0)
    throw error
  }
}

function secureServer(
  { identity, asksClients }: TlsListenOptions,
  times: { headersTimeout: number; requestTimeout: number; handshakeTimeout: number },
  handler: Handler,
): TlsServer {
  return createTlsServer(
    { ...times, ...identity.content(), requestCert: asksClients, rejectUnauthorized: false },
    handler,
  )
}

type TlsServer = ReturnType<typeof createTlsServer>

/** What is new is for connections to come; those that are open stay as they are. */
function renew({ identity, changed }: TlsListenOptions, server: TlsServer, isForced: boolean): void {
  const found = identity.refresh(isForced)
  if (found.state === 'same') return
  if (found.state === 'renewed') server.setSecureContext(identity.content())
  changed(found.state === 'refused' ? found.why : undefined)
}

/** Has a server listen. @returns its port */
function listening(server: Server | TlsServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const bound = server.address()
      // It is a text for a socket of the file system alone.
      resolve(typeof bound === 'object' && bound ? bound.port : port)
    })
  })
}

function closeServer(server: Server | TlsServer, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => server.closeAllConnections(), limitMs)
    // A connection that was busy when closing began turns idle later, and nobody would close it.
    const sweep = setInterval(() => server.closeIdleConnections(), 50)
    // Also of one that never listened, which says so.
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
  // Who did not get through the handshake of TLS understands no HTTP.
  const isHandshake = /^(?:ERR_SSL|ERR_TLS|EPROTO)/.test(error.code ?? '')
  if (!socket.writable || error.code === 'ECONNRESET' || isHandshake) {
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
