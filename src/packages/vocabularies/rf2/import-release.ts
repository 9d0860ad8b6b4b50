/** Imports a release of SNOMED CT (RF2) into an index. */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { FhirError, issue, unprocessable } from '../../../fhir/error.ts'
import type { CodeSystem } from '../../../fhir/types.ts'
import type { IndexBytes, SourceCounts } from '../../large-code-system/code-system-index.ts'
import { indexNameFor, type LargeImport, makeIndex } from '../../large-code-system/make-index.ts'
import { collectProblems } from '../../large-code-system/problems.ts'
import { openVocabulary } from '../open-source.ts'
import { type ReleaseCounts, readRelease } from './read-release.ts'
import { type ReleaseFiles, releaseFiles } from './release-files.ts'
import { releaseVersion } from './release-version.ts'
import type { ReleaseSink } from './sink.ts'

/** To be raised when the same release would be imported in another way. */
const IMPORTER = 1

/** Where texts wait. */
interface Spool {
  append(bytes: Uint8Array): void
  read(offset: number, length: number): Uint8Array
}

/** What a release is found to be. */
export interface Finding {
  severity: 'error' | 'warning' | 'information'
  text: string
}

/** Writes releases as index files; made by the terminology engine. */
export interface ReleaseEngine {
  layout: number
  /** The CodeSystem of a version, without concepts. */
  head(version: string): CodeSystem
  createWriter(given: { head: CodeSystem; isFull: boolean; spools: { texts: Spool; members: Spool } }): ReleaseSink & {
    check(): Finding[]
    finish(
      file: { write(position: number, bytes: Uint8Array): void },
      progress: (done: number) => void,
    ): { concepts: number; bytes: number }
  }
  /** Opens a finished index; answers how many concepts it has. Throws when it is damaged. */
  countConcepts(head: CodeSystem, index: IndexBytes): number
}

/** What an import of a release needs. */
export interface ReleaseOptions {
  engine: ReleaseEngine
  /** Folder of the indexes. */
  folder: string
  /** Edition and version URI, where it is said. */
  version: string | undefined
  onProgress(done: number, total: number): void
}

/** What was found of a release. */
export interface ReleaseReport {
  version: string
  files: ReleaseFiles
  counts: ReleaseCounts | undefined
  findings: Finding[]
}

/**
 * Imports the release in a folder or archive.
 * @throws FhirError 422 with all that is wrong; then nothing is left behind
 */
export async function importRelease(
  path: string,
  options: ReleaseOptions,
): Promise<{ made: LargeImport; report: ReleaseReport }> {
  const source = await openVocabulary(path)
  try {
    const files = releaseFiles(basename(path), source.files)
    const version = await releaseVersion(basename(path), files, options.version)
    const { engine, folder, onProgress } = options
    const head = engine.head(version)
    const progress = progressOf(files, onProgress)
    const { sha256, bytes } = await hashFiles(files, progress.hashed)
    const report: ReleaseReport = { version, files, counts: undefined, findings: [] }
    const made = await makeIndex(folder, {
      name: indexNameFor(head.url, version, JSON.stringify([IMPORTER, engine.layout, 'RF2', sha256, version])),
      head,
      layout: engine.layout,
      importer: IMPORTER,
      source: { file: basename(path), format: `RF2 ${files.type}`, bytes, sha256 },
      countConcepts: engine.countConcepts,
      build: async (target) => {
        const spools = { texts: target.spool('texts'), members: target.spool('members') }
        const writer = engine.createWriter({ head, isFull: files.type === 'Full', spools })
        report.counts = await readRelease(files, writer, progress.read)
        report.findings = checked(writer.check())
        const { concepts, bytes: size } = writer.finish(target.index, progress.written)
        const counts: SourceCounts = { read: concepts, concepts, duplicates: 0, lost: 0, unknownParents: 0 }
        return { counts, problems: problemsOf(report.findings), bytes: size }
      },
    })
    return { made, report }
  } finally {
    await source.close()
  }
}

/**
 * Reads a release and says what is there, and stores nothing.
 * @throws FhirError as {@link importRelease}
 */
export async function tryRelease(path: string, options: Omit<ReleaseOptions, 'folder'>): Promise<ReleaseReport> {
  const source = await openVocabulary(path)
  try {
    const files = releaseFiles(basename(path), source.files)
    const version = await releaseVersion(basename(path), files, options.version)
    const { engine } = options
    const nowhere: Spool = { append: () => {}, read: () => new Uint8Array(0) }
    const spools = { texts: nowhere, members: nowhere }
    const writer = engine.createWriter({ head: engine.head(version), isFull: files.type === 'Full', spools })
    const counts = await readRelease(files, writer, options.onProgress)
    return { version, files, counts, findings: checked(writer.check()) }
  } finally {
    await source.close()
  }
}

/** @throws FhirError 422 with every error that was found */
function checked(findings: Finding[]): Finding[] {
  const errors = findings.filter(({ severity }) => severity === 'error')
  if (errors.length > 0)
    throw new FhirError(
      422,
      errors.map(({ text }) => issue('structure', text)),
    )
  return findings
}

function problemsOf(findings: Finding[]) {
  const problems = collectProblems()
  for (const { severity, text } of findings) if (severity === 'warning') problems.add({ line: 0, text })
  return problems
}

/** Hash of all files, whatever folder or archive they lie in. */
async function hashFiles({ files }: ReleaseFiles, hashed: (bytes: number) => void) {
  const all = createHash('sha256')
  let bytes = 0
  for (const file of files) {
    const hash = createHash('sha256')
    let size = 0
    for await (const chunk of file.chunks()) {
      hash.update(chunk)
      size += chunk.length
      hashed(chunk.length)
    }
    if (size !== file.size) throw unprocessable(`${file.path} has ${size} bytes instead of ${file.size}`, 'structure')
    all.update(`${basename(file.path)} ${size} ${hash.digest('hex')}\n`)
    bytes += size
  }
  return { sha256: all.digest('hex'), bytes }
}

/** Hashing, reading and writing as one bar: shares as they were measured. */
function progressOf({ files }: ReleaseFiles, show: ReleaseOptions['onProgress']) {
  const total = files.reduce((sum, { size }) => sum + size, 0)
  const shares = { hashed: total * 0.1, read: total * 0.5 }
  let hashed = 0
  return {
    hashed: (bytes: number) => {
      hashed += bytes
      show(Math.round((hashed / Math.max(1, total)) * shares.hashed), total)
    },
    read: (done: number, of: number) => show(Math.round(shares.hashed + (done / Math.max(1, of)) * shares.read), total),
    written: (_concepts: number) => show(Math.round(shares.hashed + shares.read), total),
  }
}
