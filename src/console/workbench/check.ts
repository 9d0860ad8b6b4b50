/** Has the server check a text as its author pauses. */
import type { OperationOutcome } from 'fhir/r4.js'
import { useEffect, useState } from 'preact/hooks'
import { ask, type Fault, type Reply } from '../api/client.ts'
import { language, token } from '../app/session.ts'
import { identityOf, libraryOf, type Part } from './document/artefacts.ts'
import { isGood, type Problem, problemsOf } from './document/problems.ts'

/**
 * How a text stands. `old`: problems of the text before the last change, which say nothing about this one; `checked` ones are of exactly
 * this text; `failed`: nobody knows.
 */
export type Check =
  | { state: 'checking'; isSlow: boolean; old: Problem[] }
  | { state: 'checked'; problems: Problem[]; isGood: boolean }
  | { state: 'failed'; fault: Fault }

/** Milliseconds without a key before the server is asked. */
const pause = 600
const slowAfter = 3_000
/** The translator starts when it is first needed. */
const patience = 90_000

/** The check of a part, and how to ask for it once more. */
export function useCheck(part: Part): { check: Check; again(): void } {
  const [held, setHeld] = useState<{ of: string; check: Check }>()
  const [round, setRound] = useState(0)
  const key = `${part.key}\n${language.value}\n${token.value}\n${round}\n${part.text}`
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    let slow: ReturnType<typeof setTimeout> | undefined
    const start = setTimeout(() => {
      slow = setTimeout(() => setHeld((before) => slowed(before, key)), slowAfter)
      void checkPart(part, signal).then((check) => {
        clearTimeout(slow)
        if (!signal.aborted) setHeld({ of: key, check })
      })
    }, pause)
    setHeld((before) => ({ of: key, check: { state: 'checking', isSlow: false, old: problemsIn(before?.check) } }))
    return () => {
      clearTimeout(start)
      clearTimeout(slow)
      controller.abort()
    }
  }, [key])
  const check: Check =
    held?.of === key ? held.check : { state: 'checking', isSlow: false, old: problemsIn(held?.check) }
  return { check, again: () => setRound((count) => count + 1) }
}

function problemsIn(check: Check | undefined): Problem[] {
  if (check?.state === 'checked') return check.problems
  return check?.state === 'checking' ? check.old : []
}

function slowed(before: { of: string; check: Check } | undefined, key: string) {
  if (before?.of !== key || before.check.state !== 'checking') return before
  return { ...before, check: { ...before.check, isSlow: true } }
}

/** Has the server judge a part as a write of it would be. */
export async function checkPart(part: Part, signal?: AbortSignal): Promise<Check> {
  const asking = { method: 'POST' as const, patience, ...(signal && { signal }) }
  if (part.language === 'fml') return checkMap(part, asking)
  const body = part.language === 'json' ? part.text : libraryOf(part)
  const reply = await ask<OperationOutcome>(`/${part.type}/$validate?mode=update`, { ...asking, body })
  const of =
    part.language === 'json'
      ? { language: 'json' as const }
      : { language: 'cql' as const, library: identityOf(part).name }
  return checked(reply, of)
}

type Asking = { method: 'POST'; patience: number; signal?: AbortSignal }

/** A map is read first; a text that can be read is then judged as the resource that it becomes. */
async function checkMap(part: Part, asking: Asking): Promise<Check> {
  const of = { language: 'fml' as const }
  const read = await readMap(part.text, asking)
  if (read.fault) return checked(read, of)
  return checked(await ask('/StructureMap/$validate?mode=create', { ...asking, body: read.value }), of)
}

/** The StructureMap of a text in FML. */
export const readMap = (text: string, asking: Asking = { method: 'POST', patience }): Promise<Reply<object>> =>
  ask<object>('/StructureMap/$convert', { ...asking, body: text, contentType: 'text/fhir-mapping' })

function checked(reply: Reply<OperationOutcome>, of: Parameters<typeof problemsOf>[1]): Check {
  if (!reply.fault) {
    const { value } = reply
    // What is no outcome says nothing, and nothing is no good news.
    if (value?.resourceType !== 'OperationOutcome' || !Array.isArray(value.issue))
      return { state: 'failed', fault: { kind: 'broken' } }
    return { state: 'checked', problems: problemsOf(value, of), isGood: isGood(value) }
  }
  const { fault } = reply
  const isOfText = fault.kind === 'refused' && fault.outcome !== undefined
  if (!isOfText) return { state: 'failed', fault }
  return { state: 'checked', problems: problemsOf(fault.outcome, of), isGood: false }
}
