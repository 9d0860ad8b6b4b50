/**
 * Requests of an operator's own command line to the server that he names: https, or http to this machine alone. What a stranger's
 * content leads to goes through network-client.ts.
 */
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { OwnCertificate } from './send.ts'

/** One request. */
export interface OperatorRequest {
  method: 'GET' | 'POST'
  url: string
  headers: Record<string, string>
  body?: Uint8Array
}

/** What was answered, whatever its status; a redirect is none that is followed. */
export interface OperatorReply {
  status: number
  contentType: string
  body: Buffer
}

/** That no answer came; whether the request did what it asks for is not known then. */
export class OperatorError extends Error {
  readonly code = 'operator-request'
}

/** What requests are made with. */
export interface OperatorClientOptions {
  /** Client certificate (PEM), its key, and the authorities that the server's certificate is held against. */
  tls?: Partial<OwnCertificate>
  /** For a whole request. */
  milliseconds?: number
  /** Largest answer. */
  bytes?: number
}

const defaults = { milliseconds: 120_000, bytes: 50_000_000 }

/** Whether an address may be asked: https, or http to this machine. */
export function isOperatorAddress(address: string): boolean {
  const url = /^https?:\/\/[^\s\\@]+$/.test(address) ? URL.parse(address) : null
  if (url?.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || isThisMachine(url.hostname)
}

function isThisMachine(host: string): boolean {
  if (host === 'localhost' || host === '[::1]') return true
  return isIP(host) === 4 && host.startsWith('127.')
}

/** Makes the client. */
export function createOperatorClient(
  options: OperatorClientOptions = {},
): (asked: OperatorRequest) => Promise<OperatorReply> {
  const limits = { milliseconds: options.milliseconds ?? defaults.milliseconds, bytes: options.bytes ?? defaults.bytes }
  return (asked) => {
    if (!isOperatorAddress(asked.url))
      return Promise.reject(new OperatorError('the server must have an https address, or http on this machine'))
    return asked.url.startsWith('https:') ? overTls(asked, options.tls ?? {}, limits) : plainly(asked, limits)
  }
}

type Limits = typeof defaults

async function plainly({ method, url, headers, body }: OperatorRequest, limits: Limits): Promise<OperatorReply> {
  const signal = AbortSignal.timeout(limits.milliseconds)
  try {
    const request = { method, headers, redirect: 'manual' as const, signal }
    const answer = await fetch(url, body === undefined ? request : { ...request, body: Buffer.from(body) })
    const pieces: Buffer[] = []
    let length = 0
    for await (const piece of answer.body ?? []) {
      length += piece.length
      if (length > limits.bytes) throw new OperatorError('the answer is larger than any answer should be')
      pieces.push(Buffer.from(piece))
    }
    const contentType = answer.headers.get('content-type') ?? ''
    return { status: answer.status, contentType, body: Buffer.concat(pieces) }
  } catch (error) {
    throw unanswered(error)
  }
}

function overTls(
  { method, url, headers, body }: OperatorRequest,
  tls: Partial<OwnCertificate>,
  limits: Limits,
): Promise<OperatorReply> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(unanswered(error))
    const signal = AbortSignal.timeout(limits.milliseconds)
    const length = body === undefined ? {} : { 'Content-Length': String(body.length) }
    const message = httpsRequest(url, { method, headers: { ...headers, ...length }, ...tls, signal }, (answer) => {
      const pieces: Buffer[] = []
      let bytes = 0
      answer.on('data', (piece: Buffer) => {
        bytes += piece.length
        if (bytes > limits.bytes) answer.destroy(new OperatorError('the answer is larger than any answer should be'))
        else pieces.push(piece)
      })
      answer.on('error', fail)
      answer.on('end', () => {
        const contentType = answer.headers['content-type'] ?? ''
        resolve({ status: answer.statusCode ?? 0, contentType, body: Buffer.concat(pieces) })
      })
    })
    message.on('error', fail)
    message.end(body)
  })
}

/** What codes of the system, of Node and of OpenSSL mean for whoever named the server. */
const hints: readonly [codes: RegExp, text: string][] = [
  [
    /SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)/,
    'no authority that is known here vouches for its certificate (--ca names one)',
  ],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'its certificate is for another name than the one that was asked'],
  [/^CERT_HAS_EXPIRED$/, 'its certificate has ended'],
  [/^ECONNREFUSED$/, 'nothing listens at its host and port'],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'the name of its host is not known here'],
  [/^EPROTO$|WRONG_VERSION_NUMBER/, 'it does not speak TLS at that port'],
]

/** Causes by their codes: texts of the system may quote an address with its path. */
function unanswered(error: unknown): OperatorError {
  if (error instanceof OperatorError) return error
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (cause instanceof Error && cause.name === 'TimeoutError') return new OperatorError('no answer came in time')
  if (code === '') return new OperatorError('no answer came')
  const hint = hints.find(([codes]) => codes.test(code))?.[1]
  return new OperatorError(`no answer came (${code})${hint === undefined ? '' : `: ${hint}`}`)
}
