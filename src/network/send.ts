import type { IncomingMessage } from 'node:http'
import { type Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { NetworkError, type NetworkFault } from './network-error.ts'
import type { NetworkReply, NetworkRequest } from './network-request.ts'
import { authorityOf, type Target } from './target.ts'

/** How one request is made. */
export interface Sending {
  /** The addresses that were checked: it connects to one of these. */
  addresses: readonly string[]
  agent: Agent
  headBytes: number
  maxBytes: number
  /** Ends the wait for the head of the answer; once that is there, it is told. */
  until: AbortSignal
  headArrived(): void
  /** Ends everything. */
  signal: AbortSignal
}

/**
 * Sends one request over a connection of its own and reads the whole answer, counting while it comes.
 * @throws NetworkError
 */
export function sendTo(target: Target, request: NetworkRequest, sending: Sending): Promise<NetworkReply> {
  return new Promise((resolve, reject) => {
    const { until, signal } = sending
    const message = httpsRequest(optionsOf(target, request, sending))
    let ended = false
    let answered = false
    const end = () => {
      ended = true
      until.removeEventListener('abort', abort)
      signal.removeEventListener('abort', abort)
    }
    const fail = (error: unknown) => {
      if (ended) return
      end()
      reject(error instanceof NetworkError ? error : new NetworkError(faultOf(error)))
      message.destroy()
    }
    const abort = () => fail(signal.aborted ? signal.reason : until.reason)
    until.addEventListener('abort', abort)
    signal.addEventListener('abort', abort)
    message.on('error', fail)
    // Once there is an answer, who reads it learns that it broke off.
    message.on('close', () => answered || fail(new NetworkError('connection')))
    message.on('upgrade', (_reply, socket) => {
      socket.destroy()
      fail(new NetworkError('response'))
    })
    message.on('response', (reply) => {
      answered = true
      until.removeEventListener('abort', abort)
      sending.headArrived()
      readBody(reply, sending.maxBytes).then((body) => {
        if (ended) return
        end()
        resolve({ status: reply.statusCode ?? 0, headers: headersOf(reply), body })
        message.destroy()
      }, fail)
    })
    if (until.aborted) abort()
    else message.end(request.body)
  })
}

function optionsOf(target: Target, request: NetworkRequest, { addresses, agent, headBytes }: Sending): RequestOptions {
  const { host, port, path, listed } = target
  const { method = 'GET', headers = {}, body } = request
  return {
    host,
    port,
    path,
    method,
    headers: {
      ...headers,
      Host: authorityOf(target),
      'Accept-Encoding': 'identity',
      ...(method === 'POST' ? { 'Content-Length': String(body?.length ?? 0) } : {}),
    },
    agent,
    lookup: lookupIn(addresses),
    servername: host,
    // Whatever the environment says (NODE_TLS_REJECT_UNAUTHORIZED).
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    maxHeaderSize: headBytes,
    insecureHTTPParser: false,
    ...(listed?.ca === undefined ? {} : { ca: listed.ca }),
  }
}

/** What the connection asks in place of a second resolution of the name. */
function lookupIn(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }))
  const [first = { address: '', family: 0 }] = all
  return (_name, options, callback) => {
    if (options.all) callback(null, all)
    else callback(null, first.address, first.family)
  }
}

/** @throws NetworkError for a redirect, an encoding that was not asked for, or too many bytes */
async function readBody(reply: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const { statusCode = 0, headers } = reply
  if (statusCode >= 300 && statusCode < 400) throw new NetworkError('redirect')
  // What was packed against our wish would grow beyond what was counted.
  if (!/^(?:identity)?$/i.test(headers['content-encoding']?.trim() ?? '')) throw new NetworkError('response')
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw new NetworkError('too-large')
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of reply) {
    bytes += part.length
    if (bytes > maxBytes) throw new NetworkError('too-large')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
}

/** Codes of OpenSSL and of Node for certificates that are not good, whatever is wrong with them. */
const CERTIFICATE =
  /^(?:ERR_TLS_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_|HOSTNAME_MISMATCH|PATH_LENGTH_|ERROR_IN_CERT|CA_|EE_)/

function faultOf(error: unknown): NetworkFault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'HPE_HEADER_OVERFLOW') return 'too-large'
  if (code.startsWith('HPE_')) return 'response'
  return CERTIFICATE.test(code) ? 'certificate' : 'connection'
}
