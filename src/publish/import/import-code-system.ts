/** Code systems of any size into indexes beside the store; the resource that is stored names its index. */
import { issue } from '../../fhir/error.ts'
import type { CodeSystem, Issue, Resource } from '../../fhir/types.ts'
import { INDEXES_FOLDER } from '../../packages/large-code-system/code-system-index.ts'
import { type IndexEngine, importCodeSystem } from '../../packages/large-code-system/import-code-system.ts'
import type { LargeImport } from '../../packages/large-code-system/make-index.ts'
import { type OpenSource, resourceSource } from '../../packages/large-code-system/sources.ts'
import type { ArchiveFile } from '../../packages/tar.ts'
import { headOf } from '../../terminology/code-system/concept-index.ts'
import { createIndexBuilder } from '../../terminology/code-system/large/index-builder.ts'
import { LAYOUT_VERSION } from '../../terminology/code-system/large/layout.ts'
import { openCodeSystem } from '../../terminology/vocabularies/open.ts'
import { releaseBuilder } from '../../terminology/vocabularies/release-builder.ts'

/** How many single problems the report of an import names. */
const SHOWN_PROBLEMS = 20

const engine: IndexEngine = {
  layout: LAYOUT_VERSION,
  createBuilder: (head, spool, kind) => {
    const builder = createIndexBuilder(headOf(head), spool)
    return kind === undefined ? builder : releaseBuilder(builder, kind)
  },
  countConcepts: (head: CodeSystem, index) => openCodeSystem(head, index).all.size(),
}

/** A code system whose concepts lie in an index. */
export interface ApartCodeSystem {
  /** The CodeSystem without concepts, which names its index. */
  resource: CodeSystem
  /** What was counted and found. */
  issues: Issue[]
  /** False when concepts of the source were left out. */
  isComplete: boolean
}

/**
 * Imports the concepts of a file into an index.
 * @param folder of indexes
 * @throws FhirError 422 when the source has no concept that can be read
 */
export async function putApart(
  source: OpenSource,
  folder: string,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<ApartCodeSystem> {
  const made = await importCodeSystem(source, {
    folder,
    engine,
    onProgress: (_phase, done, total) => onProgress(done, total),
  })
  return { resource: made.resource, issues: findings(source, made), isComplete: made.counts.lost === 0 }
}

/** The same for a large code system of a package; undefined for any other resource. */
export async function keepApart(
  resource: Resource,
  file: ArchiveFile,
  folder: string,
): Promise<ApartCodeSystem | undefined> {
  const source = resourceSource(resource, file)
  if (!source) return undefined
  const made = await putApart(source, folder)
  const issues = made.issues.map((each) => ({
    ...each,
    details: { ...each.details, text: `${source.path}: ${each.details?.text ?? ''}` },
  }))
  return { ...made, issues }
}

/** What the import counted and found, as issues of the report. */
function findings({ head, remarks = [] }: OpenSource, { counts, problems, index, unchanged }: LargeImport): Issue[] {
  const { read, concepts, duplicates, lost } = counts
  const parts = [`${concepts} concepts of ${read}`]
  if (duplicates > 0) parts.push(`${duplicates} duplicates`)
  if (lost > 0) parts.push(`${lost} left out`)
  const place = unchanged ? `${index} was there already` : `in ${INDEXES_FOLDER}/${index}`
  const found = [issue('informational', { severity: 'information', text: `${parts.join(', ')}; ${place}` })]
  const warning = (text: string) => issue('invalid', { severity: 'warning', text })
  if (head.count !== undefined && head.count !== concepts) {
    found.push(warning(`CodeSystem.count says ${head.count}; the source has ${concepts} different concepts`))
  }
  found.push(...remarks.map(warning))
  for (const { line, text } of problems.first.slice(0, SHOWN_PROBLEMS)) {
    found.push(warning(line > 0 ? `line ${line}: ${text}` : text))
  }
  const more = problems.count - Math.min(SHOWN_PROBLEMS, problems.first.length)
  if (more > 0) found.push(warning(`${more} more problems; the manifest of the index names the first ones`))
  return found
}
