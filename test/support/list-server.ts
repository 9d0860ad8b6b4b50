/** A server of documents as a CDN serves trust lists: ETag, Last-Modified and 304, and everything that can go wrong on the way. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { NetworkHost } from '../../src/network/network-hosts.ts'
import { startHttpsPeer } from './https-peer.ts'

/** A document that is served. */
export interface ServedDocument {
  body: Buffer
  /** By default `application/json`. */
  contentType?: string
  /** With quotes; by default made of the body. */
  etag?: string
  lastModified?: Date
}

/** What goes wrong, for requests of which paths and how often. */
export interface ListFault {
  /** A path, or a pattern of paths; all without one. */
  match?: string | RegExp
  /** How many requests more; without limit when absent. Counted down. */
  times?: number
  status?: number
  /** Ends the connection: before anything, or after half of the body. */
  reset?: 'before' | 'within'
  /** Half of the body, with the length of that half: whole HTTP, broken JSON. */
  truncate?: boolean
  /** One character within the body is another. */
  tamper?: boolean
  /** Another document: an older list, an empty one, one of half as many keys. */
  instead?: Buffer
  /** So many bytes of blanks after the body. */
  blanks?: number
  /** So many bytes every so many milliseconds. */
  drip?: { bytes: number; milliseconds: number }
  delayMilliseconds?: number
  /** 302 to there. */
  redirect?: string
  /** So many bytes of blanks, packed by gzip although identity was asked for. */
  gzipBomb?: number
  contentType?: string
  /** Never answers 304. */
  forgets?: boolean
}

/** A request as it came. */
export interface ListRequest {
  method: string
  path: string
  headers: IncomingMessage['headers']
  status: number
}

/** A server that runs. */
export interface ListServer {
  /** `https://<name>:<port>` */
  origin: string
  host: string
  port: number
  /** Its entry of NETWORK_HOSTS. */
  listed: NetworkHost & { address: string; ca: string }
  documents: Map<string, ServedDocument>
  faults: ListFault[]
  requests: ListRequest[]
  /** Serves a text, bytes, or a value as JSON. */
  put(path: string, content: string | Buffer | object, options?: Omit<ServedDocument, 'body'>): void
  close(): Promise<void>
}

/** Options of a server: its name, and who finds documents that were not put. */
export interface ListServerOptions {
  host?: string
  find?(path: string): Promise<ServedDocument | undefined>
}

/** Starts it on a free port, under a name that no resolver knows and an authority of its own. */
export async function startListServer(options: ListServerOptions = {}): Promise<ListServer> {
  const { host = 'lists.example', find } = options
  const documents = new Map<string, ServedDocument>()
  const faults: ListFault[] = []
  const requests: ListRequest[] = []
  const listener: RequestListener = (request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    const logged = { method: request.method ?? '', path, headers: request.headers, status: 0 }
    requests.push(logged)
    const serve = async () => {
      const document = documents.get(path) ?? (await find?.(path))
      await answer({ document, met: faultsFor(faults, path) }, request, response)
      logged.status = response.headersSent ? response.statusCode : 0
    }
    serve().catch(() => response.destroy()) // the client went away
  }
  const { origin, listed, close } = await startHttpsPeer(listener, host)
  return {
    origin,
    host,
    port: listed.port,
    listed,
    documents,
    faults,
    requests,
    put(path, content, more = {}) {
      const isBytes = typeof content === 'string' || Buffer.isBuffer(content)
      documents.set(path, { body: Buffer.from(isBytes ? content : JSON.stringify(content)), ...more })
    },
    close,
  }
}

function faultsFor(faults: ListFault[], path: string): ListFault {
  const isMet = ({ match, times = 1 }: ListFault) =>
    times > 0 && (match === undefined || (typeof match === 'string' ? match === path : match.test(path)))
  const met = faults.filter(isMet)
  for (const each of met) if (each.times !== undefined) each.times -= 1
  return Object.assign({}, ...met)
}

interface Work {
  document: ServedDocument | undefined
  met: ListFault
}

async function answer({ document, met }: Work, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (met.delayMilliseconds !== undefined) await wait(met.delayMilliseconds)
  if (met.reset === 'before') {
    request.socket.destroy()
    return
  }
  if (met.redirect !== undefined) {
    response.writeHead(302, { Location: met.redirect }).end()
    return
  }
  if (met.status !== undefined || !document) {
    const status = met.status ?? 404
    response.writeHead(status, { 'Content-Type': 'text/html' }).end(`<html><body>${status}</body></html>`)
    return
  }
  const headers = headersOf(document, met)
  if (!met.forgets && isUnchanged(request, headers)) {
    response.writeHead(304, headers).end()
    return
  }
  const body = bodyOf(document.body, met)
  response.writeHead(200, { ...headers, 'Content-Length': body.length })
  if (request.method === 'HEAD') response.end()
  else await send(body, met, response)
}

function headersOf({ body, contentType = 'application/json', etag, lastModified }: ServedDocument, met: ListFault) {
  const served = met.instead ?? body
  const made = `"${createHash('sha256').update(served).digest('hex').slice(0, 32)}"`
  return {
    'Content-Type': met.contentType ?? contentType,
    ETag: met.instead ? made : (etag ?? made),
    ...(lastModified ? { 'Last-Modified': lastModified.toUTCString() } : {}),
    ...(met.gzipBomb === undefined ? {} : { 'Content-Encoding': 'gzip' }),
  }
}

function isUnchanged({ headers: asked }: IncomingMessage, headers: ReturnType<typeof headersOf>): boolean {
  const tags = asked['if-none-match']
  if (tags !== undefined) return tags === '*' || tags.split(',').some((each) => each.trim() === headers.ETag)
  const since = Date.parse(asked['if-modified-since'] ?? '')
  const modified = Date.parse(headers['Last-Modified'] ?? '')
  return modified <= since
}

function bodyOf(body: Buffer, met: ListFault): Buffer {
  if (met.gzipBomb !== undefined) return gzipSync(Buffer.alloc(met.gzipBomb, ' '), { level: 9 })
  const served = Buffer.from(met.instead ?? body)
  if (met.tamper) tamper(served)
  if (met.truncate) return served.subarray(0, served.length >> 1)
  return met.blanks === undefined ? served : Buffer.concat([served, Buffer.alloc(met.blanks, ' ')])
}

/** Another letter in the first certificate, or in the middle. */
function tamper(served: Buffer): void {
  const found = served.indexOf('"x5c":["')
  const at = found < 0 ? served.length >> 1 : found + 100
  served.write(served[at] === 0x41 ? 'B' : 'A', at)
}

async function send(body: Buffer, { reset, drip }: ListFault, response: ServerResponse): Promise<void> {
  if (reset === 'within') {
    await new Promise<void>((done) => response.write(body.subarray(0, body.length >> 1), () => done()))
    response.destroy()
    return
  }
  if (!drip) {
    response.end(body)
    return
  }
  for (let at = 0; at < body.length && !response.destroyed; at += drip.bytes) {
    response.write(body.subarray(at, at + drip.bytes))
    await wait(drip.milliseconds, undefined, { ref: false })
  }
  response.end()
}
