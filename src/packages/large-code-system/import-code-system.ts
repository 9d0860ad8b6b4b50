/**
 * Imports a code system of any size into an index. Memory holds codes and numbers alone; texts wait in a file. The folder gets
 * its name when everything is on disk: an import that was interrupted leaves nothing that counts, and is simply repeated.
 */
import { basename } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { unprocessable } from '../../fhir/error.ts'
import type { CodeSystem, CodeSystemConcept } from '../../fhir/types.ts'
import type { IndexBytes, SourceCounts } from './code-system-index.ts'
import { type IndexFiles, indexNameFor, type LargeImport, makeIndex } from './make-index.ts'
import { collectProblems, type ProblemList } from './problems.ts'
import type { SourceConcept } from './source-concept.ts'
import type { OpenSource } from './sources.ts'

/** To be raised when the same source would be imported in another way. */
const IMPORTER = 1

/** Builds index files; made by the terminology engine. */
export interface IndexEngine {
  layout: number
  createBuilder(
    head: CodeSystem,
    spool: { append(bytes: Uint8Array): void; read(offset: number, length: number): Uint8Array },
    kind?: string,
  ): ConceptIndexBuilder
  /** Opens a finished index; answers how many concepts it has. Throws when it is damaged. */
  countConcepts(head: CodeSystem, index: IndexBytes): number
}

/** An index in the making (terminology/large/index-builder.ts). */
interface ConceptIndexBuilder {
  add(row: {
    code: string
    display?: string | undefined
    parents: string[]
    concept?: CodeSystemConcept | undefined
  }): number | undefined
  replace(row: number, content: { display?: string | undefined; concept?: CodeSystemConcept | undefined }): void
  finish(
    file: { write(position: number, bytes: Uint8Array): void },
    progress?: (done: number) => void,
  ): { concepts: number; unknownParents: number; unknownParentCodes: string[]; bytes: number }
}

/** Steps of an import as progress bars name them. */
type ImportPhase = 'reading' | 'indexing'

/** What an import needs. */
export interface LargeImportOptions {
  /** Folder of the indexes. */
  folder: string
  engine: IndexEngine
  /** Bytes while reading, concepts while indexing. */
  onProgress?: (phase: ImportPhase, done: number, total: number) => void
}

const CONCEPTS_PER_TURN = 5_000

/**
 * Imports the concepts of a source.
 * @throws FhirError 422 when the source has no concept that can be read, or its syntax is broken; then nothing is left behind
 */
export async function importCodeSystem(source: OpenSource, options: LargeImportOptions): Promise<LargeImport> {
  const { head } = source
  const { layout, countConcepts } = options.engine
  const { path, format, bytes, sha256 } = source
  return makeIndex(options.folder, {
    name: indexNameOf(source, layout),
    head,
    layout,
    importer: IMPORTER,
    source: { file: basename(path), format, bytes, sha256 },
    countConcepts,
    build: async (files) => {
      const made = await buildIndex(source, files, options)
      if (made.counts.concepts === 0) throw nothingRead(source, made.problems)
      return made
    },
  })
}

/** The same source, read in the same way, has the same name. */
function indexNameOf({ head, format, sha256, kind }: OpenSource, layout: number): string {
  const { url, version, caseSensitive, property } = head
  const read = [IMPORTER, layout, format, sha256, url, version, caseSensitive, property]
  const made = JSON.stringify(kind === undefined ? read : [...read, kind])
  return indexNameFor(url, version, made)
}

async function buildIndex(source: OpenSource, files: IndexFiles, options: LargeImportOptions) {
  const builder = options.engine.createBuilder(source.head, files.spool('texts'), source.kind)
  const { counts, problems } = await readSource(source, builder, options)
  const total = counts.concepts
  const made = builder.finish(files.index, (done) => options.onProgress?.('indexing', done, total))
  if (made.unknownParents > 0) {
    const more = made.unknownParents > made.unknownParentCodes.length ? ', …' : ''
    const text = `${made.unknownParents} parents are named that no concept is: ${made.unknownParentCodes.join(', ')}${more}`
    problems.add({ line: 0, text })
  }
  return { counts: { ...counts, unknownParents: made.unknownParents }, problems, bytes: made.bytes }
}

async function readSource(source: OpenSource, builder: ConceptIndexBuilder, options: LargeImportOptions) {
  const counts: SourceCounts = { read: 0, concepts: 0, duplicates: 0, lost: 0, unknownParents: 0 }
  const problems = collectProblems()
  const progress = (done: number) => options.onProgress?.('reading', done, source.bytes)
  for (const item of source.items(progress)) {
    if ('problem' in item) {
      problems.add({ line: item.line, text: item.problem })
      if (!item.lost) continue
      counts.lost++
      counts.read++
    } else if (item.completes) {
      if (item.completes.row !== undefined) builder.replace(item.completes.row, item)
    } else {
      counts.read++
      take(item, { builder, counts, problems })
    }
    if (counts.read % CONCEPTS_PER_TURN === 0) await nextTurn()
  }
  return { counts, problems }
}

function take(
  item: SourceConcept,
  {
    builder,
    counts,
    problems,
  }: { builder: ConceptIndexBuilder; counts: SourceCounts; problems: ReturnType<typeof collectProblems> },
): void {
  item.row = builder.add(item)
  if (item.row !== undefined) counts.concepts++
  else {
    counts.duplicates++
    problems.add({ line: item.line, text: `the code '${item.code}' was there before; the first one counts` })
  }
}

function nothingRead(source: OpenSource, { first, count }: ProblemList) {
  const reasons = first.slice(0, 3).map(({ line, text }) => `line ${line}: ${text}`)
  return unprocessable(
    `${basename(source.path)} has no concept that can be read${count > 0 ? ` (${reasons.join('; ')})` : ''}`,
    'structure',
  )
}
