/** What the server found, as problems of a text with their places. */
import type { OperationOutcome, OperationOutcomeIssue } from 'fhir/r4.js'
import { jsonPlaces } from '../../../fhir/places/json-places.ts'

/** One thing that is wrong, or to be looked at. */
export interface Problem {
  severity: 'error' | 'warning' | 'info'
  text: string
  /** Line and column from 1, of the text that was checked; absent where the server names no place in it. */
  place?: { line: number; column: number }
  /** A library that the text includes, in which the fault lies. */
  elsewhere?: string
  /** Element of the resource, as FHIRPath. */
  element?: string
}

/** Whose places are read; of JSON they are looked for in its text, by the elements that the server names. */
export type PlacesOf =
  | { language: 'cql'; library: string | undefined }
  | { language: 'fml' }
  | { language: 'json'; text: string }

const severities: Record<string, Problem['severity']> = { fatal: 'error', error: 'error', warning: 'warning' }

/** Problems of an outcome, those with places first and in their order. */
export function problemsOf(outcome: OperationOutcome | undefined, of: PlacesOf): Problem[] {
  const issues = (outcome?.issue ?? []).filter(isForAuthors)
  const places = of.language === 'json' ? jsonPlaces(of.text, issues.map(elementOf).filter(Boolean)) : noPlaces
  const problems = issues.map((issue) => problemOf(issue, { of, places }))
  const told = new Map(problems.map((each) => [JSON.stringify(each), each]))
  return [...told.values()].sort(
    (a, b) => order(line(a), line(b)) || (a.place?.column ?? 0) - (b.place?.column ?? 0) || weight(a) - weight(b),
  )
}

/** Both may stand nowhere. */
const order = (a: number, b: number) => (a === b ? 0 : a - b)
const weight = ({ severity }: Problem) => ['error', 'warning', 'info'].indexOf(severity)
const line = ({ place }: Problem) => place?.line ?? Number.POSITIVE_INFINITY

/** Whether nothing stands in the way. An outcome without an issue is none that was understood. */
export const isGood = (outcome: OperationOutcome, problems: readonly Problem[]): boolean =>
  outcome.issue.length > 0 && problems.every(({ severity }) => severity !== 'error')

/** A code that cannot be judged because this server does not have its value set: a write is not refused for it. */
const isUnjudged = ({ code, details }: OperationOutcomeIssue): boolean =>
  code === 'not-found' && /^Whether .* is not known/s.test(details?.text ?? '')

/** The number of a request is for operators, and narrative (dom-6) is nothing that an author of a text writes. */
function isForAuthors({ details, diagnostics, severity, expression }: OperationOutcomeIssue): boolean {
  if (severity === 'information' && /^X-Request-Id:/.test(diagnostics ?? '')) return false
  const isNarrative = severity === 'warning' && /\(dom-6\)$/.test(details?.text ?? '')
  return !(isNarrative && expression?.length === 1)
}

/** The element that an issue is about, as the resource itself has it: `PlanDefinition.library[0]`. */
const elementOf = ({ expression = [] }: OperationOutcomeIssue): string =>
  (expression.findLast((each) => !each.startsWith('Bundle.entry')) ?? '').replace(
    /^Parameters\.parameter\[\d+\]\.resource\b/,
    '',
  )

type Places = ReadonlyMap<string, { line: number; column: number }>
const noPlaces: Places = new Map()

interface Looking {
  of: PlacesOf
  places: Places
}

function problemOf(issue: OperationOutcomeIssue, looking: Looking): Problem {
  const { details, diagnostics, code } = issue
  const text = details?.text ?? diagnostics ?? code
  const known = severities[issue.severity] ?? (issue.severity === 'information' ? 'info' : 'error')
  const severity = isUnjudged(issue) ? 'info' : known
  const element = elementOf(issue)
  return { severity, text: withoutPlace(text), ...placeOf(issue, looking), ...(element && { element }) }
}

const withoutPlace = (text: string) => text.replace(/^line \d+, column \d+: /, '')

function placeOf(issue: OperationOutcomeIssue, { of, places }: Looking): Pick<Problem, 'place' | 'elsewhere'> {
  if (of.language === 'json') {
    const place = places.get(elementOf(issue))
    return place ? { place: { line: place.line, column: place.column } } : {}
  }
  const said = issue.diagnostics ?? issue.details?.text ?? ''
  if (of.language === 'fml') {
    const [, line, column] = /^line (\d+), column (\d+)/.exec(said) ?? []
    return line ? { place: { line: Number(line), column: Number(column) } } : {}
  }
  const [, library, line, column] = /^library (.+?), line (\d+), column (\d+)/.exec(said) ?? []
  if (library === undefined) return {}
  if (of.language !== 'cql' || library !== of.library) return { elsewhere: `${library}, ${line}:${column}` }
  return { place: { line: Number(line), column: Number(column) } }
}

/** Offset of a place in a text, and of the end of the word that stands there; places beyond the text are at its end. */
export function spanOf(text: string, { line, column }: { line: number; column: number }): { from: number; to: number } {
  let start = 0
  for (let at = 1; at < line; at++) {
    const end = text.indexOf('\n', start)
    if (end < 0) return { from: text.length, to: text.length }
    start = end + 1
  }
  const end = text.indexOf('\n', start)
  const last = end < 0 ? text.length : end
  const from = Math.max(start, Math.min(start + column - 1, last))
  const word = /^(?:"(?:\\.|[^"\\\n])*"|\w+|\S)/.exec(text.slice(from, last))
  return { from, to: from + (word?.[0].length ?? 0) }
}
