import type { IncomingMessage } from 'node:http'
import { type Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { TLSSocket } from 'node:tls'
import { NetworkError, type NetworkFault } from './network-error.ts'
import type { NetworkReply, NetworkRequest } from './network-request.ts'
import { authorityOf, type Target } from './target.ts'

/** By which the other server knows this one, as PEM, and what its certificate is held against. */
export interface OwnCertificate {
  cert: string
  key: string
  ca?: string
}

/** How one request is made. */
export interface Sending {
  /** The addresses that were checked: it connects to one of these. */
  addresses: readonly string[]
  agent: Agent
  own?: OwnCertificate | undefined
  headBytes: number
  maxBytes: number
  /** Ends the wait for the head of the answer; once that is there, it is told. */
  until: AbortSignal
  headArrived(): void
  /** Ends everything. */
  signal: AbortSignal
}

/** Methods that may be sent twice. */
const REPEATABLE = ['GET', 'HEAD']

/**
 * Sends one request and reads the whole answer, counting while it comes. Over a connection that was kept and that the other server has
 * ended meanwhile, a request that only reads is sent once more.
 * @throws NetworkError
 */
export async function sendTo(target: Target, request: NetworkRequest, sending: Sending): Promise<NetworkReply> {
  const state = { wasKept: false }
  try {
    return await sendOnce(target, request, { ...sending, state })
  } catch (error) {
    const isStale = state.wasKept && error instanceof NetworkError && error.fault === 'connection'
    if (!isStale || sending.until.aborted || !REPEATABLE.includes(request.method ?? 'GET')) throw error
    return sendOnce(target, request, { ...sending, state: { wasKept: false } })
  }
}

/** What is learned while one request is sent. */
interface SendingOnce extends Sending {
  /** `wasKept`: over a connection of an earlier request, and no answer came. */
  state: { wasKept: boolean }
}

function sendOnce(target: Target, request: NetworkRequest, sending: SendingOnce): Promise<NetworkReply> {
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
      sending.state.wasKept = message.reusedSocket && !answered
      reject(error instanceof NetworkError ? error : new NetworkError(faultOf(error)))
      message.destroy()
    }
    const abort = () => {
      const reason = signal.aborted ? signal.reason : until.reason
      // Whoever called it off did not want to wait any longer.
      fail(reason instanceof NetworkError ? reason : new NetworkError('timeout'))
    }
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
      const peer = peerOf(reply)
      readBody(reply, request, sending.maxBytes).then((body) => {
        if (ended) return
        end()
        resolve({ status: reply.statusCode ?? 0, headers: headersOf(reply), body, ...(peer ? { peer } : {}) })
        if (!sending.agent.options.keepAlive) message.destroy()
      }, fail)
    })
    if (until.aborted) abort()
    else message.end(request.body)
  })
}

/** Certificates of servers whose connections are kept: Node tells a connection's only once. */
const peers = new WeakMap<object, Buffer>()

/** DER of the other server's certificate. */
function peerOf({ socket }: IncomingMessage): Buffer | undefined {
  const known = peers.get(socket)
  if (known) return known
  const peer = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined
  if (peer) peers.set(socket, peer)
  return peer
}

/** Methods whose request has a length even when it has no body (RFC 9110, 8.6). */
const WITH_LENGTH = ['POST', 'PUT']

function optionsOf(
  target: Target,
  request: NetworkRequest,
  { addresses, agent, own, headBytes }: Sending,
): RequestOptions {
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
      ...(body || WITH_LENGTH.includes(method) ? { 'Content-Length': String(body?.length ?? 0) } : {}),
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
    ...own,
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
async function readBody(reply: IncomingMessage, request: NetworkRequest, maxBytes: number): Promise<Buffer> {
  const { statusCode = 0, headers } = reply
  const isUnmodified = statusCode === 304 && isConditional(request)
  if (statusCode >= 300 && statusCode < 400 && !isUnmodified) throw new NetworkError('redirect')
  // What was packed against our wish would grow beyond what was counted.
  if (!/^(?:identity)?$/i.test(headers['content-encoding']?.trim() ?? '')) throw new NetworkError('response')
  const hasBody = request.method !== 'HEAD' && !isUnmodified
  if (hasBody && Number(headers['content-length'] ?? 0) > maxBytes) throw new NetworkError('too-large')
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of reply) {
    bytes += part.length
    if (bytes > maxBytes) throw new NetworkError('too-large')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** Whether "not modified" is an answer to what was asked (RFC 9110, 13.1). */
function isConditional({ headers = {} }: NetworkRequest): boolean {
  return Object.keys(headers).some((name) => /^if-(?:none-match|modified-since)$/i.test(name))
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
}

/** Codes of OpenSSL and of Node for certificates that are not good, whatever is wrong with them. */
const CERTIFICATE =
  /^(?:ERR_TLS_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_|HOSTNAME_MISMATCH|PATH_LENGTH_|ERROR_IN_CERT|CA_|EE_)/

/** Alerts by which the other server refuses our certificate, or the lack of one (RFC 8446, 6.2), in OpenSSL's spelling. */
const REFUSED =
  /ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(?:REVOKED|EXPIRED|UNKNOWN|REQUIRED)|UNKNOWN_CA|ACCESS_DENIED)/

/** What an error of a connection says, in the words of this room. */
export function faultOf(error: unknown): NetworkFault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'HPE_HEADER_OVERFLOW') return 'too-large'
  if (code.startsWith('HPE_')) return 'response'
  if (REFUSED.test(code === 'EPROTO' ? alertOf(error) : code)) return 'client-certificate'
  return CERTIFICATE.test(code) ? 'certificate' : 'connection'
}

/** The alert that an error of the protocol tells in words: `… tlsv13 alert certificate required …`. */
const alertOf = (error: unknown): string =>
  error instanceof Error ? error.message.toUpperCase().replaceAll(' ', '_') : ''
