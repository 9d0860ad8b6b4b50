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
  /** It is the version alone that is in the way: the text differs from what was published under it. */
  isOfVersion?: true
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
  outcome.issue.length > 0 && problems.every(({ severity, isOfVersion }) => severity !== 'error' && !isOfVersion)

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
  const isOfVersion = known === 'error' && aboutVersion.test(text)
  const severity = isOfVersion || isUnjudged(issue) ? 'info' : known
  const element = elementOf(issue)
  return {
    severity,
    text: withoutPlace(text),
    ...placeOf(issue, looking),
    ...(element && { element }),
    ...(isOfVersion && { isOfVersion }),
  }
}

/** Any other word of the server about what is published stays the error that it is. */
const aboutVersion = /^\S+\|\S+ was published, and what is published does not change: raise the version\./

/** What a parser of CQL says where it cannot go on. */
const aboutSyntax =
  /^(?:Syntax error|mismatched input|extraneous input|missing .+ at |no viable alternative|token recognition error)/i

/** The problems to be shown, and the errors that may be nothing but consequences of a fault of syntax before them. */
export function consequencesApart(problems: readonly Problem[]): { first: Problem[]; consequences: Problem[] } {
  const at = problems.findIndex(({ severity, text, place }) => severity === 'error' && place && aboutSyntax.test(text))
  const follows = (problem: Problem, index: number) =>
    at >= 0 && index > at && problem.severity === 'error' && problem.place !== undefined
  return {
    first: problems.filter((problem, index) => !follows(problem, index)),
    consequences: problems.filter(follows),
  }
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

/** What a server lets others publish, though it fails or does nothing whenever it is run, is a fault to its author (docs/map-author.md). */
const failing = /^fml-lenient-(?:unknown-|type-mismatch)/

/** A reply as an author has to take it; one that is no outcome stays as it is. */
export function asAuthorSees(outcome: OperationOutcome): OperationOutcome {
  if (!Array.isArray(outcome?.issue)) return outcome
  const isFailing = ({ details }: OperationOutcome['issue'][number]) =>
    details?.coding?.some(({ code }) => failing.test(code ?? '')) === true
  return { ...outcome, issue: outcome.issue.map((each) => (isFailing(each) ? { ...each, severity: 'error' } : each)) }
}
