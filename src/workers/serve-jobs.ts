import { readSync, writeSync } from 'node:fs'
import { deserialize } from 'node:v8'
import { FhirError, unprocessable } from '../fhir/error.ts'
import type { Issue } from '../fhir/types.ts'
import { framed } from './framed.ts'

/** From the server to the process. */
interface JobMessage<Job> {
  job: Job
}

/** From the process to the server: when the program is loaded, and then once for each job. */
export type ProcessMessage<Answer> = { ready: true } | { answer: Answer } | { refused: Refusal } | { fault: Fault }

/** A bug on its way between processes: what a person needs to mend it, without anything of the job. */
interface Fault {
  /** Name of the error; its message may quote the job, and stays where it is. */
  name: string
  /** Places in the program, one a line. */
  frames: string
}

/** A FhirError on its way between processes. */
interface Refusal {
  status: number
  issues: Issue[]
}

/** Answer to a question of a job. */
export type QuestionReply = { value: unknown } | { refused: Refusal }

/** File descriptor of the channel for questions. */
export const questionChannel = 4

/** Puts a question to the server and waits for the answer, standing still. @throws FhirError as the server's own */
export type Ask = (question: unknown) => unknown

/**
 * The side of the process: answers the jobs that a JobProcess sends. A FhirError that is thrown is the answer of the server as well,
 * what a job was too large for is a refusal, and anything else is a bug, which the server is told of.
 */
export function serveJobs<Job, Answer>(answer: (job: Job, ask: Ask) => Answer | Promise<Answer>): void {
  const send = (message: ProcessMessage<Answer>) => process.send?.(message)
  process.on('message', async ({ job }: JobMessage<Job>) => {
    asked = 0
    try {
      send({ answer: await answer(job, ask) })
    } catch (error) {
      const told = error instanceof FhirError ? error : asRefusal(error)
      if (told) send({ refused: { status: told.status, issues: told.issues } })
      else send({ fault: faultOf(error) })
    }
  })
  send({ ready: true })
}

/** V8 says by a RangeError that a stack, a text or a list would be larger than it can be: that is the size of the job. */
function asRefusal(error: unknown): FhirError | undefined {
  if (
    !(error instanceof RangeError) ||
    !/^(Maximum call stack size exceeded|Invalid (string|array|typed array) length|Array buffer allocation failed|Cannot create a string longer)/.test(
      error.message,
    )
  )
    return undefined
  return unprocessable('it is too large or too deeply nested', 'too-costly')
}

function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { name: typeof error, frames: '' }
  const frames = (error.stack ?? '').split('\n').filter((line) => /^ +at /.test(line))
  return { name: error.constructor.name, frames: frames.slice(0, 20).join('\n') }
}

/** Every question costs the server a little, which is no part of the job's own time. */
const questionLimit = 10_000
let asked = 0

const ask: Ask = (question) => {
  if (++asked > questionLimit) throw unprocessable(`more than ${questionLimit} questions to the server`, 'too-costly')
  writeAll(framed(question))
  const reply = deserialize(readAll(readAll(4).readUInt32LE())) as QuestionReply
  if ('refused' in reply) throw new FhirError(reply.refused.status, reply.refused.issues)
  return reply.value
}

function writeAll(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(questionChannel, bytes, at)
}

function readAll(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; ) {
    const read = readSync(questionChannel, bytes, at, length - at, null)
    // The server is gone, and nobody waits for an answer any more.
    if (read === 0) process.exit(1)
    at += read
  }
  return bytes
}
