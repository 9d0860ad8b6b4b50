import type { Duplex } from 'node:stream'
import { deserialize } from 'node:v8'
import { FhirError, issue } from '../fhir/error.ts'
import { framed } from './framed.ts'
import type { QuestionReply } from './serve-jobs.ts'

/** Answers what a job asks of the server while it runs; FhirErrors are handed on. */
export type Answer = (question: never) => Promise<unknown>

/** A job asks for a code or a canonical; more is no question. */
const questionLimitBytes = 1_000_000

/**
 * Reads questions from the channel of a process, each with its length before it, and answers them one after the other; `refuse` is
 * told of bytes that are no question.
 */
export function answerQuestions(channel: Duplex, answer: Answer, refuse: () => void): void {
  let waiting = Buffer.alloc(0)
  channel.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk])
    if (waiting.length < 4) return
    const length = waiting.readUInt32LE()
    if (length > questionLimitBytes || waiting.length > length + 4) return refuse()
    if (waiting.length < length + 4) return
    const question = deserialize(waiting.subarray(4)) as never // what the program asks, its pool answers
    waiting = Buffer.alloc(0)
    void replyTo(question, answer).then((reply) => {
      if (!channel.destroyed) channel.write(framed(reply))
    })
  })
}

/** Never rejects: every outcome is an answer. */
async function replyTo(question: never, answer: Answer): Promise<QuestionReply> {
  try {
    return { value: await answer(question) }
  } catch (error) {
    if (error instanceof FhirError) return { refused: { status: error.status, issues: error.issues } }
    return { refused: { status: 500, issues: [issue('exception', 'the server could not answer the job')] } }
  }
}
