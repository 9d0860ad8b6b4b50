import type { IncomingMessage, ServerResponse } from 'node:http'
import { isFresh } from '../message/precondition.ts'
import type { CachedReply } from './reply-cache.ts'
import { acceptedCoding, endWith, packFromBytes, send } from './send.ts'

/** Status and bytes of a body that went out. */
interface Sent {
  status: number
  bytes: number
}

/** Sends a kept reply without waiting for anything; undefined, and nothing sent, when it must be packed first. */
export function sendCached(
  message: IncomingMessage,
  response: ServerResponse,
  hit: CachedReply,
  requestId: string,
): Sent | undefined {
  const asked = message.headers as Record<string, string | undefined>
  const headers = [...hit.flatHeaders, 'X-Request-Id', requestId]
  if ((asked['if-none-match'] ?? asked['if-modified-since']) !== undefined && isFresh(asked, hit.headers)) {
    response.writeHead(304, headers)
    response.end()
    return { status: 304, bytes: 0 }
  }
  let { body, length } = hit
  if (length >= packFromBytes) {
    const coding = acceptedCoding(asked['accept-encoding'])
    const packed = coding === undefined ? undefined : hit.packed.get(coding)
    if (coding !== undefined && packed === undefined) return undefined
    if (coding !== undefined && packed !== undefined) {
      body = packed
      length = packed.length
      headers.push('Content-Encoding', coding)
    }
  }
  headers.push('Content-Length', String(length))
  response.writeHead(hit.status, headers)
  endWith(response, body, length)
  return { status: hit.status, bytes: length }
}

/** Sends a kept reply in a packing that nobody asked for before, and keeps that too. */
export async function sendPacked(
  message: IncomingMessage,
  response: ServerResponse,
  hit: CachedReply,
  requestId: string,
): Promise<Sent> {
  const { status, body, packed } = hit
  const headers = { ...hit.headers, 'X-Request-Id': requestId }
  return { status, bytes: await send(message, response, { status, headers, body, packed }) }
}
