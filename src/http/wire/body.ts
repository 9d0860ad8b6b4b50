import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { FhirError, issue } from '../../fhir/error.ts'

/** A sender who goes on after 413 is heard out for so long, so that the answer is seen; then the connection is cut off. */
const drainedBytes = 32_000_000

const decompressors: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
])

/** Whether the request announces a body. */
export function hasBody(message: IncomingMessage): boolean {
  const length = message.headers['content-length']
  return message.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/** Bounds of the reading of one body. */
export interface ReadOptions {
  /** Most bytes, both as sent and unpacked. */
  limitBytes: number
  /** Counts what is held meanwhile. */
  body: UnfinishedBody
}

/** The two sides of a request. */
interface Sides {
  message: IncomingMessage
  response: ServerResponse
}

/**
 * Reads and unpacks a body (`Content-Encoding` gzip, deflate or br). A client that waits to be asked for it (`Expect: 100-continue`) is
 * asked once nothing speaks against it.
 * @throws FhirError 413 too large, 415 unknown coding, 400 broken compression or a sender who gave up, 503 too much at a time
 */
export async function readBody({ message, response }: Sides, { limitBytes, body }: ReadOptions): Promise<Uint8Array> {
  try {
    const coding = (message.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
    const decompressor = decompressors.get(coding)
    if (!decompressor && coding !== 'identity' && coding !== '') throw unknownCoding()
    const isAsked = message.headers.expect?.toLowerCase() === '100-continue'
    if (Number(message.headers['content-length']) > limitBytes) {
      // Who waits to be asked may send the body all the same: on this connection nothing can follow.
      if (isAsked) throw tooLarge(limitBytes, { Connection: 'close' })
      drain(message)
      throw tooLarge(limitBytes)
    }
    if (isAsked) response.writeContinue()
    return await (decompressor
      ? unpack(message, decompressor(), { limitBytes, body })
      : collect(message, { limitBytes, body }))
  } finally {
    body.end()
  }
}

function collect(message: IncomingMessage, { limitBytes, body }: ReadOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const stop = (reason: unknown) => {
      message.removeAllListeners('data')
      chunks.length = 0
      drain(message)
      reject(reason)
    }
    message.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > limitBytes) return stop(tooLarge(limitBytes))
      try {
        body.add(chunk.length)
        chunks.push(chunk)
      } catch (error) {
        stop(error)
      }
    })
    message.on('end', () => resolve(Buffer.concat(chunks)))
    onAbort(message, reject)
  })
}

function unpack(
  message: IncomingMessage,
  decompressor: Transform,
  { limitBytes, body }: ReadOptions,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const stop = (reason: unknown) => {
      message.unpipe(decompressor)
      chunks.length = 0
      drain(message)
      decompressor.destroy()
      reject(reason)
    }
    decompressor.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > limitBytes) return stop(tooLarge(limitBytes))
      try {
        body.add(chunk.length)
        chunks.push(chunk)
      } catch (error) {
        stop(error)
      }
    })
    decompressor.on('end', () => resolve(Buffer.concat(chunks)))
    decompressor.on('error', () => stop(new FhirError(400, issue('structure', 'The compressed body is broken.'))))
    onAbort(message, reject)
    message.pipe(decompressor)
  })
}

function onAbort(message: IncomingMessage, reject: (reason: FhirError) => void): void {
  const gone = () => {
    if (!message.complete) reject(new FhirError(400, issue('incomplete', 'The body was cut off.')))
  }
  message.on('error', gone)
  message.on('close', gone)
}

/** Reads on without keeping anything, so that the sender comes to see the answer. */
function drain(message: IncomingMessage): void {
  let length = 0
  message.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > drainedBytes) message.destroy()
  })
  message.resume()
}

/** 413 that names the limit. */
export function tooLarge(limitBytes: number, headers: Record<string, string> = {}): FhirError {
  return new FhirError(413, issue('too-long', `The body is larger than ${limitBytes} bytes.`), headers)
}

function unknownCoding(): FhirError {
  const coding = [...decompressors.keys()].join(', ')
  return new FhirError(415, issue('not-supported', `Content-Encoding is not supported; known: ${coding}.`), {
    'Accept-Encoding': coding,
  })
}

/** Most that may be under way at a time. */
export interface BodyLimits {
  bodies: number
  bodiesOfOne: number
  /** Of all together. */
  bytes: number
}

/** A body that is being read. */
interface UnfinishedBody {
  /** @throws FhirError 503 when all bodies together are too much for the server */
  add(bytes: number): void
  /** Read to its end, or given up. */
  end(): void
}

/** Counts the bodies that are being read: each holds memory for as long as its sender likes. */
export interface UnfinishedBodies {
  /** @throws FhirError 429 too many of one client, 503 too many of all; both with Retry-After */
  begin(client: string): UnfinishedBody
}

const retryAfter = { 'Retry-After': '2', Connection: 'close' }

/** Counters that begin at nothing. */
export function createUnfinishedBodies(limits: BodyLimits): UnfinishedBodies {
  const ofClient = new Map<string, number>()
  let bodies = 0
  let bytes = 0
  return {
    begin(client) {
      const own = ofClient.get(client) ?? 0
      if (own >= limits.bodiesOfOne)
        throw new FhirError(429, issue('throttled', 'Too many unfinished requests of one client.'), retryAfter)
      if (bodies >= limits.bodies || bytes >= limits.bytes) throw overloaded()
      ofClient.set(client, own + 1)
      bodies++
      let held = 0
      let ended = false
      return {
        add(more) {
          held += more
          bytes += more
          if (bytes > limits.bytes) throw overloaded()
        },
        end() {
          if (ended) return
          ended = true
          bodies--
          bytes -= held
          const left = (ofClient.get(client) ?? 1) - 1
          if (left > 0) ofClient.set(client, left)
          else ofClient.delete(client)
        },
      }
    },
  }
}

const overloaded = () =>
  new FhirError(503, issue('throttled', 'The server has too many unfinished requests.'), retryAfter)
