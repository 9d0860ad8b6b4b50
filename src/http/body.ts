import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { FhirError, issue } from '../fhir/error.ts'

/** A sender who goes on after 413 is heard out up to this many times the limit, then cut off. */
const drainFactor = 8

const decompressors: Record<string, () => Transform> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/** Whether the request announces a body. */
export function hasBody(message: IncomingMessage): boolean {
  const length = message.headers['content-length']
  return message.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/**
 * Reads and unpacks a body (`Content-Encoding` gzip, deflate or br).
 * @param limitBytes most bytes, both as sent and unpacked
 * @throws FhirError 413 too large, 415 unknown coding, 400 broken compression or a sender who gave up
 */
export function readBody(message: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  const coding = (message.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const decompressor = decompressors[coding]
  if (!decompressor && coding !== 'identity' && coding !== '') return Promise.reject(unknownCoding())
  if (Number(message.headers['content-length']) > limitBytes) {
    drain(message, limitBytes)
    return Promise.reject(tooLarge(limitBytes))
  }
  return decompressor ? unpack(message, decompressor(), limitBytes) : collect(message, limitBytes)
}

function collect(message: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    message.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= limitBytes) chunks.push(chunk)
      else {
        message.removeAllListeners('data')
        drain(message, limitBytes)
        reject(tooLarge(limitBytes))
      }
    })
    message.on('end', () => resolve(Buffer.concat(chunks)))
    onAbort(message, reject)
  })
}

function unpack(message: IncomingMessage, decompressor: Transform, limitBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const stop = (reason: FhirError) => {
      message.unpipe(decompressor)
      drain(message, limitBytes)
      decompressor.destroy()
      reject(reason)
    }
    decompressor.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= limitBytes) chunks.push(chunk)
      else stop(tooLarge(limitBytes))
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
function drain(message: IncomingMessage, limitBytes: number): void {
  let length = 0
  message.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > limitBytes * drainFactor) message.destroy()
  })
  message.resume()
}

/** 413 that names the limit. */
export function tooLarge(limitBytes: number): FhirError {
  return new FhirError(413, issue('too-long', `The body is larger than ${limitBytes} bytes.`))
}

function unknownCoding(): FhirError {
  const coding = Object.keys(decompressors).join(', ')
  return new FhirError(415, issue('not-supported', `Content-Encoding is not supported; known: ${coding}.`), {
    'Accept-Encoding': coding,
  })
}
