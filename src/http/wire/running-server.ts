import type { Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { issue, operationOutcome } from '../../fhir/error.ts'
import { type ConnectionLimits, type Connections, createConnections, type Handler } from '../limits/connections.ts'
import { headBytes, withSoundHead } from '../limits/request-head.ts'
import { connectionClients } from '../limits/requester.ts'
import { listening } from './listen.ts'
import type { TlsIdentity } from './tls-identity.ts'

/**
 * An import of this module reads all its members once, even those that Node makes when they are asked for: with `WebSocket` came its
 * client for HTTP and that for HTTP/2, 12 MB that nobody here uses.
 */
const { createServer }: typeof import('node:http') = createRequire(import.meta.url)('node:http')

/** Where to listen. */
export interface ListenOptions {
  host: string
  /** Of plain HTTP; 0 takes a free port, undefined listens on none. */
  port: number | undefined
  tls?: TlsListenOptions | undefined
  trustedProxies?: readonly string[]
  /** Where they differ from {@link defaultListenLimits}. */
  limits?: Partial<ListenLimits>
  /** Where connections come from that another process has accepted; without it this one listens itself. */
  source?: ConnectionSource | undefined
}

/** Connections that another process accepts, and hands over. */
export interface ConnectionSource {
  /** Has them come from now on; the ports that they come to. Rejects when a port cannot be had. */
  begin(
    take: (socket: Socket, kind: 'plain' | 'tls') => void,
  ): Promise<{ port?: number | undefined; tlsPort?: number | undefined }>
  /** For so long clients that ask on an open connection are answered, and told to take another one next. */
  leaveMilliseconds(): number
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
  const { tls, trustedProxies = [], source } = options
  const limits = { ...defaultListenLimits, ...options.limits }
  const times = {
    headersTimeout: limits.headerSeconds * 1000,
    requestTimeout: Math.max(limits.headerSeconds, limits.bodySeconds) * 1000,
    connectionsCheckingInterval: sweepMilliseconds,
    maxHeaderSize: headBytes,
    // A request that announces no body has none: without this each goes through the whole life of an empty stream. Nobody may wait for
    // the end of such a message, see `hasBody`.
    optimizeEmptyRequests: true,
  }
  const leaving = { isSo: false }
  const handler = withSoundHead(source ? sendingOff(unbounded, leaving) : unbounded)
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
    leaving.isSo = true
    if (source) await letGo(servers, connections, { leaveMs: source.leaveMilliseconds(), limitMs })
    else await Promise.all(servers.map((server) => closeServer(server, limitMs)))
  }
  try {
    const ports = source ? await takeFrom(source, { plain, secure }) : await listenAt(options, { plain, secure })
    return { ...ports, connections, reload: () => reload(true), close }
  } catch (error) {
    await close(0)
    throw error
  }
}

interface Servers {
  plain: Server | undefined
  secure: TlsServer | undefined
}

async function listenAt({ host, port, tls }: ListenOptions, { plain, secure }: Servers) {
  return {
    port: plain && (await listening(plain, host, port ?? 0)),
    tlsPort: secure && (await listening(secure, host, tls?.port ?? 0)),
  }
}

async function takeFrom(source: ConnectionSource, { plain, secure }: Servers) {
  // Node begins to look for requests that take too long when a server listens, which these do not.
  for (const server of [plain, secure]) server?.emit('listening')
  const ports = await source.begin((socket, kind) => {
    const server = kind === 'tls' ? secure : plain
    if (server) server.emit('connection', socket)
    else socket.destroy()
  })
  return { port: plain && ports.port, tlsPort: secure && ports.tlsPort }
}

/** Who asks while the server leaves is answered, and makes a new connection for what he asks next: it goes to a server that stays. */
function sendingOff(handler: Handler, leaving: { isSo: boolean }): Handler {
  return (message, response) => {
    if (leaving.isSo) response.shouldKeepAlive = false
    handler(message, response)
  }
}

/** Lets connections end that no listener of its own brought: those who ask leave by themselves, then the idle ones go, then all. */
async function letGo(
  servers: readonly (Server | TlsServer)[],
  connections: Connections,
  { leaveMs, limitMs }: { leaveMs: number; limitMs: number },
): Promise<void> {
  const began = performance.now()
  while (connections.count() > 0) {
    const waited = performance.now() - began
    if (waited > leaveMs + limitMs) for (const server of servers) server.closeAllConnections()
    else if (waited >= leaveMs) for (const server of servers) server.closeIdleConnections()
    await sleep(letGoMilliseconds)
  }
  for (const server of servers) server.close(() => {})
}

/** How often connections are looked for that have become idle. */
const letGoMilliseconds = 20

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
