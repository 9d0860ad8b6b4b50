/** What goes wrong between a client and a gateway, as often as a test wishes. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { Answer } from './answer.ts'

/** One fault; several of one request act in their order. */
export interface Fault {
  /** Which requests: a beginning or a pattern of `METHOD /path?query`; all without one. */
  match?: string | RegExp
  /** How many requests more; without limit when absent. Counted down. */
  times?: number
  /** Answers with this status instead, before anything is done. */
  status?: number
  /** Body, type and headers of that answer; by default a page of a proxy. */
  answer?: Omit<Answer, 'status'>
  /** Waits before it goes on. */
  delaySeconds?: number
  /** Ends the connection before anything is done. */
  reset?: boolean
  /** Does what is asked, then ends the connection instead of answering. */
  resetAfterCommit?: boolean
  /** Does what is asked and sends half of the answer. */
  truncate?: boolean
  /** Does what is asked and sends bytes of chance as the body. */
  garbage?: boolean
}

/** The faults that a request meets, each counted down. */
export function faultsFor(faults: Fault[], { method, url }: IncomingMessage): Fault[] {
  const line = `${method} ${url}`
  const isMet = ({ match, times = 1 }: Fault) =>
    times > 0 && (match === undefined || (typeof match === 'string' ? line.startsWith(match) : match.test(line)))
  const met = faults.filter(isMet)
  for (const each of met) if (each.times !== undefined) each.times -= 1
  return met
}

/** Answers by a fault before anything is done; whether it did. */
export async function failEarly(met: Fault[], request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  for (const { delaySeconds, reset, status, answer } of met) {
    if (delaySeconds !== undefined) await wait(delaySeconds * 1000, undefined, { ref: false })
    if (reset) {
      request.socket.resetAndDestroy?.()
      request.socket.destroy()
      return true
    }
    if (status !== undefined) {
      const page = { contentType: 'text/html', body: `<html><body>${status}</body></html>` }
      send(response, { status, ...page, ...answer })
      return true
    }
  }
  return false
}

/** Sends an answer, or what a fault makes of it. */
export function failLate(met: Fault[], answer: Answer, response: ServerResponse): void {
  const has = (name: 'resetAfterCommit' | 'truncate' | 'garbage') => met.some((each) => each[name])
  if (has('resetAfterCommit')) response.socket?.destroy()
  else if (has('garbage'))
    send(response, { ...answer, status: answer.status === 204 ? 200 : answer.status, body: randomBytes(512) })
  else if (has('truncate')) sendHalf(response, answer)
  else send(response, answer)
}

/** Sends an answer; without a body its length is 0. */
export function send(response: ServerResponse, { status, contentType, body, headers }: Answer): void {
  const bytes = body === undefined ? undefined : Buffer.from(body)
  response.writeHead(status, {
    ...(contentType ? { 'Content-Type': contentType } : {}),
    ...(status === 204 ? {} : { 'Content-Length': bytes?.length ?? 0 }),
    ...headers,
  })
  response.end(bytes)
}

function sendHalf(response: ServerResponse, { status, contentType = 'application/json', body = '' }: Answer): void {
  const bytes = Buffer.from(body)
  if (bytes.length === 0) {
    response.socket?.end(`HTTP/1.1 ${String(status).slice(0, 1)}`)
    return
  }
  response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': bytes.length })
  response.write(bytes.subarray(0, bytes.length >> 1), () => response.socket?.destroy())
}
