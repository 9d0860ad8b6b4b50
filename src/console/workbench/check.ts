/** Has the server check a text as its author pauses. */
import type { OperationOutcome } from 'fhir/r4.js'
import { useEffect, useState } from 'preact/hooks'
import { ask, type Fault, type Reply } from '../api/client.ts'
import { language, token } from '../app/session.ts'
import { fill } from '../languages/fill.ts'
import { texts } from '../languages/languages.ts'
import { identityOf, libraryOf, type Part } from './document/artefacts.ts'
import { fmlHead } from './document/header.ts'
import { asAuthorSees, isGood, type Problem, problemsOf } from './document/problems.ts'

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
export function useCheck(part: Part, beside: readonly Part[]): { check: Check; again(): void } {
  const [held, setHeld] = useState<{ of: string; check: Check }>()
  const [round, setRound] = useState(0)
  // A rule set stands and falls with its library.
  const around = part.language === 'json' ? beside.map(({ text }) => text).join('\n') : ''
  const key = `${part.key}\n${language.value}\n${token.value}\n${round}\n${around}\n${part.text}`
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    let slow: ReturnType<typeof setTimeout> | undefined
    const start = setTimeout(() => {
      slow = setTimeout(() => setHeld((before) => slowed(before, key)), slowAfter)
      void checkPart(part, beside, signal).then((check) => {
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
async function checkPart(part: Part, beside: readonly Part[], signal: AbortSignal): Promise<Check> {
  const asking = { method: 'POST' as const, patience, signal }
  if (part.language === 'fml') return checkMap(part, asking)
  if (part.language === 'json') return checkJson(part, beside, asking)
  const body = libraryOf(part)
  const reply = await ask<OperationOutcome>(`/${part.type}/$validate?mode=update`, { ...asking, body })
  return checked(reply, { language: 'cql', library: identityOf(part).name })
}

/** A rule set is judged beside the library that is published with it. */
async function checkJson(part: Part, beside: readonly Part[], asking: Asking): Promise<Check> {
  const fault = jsonFault(part)
  if (fault) return { state: 'checked', problems: [fault], isGood: false }
  const libraries = beside.filter(({ language: of }) => of === 'cql').map(libraryOf)
  const others = libraries.map((each) => `,{"name":"beside","resource":${JSON.stringify(each)}}`).join('')
  // The text goes as it was written: decimals keep their digits.
  const body = `{"resourceType":"Parameters","parameter":[{"name":"mode","valueCode":"update"},{"name":"resource","resource":${part.text}}${others}]}`
  const reply = await ask<OperationOutcome>(`/${part.type}/$validate`, { ...asking, body })
  return checked(reply, { language: 'json', text: part.text })
}

/** What no server is asked about: a text that is no JSON, or says it is something else. */
function jsonFault({ text, type }: Part): Problem | undefined {
  const { workbench } = texts()
  try {
    const value: unknown = JSON.parse(text)
    const isOfType =
      typeof value === 'object' && value !== null && 'resourceType' in value && value.resourceType === type
    return isOfType
      ? undefined
      : { severity: 'error', text: fill(workbench.noResource, { type }), place: { line: 1, column: 1 } }
  } catch (error) {
    const at = /position (\d+)/.exec(String(error))?.[1]
    const before = text.slice(0, at === undefined ? text.length : Number(at)).split('\n')
    const place = { line: before.length, column: (before.at(-1) ?? '').length + 1 }
    return { severity: 'error', text: workbench.noJson, place }
  }
}

type Asking = { method: 'POST'; patience: number; signal?: AbortSignal }

/** A map is read first; a text that can be read is then judged as the resource that it becomes. */
async function checkMap(part: Part, asking: Asking): Promise<Check> {
  const of = { language: 'fml' as const }
  const read = await readMap(part.text, asking)
  if (read.fault) return checked(read, of)
  const id = publishedId(part)
  const mode = id === undefined ? 'create' : 'update'
  const body = { ...read.value, ...(id !== undefined && { id }) }
  const reply = await ask<OperationOutcome>(`/StructureMap/$validate?mode=${mode}`, { ...asking, body })
  return checked(reply.fault ? reply : { ...reply, value: asAuthorSees(reply.value) }, of)
}

/** Where the map stands on the server under the version that its text has; undefined for another version, which would be a new one. */
function publishedId({ text, published, from }: Part): string | undefined {
  const [now, then] = [fmlHead(text), published === undefined ? undefined : fmlHead(published)]
  return then !== undefined && now?.url === then.url && now.version === then.version ? from?.id : undefined
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
    const problems = problemsOf(value, of)
    return { state: 'checked', problems, isGood: isGood(value, problems) }
  }
  const { fault } = reply
  const isOfText = fault.kind === 'refused' && fault.outcome !== undefined
  if (!isOfText) return { state: 'failed', fault }
  return { state: 'checked', problems: problemsOf(fault.outcome, of), isGood: false }
}
