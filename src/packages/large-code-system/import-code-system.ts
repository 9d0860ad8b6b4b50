/**
 * Imports a code system of any size into an index. Memory holds codes and numbers alone; texts wait in a file. The folder gets
 * its name when everything is on disk: an import that was interrupted leaves nothing that counts, and is simply repeated.
 */
import { createHash } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { formatCanonical } from '../../fhir/canonical.ts'
import { unprocessable } from '../../fhir/error.ts'
import type { CodeSystem, CodeSystemConcept } from '../../fhir/types.ts'
import { removeLeftBehind } from '../../files/left-behind.ts'
import {
  FILES,
  INDEX_EXTENSION,
  type IndexManifest,
  readIndex,
  readIndexFolder,
  type SourceCounts,
  syncToDisk,
} from './code-system-index.ts'
import { hashFile, spoolFile, writeAll } from './file-bytes.ts'
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
  ): ConceptIndexBuilder
  /** Opens a finished index; answers how many concepts it has. Throws when it is damaged. */
  countConcepts(head: CodeSystem, index: Uint8Array): number
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

/** Outcome of an import. */
export interface LargeImport {
  /** The CodeSystem to store: no concepts, their number in `count`, the index in an extension. */
  resource: CodeSystem
  index: string
  /** The index was there already. */
  unchanged: boolean
  counts: SourceCounts
  problems: ProblemList
}

const CONCEPTS_PER_TURN = 5_000

/** Folders that this process is filling: in containers every process has the same number. */
const inWork = new Set<string>()

/**
 * Imports the concepts of a source.
 * @throws FhirError 422 when the source has no concept that can be read, or its syntax is broken; then nothing is left behind
 */
export async function importCodeSystem(source: OpenSource, options: LargeImportOptions): Promise<LargeImport> {
  const { head } = source
  const canonical = formatCanonical(head.url, head.version)
  const name = indexNameOf(source, options.engine.layout)
  await mkdir(options.folder, { recursive: true })
  await removeLeftovers(options.folder)
  const present = await readIndex(options.folder, name).catch(() => undefined)
  if (present) return outcomeOf(head, name, { ...present.manifest, unchanged: true })
  // What is there under this name and cannot be read must make way.
  await rm(join(options.folder, name), { recursive: true, force: true })
  const working = join(options.folder, `.importing-${process.pid}-${name}`)
  await rm(working, { recursive: true, force: true })
  await mkdir(working)
  inWork.add(basename(working))
  try {
    const { counts, problems, bytes } = await buildIndex(source, working, options)
    if (counts.concepts === 0) throw nothingRead(source, problems)
    const sha256 = hashFile(join(working, FILES.index)).sha256
    const manifest: IndexManifest = {
      importer: IMPORTER,
      layout: options.engine.layout,
      canonical,
      source: { file: basename(source.path), format: source.format, bytes: source.bytes, sha256: source.sha256 },
      counts,
      problems: { count: problems.count, first: problems.first },
      index: { bytes, sha256 },
    }
    await activate(working, manifest, { ...options, name, head })
    return outcomeOf(head, name, { ...manifest, unchanged: false })
  } finally {
    inWork.delete(basename(working))
    await rm(working, { recursive: true, force: true })
  }
}

/** Everything on disk, read once more, then the name: from then on it counts. */
async function activate(
  working: string,
  manifest: IndexManifest,
  { folder, name, engine, head }: LargeImportOptions & { name: string; head: CodeSystem },
): Promise<void> {
  await writeFile(join(working, FILES.manifest), `${JSON.stringify(manifest, null, 2)}\n`)
  for (const file of Object.values(FILES)) await syncToDisk(join(working, file))
  const { index } = await readIndexFolder(working)
  const counted = engine.countConcepts(head, index)
  const { concepts, duplicates, lost, read } = manifest.counts
  if (counted !== concepts || concepts + duplicates + lost !== read) {
    throw new Error(`the index has ${counted} concepts; ${concepts} were written of ${read} read`)
  }
  await syncToDisk(working)
  await rename(working, join(folder, name))
  await syncToDisk(folder)
}

function outcomeOf(
  head: CodeSystem,
  index: string,
  { counts, problems, unchanged }: Pick<IndexManifest, 'counts' | 'problems'> & { unchanged: boolean },
): LargeImport {
  const extension = [
    ...(head.extension ?? []).filter((each) => each.url !== INDEX_EXTENSION),
    { url: INDEX_EXTENSION, valueString: index },
  ]
  return { resource: { ...head, extension, count: counts.concepts }, index, unchanged, counts, problems }
}

/** The same source, read in the same way, has the same name. */
function indexNameOf({ head, format, sha256 }: OpenSource, layout: number): string {
  const { url, version, caseSensitive, property } = head
  const made = JSON.stringify([IMPORTER, layout, format, sha256, url, version, caseSensitive, property])
  const hash = createHash('sha256').update(made).digest('hex').slice(0, 16)
  const safe = (text: string) =>
    text
      .replace(/[^A-Za-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 40)
  const tail = safe(
    (url ?? '')
      .split(/[/:]/)
      .filter((part) => part !== '')
      .pop() ?? '',
  )
  return [tail || 'code-system', safe(version ?? ''), hash].filter((part) => part !== '').join('-')
}

async function buildIndex(source: OpenSource, working: string, options: LargeImportOptions) {
  const spool = spoolFile(join(working, 'spool'))
  const index = openSync(join(working, FILES.index), 'wx')
  try {
    const builder = options.engine.createBuilder(source.head, spool)
    const { counts, problems } = await readSource(source, builder, options)
    const total = counts.concepts
    const made = builder.finish({ write: (position, bytes) => writeAll(index, bytes, position) }, (done) =>
      options.onProgress?.('indexing', done, total),
    )
    if (made.unknownParents > 0) {
      const more = made.unknownParents > made.unknownParentCodes.length ? ', …' : ''
      const text = `${made.unknownParents} parents are named that no concept is: ${made.unknownParentCodes.join(', ')}${more}`
      problems.add({ line: 0, text })
    }
    return { counts: { ...counts, unknownParents: made.unknownParents }, problems, bytes: made.bytes }
  } finally {
    closeSync(index)
    spool.close()
    await rm(join(working, 'spool'), { force: true })
  }
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

/** What imports of processes that are no more have left behind. */
const removeLeftovers = (folder: string): Promise<void> =>
  removeLeftBehind(folder, {
    pidOf: (name) => {
      const pid = /^\.importing-(\d+)-/.exec(name)?.[1]
      return pid === undefined ? undefined : Number(pid)
    },
    isInWork: (name) => inWork.has(name),
  })
