/** Releases of LOINC and ICD-11: the code system into an index, then its resource and the maps beside it into the store. */
import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { formatCanonical } from '../../fhir/canonical.ts'
import { issue } from '../../fhir/error.ts'
import type { Issue, Resource } from '../../fhir/types.ts'
import { workFolder } from '../../files/work-folder.ts'
import { icdSource } from '../../packages/vocabularies/icd-11/icd-source.ts'
import { loincSource } from '../../packages/vocabularies/loinc/loinc-source.ts'
import type { ReleaseFiles, VocabularySource } from '../../packages/vocabularies/source.ts'
import { stagedFiles } from '../../packages/vocabularies/staged-files.ts'
import { putApart } from './import-code-system.ts'
import { type ImportOptions, importPackage } from './import-package.ts'
import type { ImportEntry, ImportReport } from './report.ts'

/** What opens a release of a vocabulary. */
export type OpenRelease = (files: ReleaseFiles, options: { version?: string | undefined }) => VocabularySource

/** The vocabularies whose releases are read as sources of concepts. */
export const RELEASES = { loinc: loincSource, 'icd-11': icdSource } as const satisfies Record<string, OpenRelease>

/** An import of a release. */
export interface ReleaseOptions extends ImportOptions {
  /** Folder of the indexes. */
  indexes: string
  version: string | undefined
}

/**
 * Imports a release in a folder, an archive or a file. The resources are stored last: a running server answers with them from then on.
 * @throws FhirError 422 with what is wrong with it; then nothing is stored, and what was there stays
 */
export async function importFromSource(
  path: string,
  open: OpenRelease,
  options: ReleaseOptions,
): Promise<ImportReport> {
  const staged = await stagedFiles(path)
  try {
    const source = open(staged.files, { version: options.version })
    const name = basename(path)
    const told = source.findings.map((text) => issue('informational', { severity: 'information', text }))
    const common = { name, ...(source.head.version !== undefined && { version: source.head.version }) }
    if (options.dryRun) {
      const canonical = formatCanonical(source.head.url, source.head.version)
      const entry: ImportEntry = { file: name, type: 'CodeSystem', canonical, status: 'loaded' }
      return { ...common, entries: [entry], issues: [...told, ...tried(source, options)], isDryRun: true }
    }
    const { indexes, version: _, ...inResource } = options
    const apart = await putApart(source, indexes, (done, total) => options.onProgress?.(done, total, name))
    const stored = await storeTogether([apart.resource, ...(source.maps?.() ?? [])], name, inResource)
    const entries = stored.entries.map((each) => ({ ...each, file: name }))
    const incomplete = apart.isComplete ? {} : { isIncomplete: true }
    return { ...stored, ...common, entries, issues: [...stored.issues, ...told, ...apart.issues], ...incomplete }
  } finally {
    await staged.close()
  }
}

/** Reads everything and stores nothing: what an import would say. */
function tried(source: VocabularySource, { onProgress }: ReleaseOptions): Issue[] {
  const issues: Issue[] = []
  let concepts = 0
  for (const item of source.items((done) => onProgress?.(done, source.bytes, basename(source.path)))) {
    if ('problem' in item) issues.push(issue('invalid', { severity: 'warning', text: item.problem }))
    else concepts++
  }
  const maps = [...(source.maps?.() ?? [])].length
  const text = `${concepts} concepts${maps > 0 ? `, ${maps} maps` : ''}; nothing is stored`
  return [...issues, issue('informational', { severity: 'information', text })]
}

/** Stores resources in one transaction: a folder is one. */
async function storeTogether(resources: Resource[], name: string, options: ImportOptions): Promise<ImportReport> {
  const [only] = resources
  if (resources.length === 1 && only)
    return importPackage({ bytes: Buffer.from(JSON.stringify(only)), name: `${name}.json` }, options)
  const { path: folder, close } = workFolder()
  try {
    for (const [i, each] of resources.entries())
      await writeFile(join(folder, `${each.resourceType}-${i}.json`), JSON.stringify(each))
    return await importPackage({ path: folder }, options)
  } finally {
    close()
  }
}
