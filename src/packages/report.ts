/** What an import did, entry by entry, for people and programs. */
import type { Issue, JsonObject } from '../fhir/types.ts'

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
  /** One line; always there when skipped or failed. */
  reason?: string
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
  const lines = [
    `${title}: ${summary.map(([status, number]) => `${number} ${status}`).join(', ') || 'nothing to import'}`,
  ]
  for (const [type, statuses] of byType(report.entries)) {
    const cells = [...statuses].map(([status, number]) => `${String(number).padStart(5)} ${status}`)
    lines.push(`  ${type.padEnd(24)}${cells.join('')}`)
  }
  for (const each of report.entries) {
    if (each.status === 'failed') lines.push(`  failed   ${each.file}: ${each.reason ?? ''}`)
  }
  lines.push(...skippedLines(report.entries))
  for (const each of report.issues) lines.push(`  ${each.severity.padEnd(12)}${each.details?.text ?? ''}`)
  return lines
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
