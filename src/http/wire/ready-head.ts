/**
 * The head of a usual reply, made of lines that were checked before: Node checks and joins each header of each reply anew, which costs a
 * tenth of what a short question costs as a whole. It is handed to Node where Node keeps the head that it makes itself, which no
 * interface promises: so whatever is not as it is known to be there, and every reply out of the ordinary, is left to `writeHead`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { constantHeaders } from './constant-headers.ts'

// As `import` it would bring what it keeps for later, too (running-server.ts).
const http: typeof import('node:http') = createRequire(import.meta.url)('node:http')
const { validateHeaderName, validateHeaderValue } = http

/** Where Node has the head of a reply and what decides its last lines; any of it may be absent in another release. */
interface Internals {
  /** Null until there is one. */
  _header?: unknown
  /** Milliseconds. */
  _keepAliveTimeout?: unknown
  /** Whether the timeout is told. */
  _defaultKeepAlive?: unknown
  _maxRequestsPerSocket?: unknown
}

/** Headers that Node writes by itself, or that change what it writes. */
const ofNode = new Set(['connection', 'content-length', 'date', 'expect', 'keep-alive', 'trailer', 'transfer-encoding'])
const ofEveryReply = new Set(Object.keys(constantHeaders).map((name) => name.toLowerCase()))

/** Under which headers have the lines that they are; no copy of them has it. */
const LINES = Symbol('lines')

type Headers = Readonly<Record<string, string>>
type Lined = Headers & { readonly [LINES]?: string }

/**
 * Makes headers ready that many replies have; they cannot be changed any more. Headers that cannot stand beside those of every reply are
 * left as they are: one of them would be there twice.
 * @throws TypeError for what cannot be a header
 */
export function ready(headers: Record<string, string>): Record<string, string> {
  const names = Object.keys(headers).map((name) => name.toLowerCase())
  if (names.some((name) => ofNode.has(name) || ofEveryReply.has(name))) return headers
  const lines = Object.entries(headers).map(([name, value]) => lineOf(name, value))
  return Object.freeze(Object.defineProperty(headers, LINES, { value: flat(lines.join('')) }))
}

/** One text, and no tree of many that would have to be made one with each reply. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')

function lineOf(name: string, value: string): string {
  validateHeaderName(name)
  validateHeaderValue(name, value)
  return `${name}: ${value}\r\n`
}

const constantLines = Object.entries(constantHeaders)
  .map(([name, value]) => lineOf(name, value))
  .join('')
const begin = flat(`HTTP/1.1 200 OK\r\n${constantLines}`)

/** What a head is made of. */
interface Heading {
  /** Of the reply as it may be sent to anybody. */
  headers: Lined
  /** Headers of this one sending; none of them is in `headers`. */
  own: Headers
  /** Of the body, in bytes. */
  length: number
}

/** Writes the head of a reply to GET with status 200 and a body. @returns whether that was done: if not, `writeHead` is to do it */
export function writeReadyHead(message: IncomingMessage, response: ServerResponse, heading: Heading): boolean {
  const { headers, own, length } = heading
  const lines = headers[LINES]
  if (lines === undefined || !isUsual(message, response)) return false
  const internals = response as ServerResponse & Internals
  const {
    _header: header,
    _keepAliveTimeout: timeout,
    _defaultKeepAlive: tells,
    _maxRequestsPerSocket: most,
  } = internals
  if (header !== null || typeof timeout !== 'number' || !(timeout > 0) || tells !== true || most !== 0) return false
  let head = begin + lines
  for (const name in own) head += lineOf(name, own[name] ?? '')
  const seconds = Math.floor(timeout / 1000)
  head += `Content-Length: ${length}\r\nDate: ${date()}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n\r\n`
  internals._header = head
  return response.headersSent
}

/** Whether Node would write nothing else: HTTP/1.1, a connection that stays, and nobody who has a say in the headers of this reply. */
const isUsual = ({ httpVersion, headers }: IncomingMessage, response: ServerResponse): boolean =>
  httpVersion === '1.1' &&
  headers.expect === undefined &&
  response.shouldKeepAlive &&
  response.sendDate &&
  response.writeHead === http.ServerResponse.prototype.writeHead &&
  response.getHeaderNames().length === 0

let second = 0
let text = ''

/** The moment as heads have it (RFC 9110 §5.6.7). */
function date(): string {
  const now = Math.floor(Date.now() / 1000)
  if (now !== second) {
    second = now
    text = new Date(now * 1000).toUTCString()
  }
  return text
}
