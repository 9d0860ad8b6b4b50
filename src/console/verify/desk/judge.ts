/** What replies to questions come to. */
import { parametersOf } from '../../api/parameters.ts'
import type { Fault, Reply } from '../../api/reply.ts'
import { type AskingSettings, expectedOf, type Question } from '../input/question.ts'
import { readVerdict, sideBySide, type Verdict } from '../reply/verdict.ts'

/** A verdict as it came. */
export interface Found {
  verdict: Verdict
  /** Seconds by which this machine's clock is ahead of the server's. */
  clockGap: number
  settings: AskingSettings
  now: number
}

interface Judged {
  asked: readonly Question[]
  replies: readonly Reply<unknown>[]
  settings: AskingSettings
  now: number
}

/** All replies as one verdict; a fault of any is a fault of the whole. */
export function judge({
  asked,
  replies,
  settings,
  now,
}: Judged): { fault: Fault } | { verdict: Verdict; clockGap: number } {
  const verdicts: Verdict[] = []
  let clockGap = 0
  for (const [at, question] of asked.entries()) {
    const reply = replies[at]
    if (!reply) return { fault: { kind: 'broken' } }
    if (reply.fault) return { fault: reply.fault }
    if (!parametersOf(reply.value)) return { fault: { kind: 'broken' } }
    const answeredAt = dateOf(reply.headers)
    if (answeredAt) clockGap = Math.round((now - answeredAt.getTime()) / 1000)
    // Where the server tells no time, this machine's has to do.
    const expected = { ...expectedOf(question, settings), answeredAt: answeredAt ?? new Date(now) }
    verdicts.push(readVerdict(reply.value, expected))
  }
  return { verdict: sideBySide(verdicts), clockGap }
}

function dateOf(headers: Headers): Date | undefined {
  const date = new Date(headers.get('Date') ?? '')
  return Number.isNaN(date.getTime()) ? undefined : date
}
