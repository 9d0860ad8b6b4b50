import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { issue, operationOutcome } from '../fhir/error.ts'

/** Where to listen. */
export interface ListenOptions {
  host: string
  /** 0 takes a free port. */
  port: number
}

/** A listening server. */
export interface RunningServer {
  /** Port it listens on. */
  port: number
  /** Takes no more requests, finishes those under way, and cuts off what is not done within the limit. */
  close(limitMs: number): Promise<void>
}

/** Longest time that a client may take to send a request. */
const requestTimeoutMs = 120_000
const headersTimeoutMs = 20_000

/** Listens with an application's handler. Rejects when the port cannot be had. */
export function listen(
  handler: (message: IncomingMessage, response: ServerResponse) => void,
  { host, port }: ListenOptions,
): Promise<RunningServer> {
  const server = createServer({ requestTimeout: requestTimeoutMs, headersTimeout: headersTimeoutMs }, handler)
  server.on('clientError', answerClientError)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      // A server that listens on a port has an address of this kind.
      const address = server.address() as AddressInfo
      resolve({ port: address.port, close: (limitMs) => closeServer(server, limitMs) })
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

/** What is no HTTP at all never reaches the application; it too is told what was wrong, in FHIR. */
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
}
