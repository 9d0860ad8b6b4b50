/** What an import did, entry by entry, for people and programs. */

import type { JsonObject } from '../../base/json-value.ts'
import { isError } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'

/** What became of one file: `skipped` is on purpose, `failed` is not. */
export type ImportStatus = 'loaded' | 'updated' | 'unchanged' | 'skipped' | 'failed'

/** One file of a package, or one resource of it. */
export interface ImportEntry {
  file: string
  type?: string
  id?: string
  /** Canonical `url|version`. */
  canonical?: string
  status: ImportStatus
  /** Identifier and Version of a rule of the EU. */
  rule?: string
  /** Where in the file a rule of the EU begins, e.g. `line 3, column 5`. */
  place?: string
  /** Whose signature it came under. */
  signedBy?: string
  /** One line; always there when skipped, failed or stored as a draft. */
  reason?: string
  /** Not fit to be active: stored as a draft, which nothing uses. */
  isDraft?: boolean
  /** Failed because other content was published under its `url|version`. */
  isConflict?: boolean
  /** What the checks found. */
  issues?: Issue[]
}

/** Outcome of the import of one package, folder or file. */
export interface ImportReport {
  /** Package name, or name of the folder or file. */
  name: string
  version?: string
  /** FHIR version the package says it has. */
  fhirVersion?: string
  entries: ImportEntry[]
  /** Defects and what was done about them. */
  issues: Issue[]
  /** A folder whose content is that of the last import was not read again. */
  skippedAsUnchanged?: boolean
  /** Nothing was stored: the entries say what would have become of them. */
  isDryRun?: boolean
  /** Concepts of a code system were left out. */
  isIncomplete?: boolean
}

/** Why an import is no success, in a sentence; undefined when it is one. Drafts are stored, and told. */
export function importFailure(report: ImportReport): string | undefined {
  if (report.skippedAsUnchanged) return undefined
  const { skipped, failed } = countEntries(report)
  if (failed > 0) return `${failed} of ${report.entries.length} entries failed`
  if (report.isIncomplete) return 'concepts of a code system were left out'
  if (skipped === report.entries.length) return 'nothing was imported: there is no entry that is not skipped'
  return undefined
}

/** Number of entries by status; all five are there. */
export function countEntries(report: ImportReport): Record<ImportStatus, number> {
  const counts = { loaded: 0, updated: 0, unchanged: 0, skipped: 0, failed: 0 }
  for (const each of report.entries) counts[each.status]++
  return counts
}

/** Lines for a terminal: a headline, a table by type, then what failed and what was found. */
export function reportLines(report: ImportReport): string[] {
  const title = report.version ? `${report.name} ${report.version}` : report.name
  if (report.skippedAsUnchanged) return [`${title}: unchanged since the last import`]
  const counts = countEntries(report)
  const summary = Object.entries(counts).filter(([, number]) => number > 0)
  const drafts = report.entries.filter((each) => each.isDraft).length
  if (drafts > 0) summary.push(['as drafts, not fit to be active', drafts])
  const lines = [
    `${title}${report.isDryRun ? ' (dry run, nothing stored)' : ''}: ${summary.map(([status, number]) => `${number} ${status}`).join(', ') || 'nothing to import'}`,
  ]
  for (const [type, statuses] of byType(report.entries)) {
    const cells = [...statuses].map(([status, number]) => `${String(number).padStart(5)} ${status}`)
    lines.push(`  ${type.padEnd(24)}${cells.join('')}`)
  }
  for (const each of report.entries) {
    if (each.status === 'failed') lines.push(...failedLines(each))
  }
  lines.push(...draftLines(report.entries), ...ruleLines(report.entries))
  lines.push(...skippedLines(report.entries))
  for (const each of report.issues) lines.push(`  ${each.severity.padEnd(12)}${each.details?.text ?? ''}`)
  return lines
}

/** What failed and why; of a rule of the EU every fault with its place. */
function failedLines({ file, place, rule, reason = '', issues = [] }: ImportEntry): string[] {
  const what = [file, place, rule].filter((each) => each !== undefined).join(', ')
  const errors = issues.filter(isError)
  if (place === undefined || errors.length === 0) return [`  failed   ${what}: ${reason}`]
  return [`  failed   ${what}:`, ...issueLines(errors)]
}

/** Most issues that the text names of one artefact; the JSON has them all. */
const shownIssues = 10

/** What was not fit to be active, with everything that it lacks. */
function draftLines(entries: ImportEntry[]): string[] {
  return entries.flatMap(({ isDraft, file, canonical, issues = [] }) => {
    if (!isDraft) return []
    const what = canonical === undefined ? file : `${file} (${canonical})`
    const title = `  draft    ${what}: not fit to be active; stored as a draft, used for nothing`
    return [title, ...issueLines(issues.filter(isError))]
  })
}

/** What was found in rules that are stored as they are; what value sets and maps lack is told of the package as a whole. */
function ruleLines(entries: ImportEntry[]): string[] {
  return entries.flatMap(({ isDraft, type, file, issues = [] }) => {
    const isRule = type === 'Library' || type === 'PlanDefinition'
    return isDraft || !isRule || issues.length === 0 ? [] : [`  warning  ${file}:`, ...issueLines(issues)]
  })
}

function issueLines(issues: Issue[]): string[] {
  const texts = issues.slice(0, shownIssues).map((each) => `           ${issueText(each)}`)
  return issues.length > shownIssues ? [...texts, `           and ${issues.length - shownIssues} more`] : texts
}

function issueText({ details, diagnostics, expression }: Issue): string {
  const place = /\bline \d+, column \d+/.exec(diagnostics ?? '')?.[0] ?? expression?.[0]
  const text = (details?.text ?? diagnostics ?? '').replace(/\s+/g, ' ')
  return place === undefined || text.includes(place) ? text : `${text} (${place})`
}

/** One line a reason; packages hold dozens of files that are skipped for the same. */
function skippedLines(entries: ImportEntry[]): string[] {
  const files = new Map<string, string[]>()
  for (const { status, reason = '', file } of entries) {
    if (status === 'skipped') files.set(reason, [...(files.get(reason) ?? []), file])
  }
  return [...files].map(([reason, names]) => {
    const what = names.length === 1 ? names[0] : `${names.length} files`
    return `  skipped  ${what}: ${reason}`
  })
}

function byType(entries: ImportEntry[]): Map<string, Map<ImportStatus, number>> {
  const types = new Map<string, Map<ImportStatus, number>>()
  for (const each of entries) {
    const type = each.type ?? '(other files)'
    const statuses = types.get(type) ?? new Map<ImportStatus, number>()
    statuses.set(each.status, (statuses.get(each.status) ?? 0) + 1)
    types.set(type, statuses)
  }
  return new Map([...types].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The report as JSON: counts, entries and issues. */
export function reportJson(report: ImportReport): JsonObject {
  // undefined members vanish on the way
  return JSON.parse(JSON.stringify({ ...report, counts: countEntries(report) }))
}
