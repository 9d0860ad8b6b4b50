/**
 * Documents that are served as the bytes they are, before Express and before FHIR's negotiation: GET and HEAD, conditions and ranges
 * of RFC 9110, nothing packed, so that the hash of what arrives is the hash of what was signed.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { keepPerObject } from '../../base/keep.ts'
import type { DocumentQuestion, FindDocument, PublicDocument } from '../../base/public-document.ts'
import { FhirError, issue } from '../../fhir/error.ts'
import type { Logs } from '../audit/access-log.ts'
import type { HttpContext } from '../context.ts'
import { isExpected, methodNotAllowed } from '../message/errors.ts'
import type { Outgoing } from '../message/exchange.ts'
import { isFresh, requestId } from '../message/head.ts'
import { writtenError } from '../message/reply.ts'
import { constantHeaders, preflightHeaders } from './constant-headers.ts'

/** Answers a request when its path is a document's; else has it passed on. */
type DocumentListener = (message: IncomingMessage, response: ServerResponse, passOn: () => void) => void

/** What serving documents takes of its surroundings. */
interface DocumentSurroundings {
  documents: readonly FindDocument[]
  context: HttpContext
  logs: Logs
  /** The reply, or a refusal when clients have so much to take already that another long one would be too much. */
  heldBack(outgoing: Outgoing, requestId: string): Outgoing
  /** Counts the request, and answers it when it is one too many. */
  mayAnswer(message: IncomingMessage, response: ServerResponse): boolean
}

const allowed = ['GET', 'HEAD', 'OPTIONS']

/** One request for a document on its way. */
interface Asked {
  message: IncomingMessage
  response: ServerResponse
  id: string
  started: number
}

/** Serves documents; what none of them is at the path of is passed on. */
export function createDocumentListener(surroundings: DocumentSurroundings): DocumentListener {
  const { documents, context, logs } = surroundings
  const answer = (asked: Asked, found: PublicDocument) => {
    const { message, response, id, started } = asked
    const outgoing = surroundings.heldBack(replyOf(message, found, id), id)
    const bytes = write(message, response, outgoing)
    tell(asked, { status: outgoing.status, bytes, route: found.route ?? 'document', started })
  }
  const refuse = (asked: Asked, error: unknown) => {
    const { message, response, id, started } = asked
    if (!isExpected(error)) logs.errorLog({ requestId: id, error })
    if (response.headersSent) return void response.destroy()
    const outgoing = writtenError(error, id)
    outgoing.headers['X-Request-Id'] = id
    const bytes = write(message, response, outgoing)
    tell(asked, { status: outgoing.status, bytes, route: 'document', started })
  }
  const tell = ({ message, id }: Asked, done: { status: number; bytes: number; route: string; started: number }) => {
    const { status, bytes, route, started } = done
    logs.accessLog?.({
      requestId: id,
      method: message.method ?? '',
      route,
      status,
      durationMs: Math.round((performance.now() - started) * 1000) / 1000,
      bytes,
    })
  }
  return (message, response, passOn) => {
    const question: DocumentQuestion = { path: pathOf(message.url ?? ''), accept: message.headers.accept }
    const started = performance.now()
    const given = message.headers['x-request-id']
    const begin = (): Asked => {
      const id = requestId(typeof given === 'string' ? given : undefined, context.uuid)
      return { message, response, id, started }
    }
    const settle = (found: PublicDocument | undefined) => {
      if (!found) return passOn()
      if (!surroundings.mayAnswer(message, response)) return
      const asked = begin()
      try {
        answer(asked, found)
      } catch (error) {
        refuse(asked, error)
      }
    }
    try {
      const found = firstOf(documents, question)
      if (found instanceof Promise) found.then(settle, (error) => refuse(begin(), error))
      else settle(found)
    } catch (error) {
      refuse(begin(), error)
    }
  }
}

function pathOf(url: string): string {
  const question = url.indexOf('?')
  return question < 0 ? url : url.slice(0, question)
}

/** The first that anybody finds; at once unless somebody has to look it up. */
function firstOf(documents: readonly FindDocument[], asked: DocumentQuestion): ReturnType<FindDocument> {
  for (const [index, find] of documents.entries()) {
    const found = find(asked)
    if (found instanceof Promise) return found.then((each) => each ?? firstOf(documents.slice(index + 1), asked))
    if (found) return found
  }
  return undefined
}

/** Headers that a document always has; prepared once for each. */
const headersOf = keepPerObject((document: PublicDocument): Record<string, string> => {
  const { contentType, etag, cacheControl = 'no-cache', status = 200, headers } = document
  return {
    ...constantHeaders,
    Vary: 'Accept',
    'Content-Type': contentType,
    'Cache-Control': cacheControl,
    ...(etag === undefined ? {} : { ETag: etag }),
    ...(status === 200 ? { 'Accept-Ranges': 'bytes' } : {}),
    ...headers,
  }
})

function replyOf(message: IncomingMessage, document: PublicDocument, id: string): Outgoing {
  const { method = '' } = message
  if (method === 'OPTIONS')
    return {
      status: 204,
      headers: { ...constantHeaders, ...preflightHeaders, Allow: allowed.join(', '), 'X-Request-Id': id },
    }
  if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed(method, allowed)
  const { status = 200, body } = document
  const headers = { ...headersOf(document), 'X-Request-Id': id }
  if (status !== 200) return { status, headers, body }
  if (isFresh({ 'if-none-match': message.headers['if-none-match'] }, headers)) return { status: 304, headers }
  const range = method === 'GET' ? wantedRange(message, document) : undefined
  if (range === undefined) return { status, headers, body }
  const { first, end } = range
  const partial = { ...headers, 'Content-Range': `bytes ${first}-${end - 1}/${body.length}` }
  return { status: 206, headers: partial, body: body.subarray(first, end) }
}

/** A piece of a document: from the byte `first` to before the byte `end`. */
interface ByteRange {
  first: number
  end: number
}

/**
 * The piece that `Range` asks for (RFC 9110 §14.2); undefined when the whole is to be sent: for several pieces, for another unit,
 * for what is no range, or when `If-Range` names another state of the document.
 * @throws FhirError 416 when the piece lies behind the end
 */
function wantedRange({ headers }: IncomingMessage, { body, etag }: PublicDocument): ByteRange | undefined {
  const { range, 'if-range': ifRange } = headers
  if (range === undefined || (ifRange !== undefined && ifRange !== etag)) return undefined
  const [, from = '', to = ''] = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(range) ?? []
  if (from === '' && to === '') return undefined
  const first = from === '' ? Math.max(0, body.length - Number(to)) : Number(from)
  const last = from === '' || to === '' ? body.length - 1 : Number(to)
  if (from !== '' && to !== '' && first > last) return undefined
  if (first >= body.length) throw notInside(body.length)
  return { first, end: Math.min(last, body.length - 1) + 1 }
}

function notInside(length: number): FhirError {
  const text = `The document has ${length} bytes; the range begins behind them.`
  return new FhirError(416, issue('value', text), { 'Content-Range': `bytes */${length}` })
}

/** @returns bytes of the body as sent */
function write(message: IncomingMessage, response: ServerResponse, { status, headers, body = '' }: Outgoing): number {
  const isBodiless = status === 204 || status === 304
  const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : ''
  const length = Buffer.byteLength(bytes)
  if (!isBodiless) headers['Content-Length'] = String(length)
  response.writeHead(status, headers)
  if (isBodiless || message.method === 'HEAD' || length === 0) {
    response.end()
    return 0
  }
  response.end(bytes)
  return length
}
