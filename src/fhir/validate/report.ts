/** Issues as they are found: each once, as many as anybody reads, none of the errors lost among remarks. */
import { type IssueCode, isError, issue } from '../error.ts'
import type { Issue } from '../types.ts'

/** What is found. */
interface Finding {
  severity?: Issue['severity']
  text: string
  /** FHIRPath with indexes. */
  expression: string
}

/** Where findings go. */
export interface Report {
  add(code: IssueCode, finding: Finding): void
  /** Errors so far. */
  readonly errors: number
  /** The text of the first error. */
  readonly first: string | undefined
  issues(): Issue[]
}

const mostErrors = 200
const mostRemarks = 200

/** An empty report. */
export function createReport(): Report {
  const told = new Set<string>()
  const issues: Issue[] = []
  const count = { errors: 0, remarks: 0 }
  let first: string | undefined
  const keep = (made: Issue) => {
    const kind = isError(made) ? 'errors' : 'remarks'
    count[kind]++
    if (kind === 'errors') first ??= made.details?.text
    if (count[kind] <= (kind === 'errors' ? mostErrors : mostRemarks)) issues.push(made)
  }
  return {
    add(code, { severity = 'error', text, expression }) {
      const key = `${expression}\n${code}\n${text}`
      if (told.has(key)) return
      if (told.size < 10_000) told.add(key)
      keep(issue(code, { severity, text: text.slice(0, 1000), ...(expression === '' ? {} : { expression }) }))
    },
    get errors() {
      return count.errors
    },
    get first() {
      return first
    },
    issues: () => [...issues, ...more(count)],
  }
}

function more({ errors, remarks }: { errors: number; remarks: number }): Issue[] {
  const hidden = [
    ...(errors > mostErrors ? [`${errors - mostErrors} errors`] : []),
    ...(remarks > mostRemarks ? [`${remarks - mostRemarks} remarks`] : []),
  ]
  if (hidden.length === 0) return []
  const severity = errors > mostErrors ? 'error' : 'information'
  return [issue('too-costly', { severity, text: `${hidden.join(' and ')} more are not shown` })]
}

/** Counts errors and keeps the first alone: for questions whose answer is yes or no. */
export function countingReport(): Report {
  let errors = 0
  let first: string | undefined
  return {
    add(_code, { severity = 'error', text, expression }) {
      if (severity !== 'error' && severity !== 'fatal') return
      errors++
      first ??= `${expression}: ${text}`
    },
    get errors() {
      return errors
    },
    get first() {
      return first
    },
    issues: () => [],
  }
}
