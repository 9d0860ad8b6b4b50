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
export type ProcessMessage<Answer> = { ready: true } | { answer: Answer } | { refused: Refusal }

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
 * The side of the process: answers the jobs that a JobProcess sends. A FhirError that is thrown is the answer of the server as well;
 * anything else is a bug, and the server sees the process end.
 */
export function serveJobs<Job, Answer>(answer: (job: Job, ask: Ask) => Answer | Promise<Answer>): void {
  const send = (message: ProcessMessage<Answer>) => process.send?.(message)
  process.on('message', async ({ job }: JobMessage<Job>) => {
    asked = 0
    try {
      send({ answer: await answer(job, ask) })
    } catch (error) {
      if (error instanceof FhirError) send({ refused: { status: error.status, issues: error.issues } })
      else process.exit(1)
    }
  })
  send({ ready: true })
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
