/**
 * The one way from the console to its server: its public API. A reply is a value or a fault, never an exception, so that no view can
 * forget that a server may be down, slow, busy, or not the one that was expected.
 */
import type { OperationOutcome, OperationOutcomeIssue } from 'fhir/r4.js'
import { holdsCode } from '../app/refused-code.ts'
import { language, token } from '../app/session.ts'
import { texts } from '../languages/languages.ts'
import type { Fault, FaultKind, Reply } from './reply.ts'

export type { Fault, FaultKind, Reply } from './reply.ts'

/** How to ask. */
export interface Question {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** An object is sent as JSON, a text as it is. */
  body?: object | string
  /** Of a body that is a text; JSON of FHIR without it. */
  contentType?: string
  /** What the answer is read as: JSON, or a text (FML, XML, metrics) of the type that is asked for. */
  accept?: string
  /** Further headers, as `If-Match`. */
  headers?: Record<string, string>
  signal?: AbortSignal
  /** 503 is an answer whose body is read, too: what `/ready` says of what is missing. */
  alsoBusy?: boolean
  /** Milliseconds; 30,000 without it. */
  patience?: number
}

/** Address of the FHIR base, of this origin, without a slash at the end: `/fhir`. */
export const fhirBase = document.querySelector<HTMLMetaElement>('meta[name="fhir-base"]')?.content ?? '/fhir'

/** Whether the server publishes specimens (`/specimens`): a development server does. */
export const hasSpecimens = document.querySelector('meta[name="specimens"]') !== null

/** Asks for JSON. @param path below the FHIR base with its slash (`/ValueSet?name=x`), or with `//` before it outside of it (`//health`) */
export async function ask<T = unknown>(path: string, question: Question = {}): Promise<Reply<T>> {
  const accept = question.accept ?? 'application/fhir+json'
  const reply = await send(path, { ...question, accept })
  if (reply.fault) return reply
  const { value, headers } = reply
  if (!isJson(headers)) return { fault: { kind: 'broken' } }
  try {
    // Whoever asks knows what this address answers with; views read it member by member.
    return { value: JSON.parse(value) as T, headers }
  } catch {
    return { fault: { kind: 'broken' } }
  }
}

/** Asks for a text of the media type `question.accept`. */
export async function askText(path: string, question: Question & { accept: string }): Promise<Reply<string>> {
  const reply = await send(path, question)
  if (reply.fault) return reply
  const type = reply.headers.get('Content-Type') ?? ''
  // A page where no page was asked for comes from somebody else.
  return /^text\/html/i.test(type) && !/html/.test(question.accept) ? { fault: { kind: 'broken' } } : reply
}

async function send(path: string, question: Question): Promise<Reply<string>> {
  const { method = 'GET', body, contentType = 'application/fhir+json', accept = '*/*', patience = 30_000 } = question
  if (holdsCode(decoded(path))) return { fault: notSent() }
  const ended = AbortSignal.timeout(patience)
  const signal = question.signal ? AbortSignal.any([question.signal, ended]) : ended
  const init: RequestInit = {
    method,
    signal,
    headers: {
      Accept: accept,
      'Accept-Language': language.value,
      ...(body === undefined ? {} : { 'Content-Type': contentType }),
      ...(token.value ? { Authorization: `Bearer ${token.value}` } : {}),
      ...question.headers,
    },
    credentials: 'omit',
    redirect: 'error',
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    // All forms of a resource have one ETag (its version): a browser takes a kept form for the one that was asked for.
    ...(method === 'GET' && /json/.test(accept) ? {} : { cache: 'no-store' as const }),
  }
  try {
    const response = await fetch(path.startsWith('//') ? path.slice(1) : `${fhirBase}${path}`, init)
    const text = await response.text()
    return response.ok || (question.alsoBusy && response.status === 503)
      ? { value: text, headers: response.headers }
      : { fault: faultOf(response, text) }
  } catch {
    return { fault: { kind: question.signal?.aborted ? 'left' : 'unreachable' } }
  }
}

/** Of the address of a question that holds the code of a certificate: proxies and logs keep addresses. */
const notSent = (): Fault => ({
  kind: 'refused',
  outcome: {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code: 'security', details: { text: texts().shell.codeRefused } }],
  },
})

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function faultOf({ status, headers }: Response, text: string): Fault {
  const outcome = isJson(headers) ? outcomeOf(text) : undefined
  const wait = Number(headers.get('Retry-After') ?? '')
  return {
    kind: kindOf(status, outcome !== undefined),
    status,
    ...(outcome && { outcome }),
    ...(wait > 0 && { retryAfter: wait }),
  }
}

function kindOf(status: number, isExplained: boolean): FaultKind {
  if (status === 429 || status === 503) return 'busy'
  if (status === 401 || status === 403) return 'forbidden'
  if (status >= 500) return 'broken'
  if (status === 404 || status === 410) return isExplained ? 'missing' : 'broken'
  return isExplained ? 'refused' : 'broken'
}

const isJson = (headers: Headers) => /^application\/(?:[\w.-]+\+)?json\b/i.test(headers.get('Content-Type') ?? '')

function outcomeOf(text: string): OperationOutcome | undefined {
  try {
    const found: unknown = JSON.parse(text)
    if (typeof found !== 'object' || found === null || !('issue' in found) || !Array.isArray(found.issue))
      return undefined
    return { ...(found as OperationOutcome), issue: found.issue.flatMap(soundIssue) }
  } catch {
    return undefined
  }
}

/** What of an issue can be shown: a page must not break over an answer that says no. */
function soundIssue(issue: unknown): OperationOutcomeIssue[] {
  if (typeof issue !== 'object' || issue === null) return []
  const { details, diagnostics, expression, code, severity, ...rest } = issue as Record<string, unknown>
  const said = typeof details === 'object' && details !== null && 'text' in details ? details.text : undefined
  const places = Array.isArray(expression) ? expression.filter((each) => typeof each === 'string') : []
  return [
    {
      ...rest,
      severity: severity === 'warning' || severity === 'information' ? severity : 'error',
      code: typeof code === 'string' ? (code as OperationOutcomeIssue['code']) : 'unknown',
      ...(typeof said === 'string' && { details: { ...(details as object), text: said } }),
      ...(typeof diagnostics === 'string' && { diagnostics }),
      ...(places.length > 0 && { expression: places }),
    },
  ]
}
