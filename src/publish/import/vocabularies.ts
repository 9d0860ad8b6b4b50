/** Releases of the big vocabularies into indexes; each is stored as a CodeSystem without concepts. */
import { basename } from 'node:path'
import { issue } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'
import {
  type Finding,
  importRelease,
  type ReleaseEngine,
  type ReleaseReport,
  tryRelease,
} from '../../packages/vocabularies/rf2/import-release.ts'
import { headOf } from '../../terminology/code-system/concept-index.ts'
import { LAYOUT_VERSION } from '../../terminology/code-system/large/layout.ts'
import { openCodeSystem } from '../../terminology/vocabularies/open.ts'
import { snomedCodeSystem } from '../../terminology/vocabularies/snomed/code-system.ts'
import { SNOMED } from '../../terminology/vocabularies/snomed/version-uri.ts'
import { createSnomedWriter } from '../../terminology/vocabularies/snomed/write-content.ts'
import { type ImportOptions, importPackage } from './import-package.ts'
import { importFromSource, RELEASES } from './release-source.ts'
import type { ImportEntry, ImportReport } from './report.ts'

/** The vocabularies that have importers of their own. */
export type Vocabulary = 'snomed' | keyof typeof RELEASES

/** An import of a release. */
export interface VocabularyOptions extends ImportOptions {
  /** Folder of the indexes. */
  indexes: string
  /** Version, where it is said beside the files. */
  version: string | undefined
}

const snomed: ReleaseEngine = {
  layout: LAYOUT_VERSION,
  head: snomedCodeSystem,
  createWriter: ({ head, ...given }) => createSnomedWriter({ head: headOf(head), ...given }),
  countConcepts: (head, index) => openCodeSystem(head, index).all.size(),
}

const VOCABULARIES: Record<Vocabulary, (path: string, options: VocabularyOptions) => Promise<ImportReport>> = {
  snomed: importSnomed,
  loinc: (path, options) => importFromSource(path, RELEASES.loinc, options),
  'icd-11': (path, options) => importFromSource(path, RELEASES['icd-11'], options),
}

/**
 * Imports the release of a vocabulary in a folder or archive.
 * @throws FhirError 422 with all that is wrong with it; then nothing is stored, and what was there stays
 */
export function importVocabulary(
  vocabulary: Vocabulary,
  path: string,
  options: VocabularyOptions,
): Promise<ImportReport> {
  return VOCABULARIES[vocabulary](path, options)
}

async function importSnomed(path: string, options: VocabularyOptions): Promise<ImportReport> {
  const name = basename(path)
  const { indexes, version, ...inResource } = options
  const onProgress = (done: number, total: number) => options.onProgress?.(done, total, name)
  if (options.dryRun) {
    const found = await tryRelease(path, { engine: snomed, version, onProgress })
    const canonical = `${SNOMED}|${found.version}`
    const entry: ImportEntry = { file: name, type: 'CodeSystem', canonical, status: 'loaded' }
    return { name, version: found.version, entries: [entry], issues: told(found), isDryRun: true }
  }
  const { made, report } = await importRelease(path, { engine: snomed, version, onProgress, folder: indexes })
  const place = made.unchanged ? `${made.index} was there already` : `in ${made.index}`
  const bytes = Buffer.from(JSON.stringify(made.resource))
  const stored = await importPackage({ bytes, name: `${name}.json` }, inResource)
  const entries = stored.entries.map((each) => ({ ...each, file: name }))
  const counted = information(`${made.counts.concepts} concepts; ${place}`)
  return { ...stored, name, version: report.version, entries, issues: [...stored.issues, counted, ...told(report)] }
}

/** What was read and found, as issues of the report. */
function told({ version, files, counts, findings }: ReleaseReport): Issue[] {
  const { type, missing, left } = files
  const rows = Object.entries(counts?.rows ?? {}).map(([kind, count]) => `${kind} ${count}`)
  const issues = [
    information(`${version}: ${type} of ${files.date}, ${files.files.length} files of ${files.publishers.join(', ')}`),
  ]
  if (rows.length > 0) issues.push(information(`Rows: ${rows.join(', ')}`))
  if (missing.length > 0) issues.push(information(`Not in the release: ${missing.join(', ')}`))
  if (left.length > 0)
    issues.push(information(`${left.length} other files were not read, such as ${left.slice(0, 3).join(', ')}`))
  const others = counts?.otherRelationships ?? 0
  if (others > 0) issues.push(information(`${others} relationships that are not inferred were left out`))
  return [...issues, ...findings.map(asIssue)]
}

const information = (text: string) => issue('informational', { severity: 'information', text })
const asIssue = ({ severity, text }: Finding) => issue('invalid', { severity, text })
