/** Bodies that are too long for memory: written to a file as they come. */
import { randomUUID } from 'node:crypto'
import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { checkDeclared } from '../../fhir/check/parameters.ts'
import { FhirError, issue } from '../../fhir/error.ts'
import type { BoundOperation } from '../context.ts'
import { decompressors, drain, tooLarge, unknownCoding } from './body.ts'
import type { FhirRequest } from './exchange.ts'
import { operationInput } from './operation-input.ts'

/** A body that may be one for a file, and where that would stand. */
interface Spooling {
  message: IncomingMessage
  response: ServerResponse
  /** In the path; empty at system level. */
  resourceType: string
  /** Media type of the body. */
  essence: string
  folder: string | undefined
}

/**
 * Has a call admitted by its address, and writes its body to a file as it comes where the operation takes one; undefined where the body
 * belongs in memory. A principal whose proof covers the body is judged by all of it, so that his must fit there.
 * @throws FhirError of `spoolBody`, and of what the operation thinks of the address
 */
export function spoolFor(
  operation: BoundOperation,
  request: FhirRequest,
  { message, response, resourceType, essence, folder }: Spooling,
): Promise<string> | undefined {
  const { spoolBytes, accepts = [], admit } = operation
  const isFile = spoolBytes !== undefined && accepts.includes(essence)
  if (!admit && !isFile) return undefined
  const { principal } = request.requester
  const { parameters } = operationInput(operation, request)
  admit?.(parameters, { resourceType, principal, isFile: accepts.includes(essence) })
  if (!isFile || folder === undefined || principal?.checkBody) return undefined
  // What is said beside such a body stands in the address: it is judged before the body is read.
  if (operation.strict) checkDeclared(operation, parameters, resourceType === '' ? 'system' : 'type')
  return spoolBody({ message, response }, { limitBytes: spoolBytes, folder })
}

/**
 * Writes a body to a file, unpacked; the network waits for the disk.
 * @returns its path; the caller removes it
 * @throws FhirError 413 too large, 415 unknown coding, 400 broken compression or a sender who gave up, 507 no space; nothing is left then
 */
async function spoolBody(
  { message, response }: { message: IncomingMessage; response: ServerResponse },
  { limitBytes, folder }: { limitBytes: number; folder: string },
): Promise<string> {
  const coding = (message.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const decompressor = decompressors.get(coding)?.()
  if (!decompressor && coding !== 'identity' && coding !== '') throw unknownCoding()
  if (Number(message.headers['content-length']) > limitBytes) {
    drain(message)
    throw tooLarge(limitBytes, { Connection: 'close' })
  }
  if (message.headers.expect?.toLowerCase() === '100-continue') response.writeContinue()
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, randomUUID())
  const target = createWriteStream(path, { flags: 'wx', mode: 0o600 })
  try {
    await written(message, decompressor, { counted: counting(limitBytes), target })
    return path
  } catch (error) {
    await rm(path, { force: true })
    throw faultOf(error)
  }
}

/** The message itself is no part of the pipeline, which would hang up before the sender has seen the answer. */
async function written(
  message: IncomingMessage,
  decompressor: Transform | undefined,
  { counted, target }: { counted: Transform; target: WriteStream },
): Promise<void> {
  const first = decompressor ?? counted
  message.once('close', () => {
    if (!message.complete) first.destroy(new FhirError(400, issue('incomplete', 'The body was cut off.')))
  })
  message.pipe(first)
  try {
    await (decompressor ? pipeline(decompressor, counted, target) : pipeline(counted, target))
  } catch (error) {
    message.unpipe(first)
    drain(message)
    throw error
  }
}

function counting(limitBytes: number): Transform {
  let length = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.length
      if (length > limitBytes) done(tooLarge(limitBytes, { Connection: 'close' }))
      else done(null, chunk)
    },
  })
}

function faultOf(error: unknown): unknown {
  if (error instanceof FhirError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOSPC') return new FhirError(507, issue('no-store', 'The disk is full.'))
  if (
    code.startsWith('Z_') ||
    code.startsWith('ERR_BROTLI') ||
    code.startsWith('ERR_ZLIB') ||
    code.startsWith('ERR__ERROR_FORMAT')
  )
    return new FhirError(400, issue('structure', 'The compressed body is broken.'))
  return error
}
