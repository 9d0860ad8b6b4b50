import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { FhirError, issue } from '../../fhir/error.ts'
import type { UnfinishedBodies, UnfinishedBody } from '../limits/unfinished-bodies.ts'

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
  /** Counts what is held meanwhile, by client. */
  bodies: UnfinishedBodies
  client: string
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
export async function readBody({ message, response }: Sides, options: ReadOptions): Promise<Uint8Array> {
  const { limitBytes, bodies, client } = options
  let stop: (reason: FhirError) => void = () => undefined
  const body = bodies.begin(client, (reason) => stop(reason))
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
    const gathering = gather(message, decompressor?.(), { limitBytes, body })
    stop = gathering.stop
    return await gathering.bytes
  } finally {
    body.end()
  }
}

interface Gathering {
  bytes: Promise<Uint8Array>
  /** Keeps nothing more, and rejects. */
  stop(reason: unknown): void
}

/** The bytes of a message, unpacked when there is something to unpack with. */
function gather(
  message: IncomingMessage,
  decompressor: Transform | undefined,
  { limitBytes, body }: { limitBytes: number; body: UnfinishedBody },
): Gathering {
  const { promise: bytes, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const source = decompressor ?? message
  const chunks: Buffer[] = []
  let length = 0
  const stop = (reason: unknown) => {
    source.removeAllListeners('data')
    if (decompressor) message.unpipe(decompressor)
    decompressor?.destroy()
    chunks.length = 0
    drain(message)
    reject(reason)
  }
  source.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > limitBytes) return stop(tooLarge(limitBytes))
    try {
      body.add(chunk.length)
      chunks.push(chunk)
    } catch (error) {
      stop(error)
    }
  })
  source.on('end', () => resolve(Buffer.concat(chunks)))
  decompressor?.on('error', () => stop(new FhirError(400, issue('structure', 'The compressed body is broken.'))))
  onAbort(message, reject)
  if (decompressor) message.pipe(decompressor)
  return { bytes, stop }
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
