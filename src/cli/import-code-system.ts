import { join } from 'node:path'
import type { Config } from '../config.ts'
import { issue } from '../fhir/error.ts'
import type { CodeSystem, Issue } from '../fhir/types.ts'
import { INDEXES_FOLDER } from '../packages/large-code-system/code-system-index.ts'
import {
  type IndexEngine,
  importCodeSystem,
  type LargeImport,
} from '../packages/large-code-system/import-code-system.ts'
import { type OpenSource, resourceSource } from '../packages/large-code-system/sources.ts'
import { type ImportOptions, loadPackage } from '../packages/load.ts'
import type { ImportEntry, ImportReport } from '../packages/report.ts'
import { headOf } from '../terminology/code-system/concept-index.ts'
import { createIndexBuilder } from '../terminology/code-system/large/index-builder.ts'
import { largeCodeSystem } from '../terminology/code-system/large/large-code-system.ts'
import { LAYOUT_VERSION } from '../terminology/code-system/large/layout.ts'
import { progressBar } from './progress.ts'

/** How many single problems the report of an import names. */
const SHOWN_PROBLEMS = 20

const engine: IndexEngine = {
  layout: LAYOUT_VERSION,
  createBuilder: (head, spool) => createIndexBuilder(headOf(head), spool),
  countConcepts: (head: CodeSystem, index) => largeCodeSystem(head, index).all.size(),
}

/**
 * Imports a code system into an index and stores its resource, which then names the index. `complete` is false when concepts
 * of the source were left out.
 */
export async function importLargeCodeSystem(
  source: OpenSource,
  config: Config,
  options: ImportOptions,
): Promise<{ report: ImportReport; complete: boolean }> {
  const bar = progressBar(source.path)
  const made = await importInto(config, source, (done, total) => bar.show(done, total)).finally(() => bar.end())
  const name = source.path.split('/').pop() ?? source.path
  const bytes = Buffer.from(JSON.stringify(made.resource))
  const report = await loadPackage({ bytes, name: `${name}.json` }, options)
  const entry: ImportEntry = { status: 'failed', ...report.entries[0], file: name }
  const issues = [...report.issues, ...findings(source, made)]
  return { report: { ...report, name, entries: [entry], issues }, complete: made.counts.lost === 0 }
}

/** Large code systems of packages and folders go the same way. */
export function keepApart(config: Config): NonNullable<ImportOptions['keepApart']> {
  return async (resource, file) => {
    const source = resourceSource(resource, file)
    if (!source) return undefined
    const made = await importInto(config, source, () => {})
    return { resource: made.resource, issues: findings(source, made, `${source.path}: `) }
  }
}

function importInto(config: Config, source: OpenSource, show: (done: number, total: number) => void) {
  return importCodeSystem(source, {
    folder: join(config.dataDir, INDEXES_FOLDER),
    engine,
    onProgress: (_phase, done, total) => show(done, total),
  })
}

/** What the import counted and found, as issues of the report. */
function findings({ head }: OpenSource, { counts, problems, index, unchanged }: LargeImport, prefix = ''): Issue[] {
  const { read, concepts, duplicates, lost } = counts
  const parts = [`${concepts} concepts of ${read}`]
  if (duplicates > 0) parts.push(`${duplicates} duplicates`)
  if (lost > 0) parts.push(`${lost} left out`)
  const place = unchanged ? `${index} was there already` : `in ${INDEXES_FOLDER}/${index}`
  const found = [issue('informational', { severity: 'information', text: `${prefix}${parts.join(', ')}; ${place}` })]
  const warning = (text: string) => issue('invalid', { severity: 'warning', text: `${prefix}${text}` })
  if (head.count !== undefined && head.count !== concepts) {
    found.push(warning(`CodeSystem.count says ${head.count}; the source has ${concepts} different concepts`))
  }
  for (const { line, text } of problems.first.slice(0, SHOWN_PROBLEMS)) {
    found.push(warning(line > 0 ? `line ${line}: ${text}` : text))
  }
  const more = problems.count - Math.min(SHOWN_PROBLEMS, problems.first.length)
  if (more > 0) found.push(warning(`${more} more problems; the manifest of the index names the first ones`))
  return found
}
