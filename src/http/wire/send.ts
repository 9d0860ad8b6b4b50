import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Outgoing } from '../message/exchange.ts'
import { constantHeaders } from './constant-headers.ts'

/** Smaller bodies are not worth packing. */
const packFromBytes = 1400
const gzipAsync = promisify(gzip)
const brotliAsync = promisify(brotliCompress)

/** The coding that `Accept-Encoding` lets us use (RFC 9110 §12.5.3). */
function acceptedCoding(header: string | undefined): 'gzip' | 'br' | undefined {
  if (header === undefined) return undefined
  const accepted = new Set<string>()
  for (const part of header.toLowerCase().split(',')) {
    const [coding = '', ...parameters] = part.split(';').map((each) => each.trim())
    if (!parameters.some((each) => /^q=0(\.0*)?$/.test(each))) accepted.add(coding)
  }
  // Brotli packs better, gzip is several times quicker: what is made on the fly goes out as gzip.
  return accepted.has('gzip') || accepted.has('*') ? 'gzip' : accepted.has('br') ? 'br' : undefined
}

/**
 * Sends a reply and closes it, at once unless it is packed or a stream. HEAD gets the headers alone.
 * @returns bytes of the body as sent
 */
export function send(message: IncomingMessage, response: ServerResponse, outgoing: Outgoing): number | Promise<number> {
  const { status, body } = outgoing
  const headers: Record<string, string> = { ...constantHeaders, ...outgoing.headers }
  if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)) {
    return sendStream(message, response, { status, headers, body })
  }
  const length = body === undefined ? 0 : Buffer.byteLength(body)
  const coding = length < packFromBytes ? undefined : acceptedCoding(message.headers['accept-encoding'])
  if (coding === undefined || body === undefined) return sendWhole(message, response, { status, headers, body, length })
  headers['Content-Encoding'] = coding
  const known = outgoing.packed?.get(coding)
  if (known) return sendWhole(message, response, { status, headers, body: known, length: known.length })
  return pack(body, coding).then((packed) => {
    outgoing.packed?.set(coding, packed)
    return sendWhole(message, response, { status, headers, body: packed, length: packed.length })
  })
}

interface Whole {
  status: number
  headers: Record<string, string>
  body: string | Uint8Array | undefined
  /** Of the body, in bytes. */
  length: number
}

function sendWhole(message: IncomingMessage, response: ServerResponse, whole: Whole): number {
  const { status, headers, body, length } = whole
  const bodiless = status === 204 || status === 304
  if (!bodiless) headers['Content-Length'] = String(length)
  response.writeHead(status, headers)
  const silent = bodiless || message.method === 'HEAD' || !body
  if (silent) response.end()
  else endWith(response, body, length)
  return silent ? 0 : length
}

/** Closes a reply. Text of as many bytes as characters is ASCII, which goes into the socket without being recoded. */
function endWith(response: ServerResponse, body: string | Uint8Array, length: number): void {
  if (typeof body === 'string') response.end(body, body.length === length ? 'latin1' : 'utf8')
  else response.end(body)
}

/** Packs with settings for speed: the same bytes are rarely sent twice. */
function pack(bytes: string | Uint8Array, coding: 'gzip' | 'br'): Promise<Uint8Array> {
  if (coding === 'gzip') return gzipAsync(bytes, { level: 4 })
  return brotliAsync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })
}

async function sendStream(
  message: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: { status: number; headers: Record<string, string>; body: AsyncIterable<string> },
): Promise<number> {
  response.writeHead(status, headers)
  let length = 0
  if (message.method !== 'HEAD') {
    for await (const piece of body) {
      if (response.destroyed) break
      length += Buffer.byteLength(piece)
      if (!response.write(piece)) await writable(response)
    }
  }
  response.end()
  return length
}

function writable(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      response.off('drain', go)
      response.off('close', go)
      resolve()
    }
    response.once('drain', go)
    response.once('close', go)
  })
}
