/**
 * Makes an index in a folder of its own, which gets its name when everything is on disk: an import that was interrupted leaves nothing that
 * counts, and is simply repeated; one that was complete is not done again.
 */
import { createHash, randomUUID } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isMissing } from '../../base/system-error.ts'
import { formatCanonical } from '../../fhir/canonical.ts'
import type { CodeSystem } from '../../fhir/types.ts'
import { removeLeftBehind } from '../../files/left-behind.ts'
import {
  checkIndex,
  FILES,
  INDEX_EXTENSION,
  type IndexBytes,
  type IndexManifest,
  readIndexFolder,
  type SourceCounts,
  syncToDisk,
} from './code-system-index.ts'
import { hashFile, spoolFile, writeAll } from './file-bytes.ts'
import type { ProblemList } from './problems.ts'

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

/** What an index is written with. */
export interface IndexFiles {
  index: { write(position: number, bytes: Uint8Array): void }
  /** A file for what must wait; it goes when the index is made. */
  spool(name: string): ReturnType<typeof spoolFile>
}

/** An index to be made. */
export interface IndexPlan {
  /** As {@link indexNameFor} gives it: the same for the same source that is read in the same way. */
  name: string
  /** The CodeSystem without concepts. */
  head: CodeSystem
  layout: number
  importer: number
  source: IndexManifest['source']
  /** Opens a finished index; answers how many concepts it has. Throws when it is damaged. */
  countConcepts(head: CodeSystem, index: IndexBytes): number
  /** Writes it. What it throws leaves nothing behind. */
  build(files: IndexFiles): Promise<{ counts: SourceCounts; problems: ProblemList; bytes: number }>
}

/** Folders that this process is filling: in containers every process has the same number. */
const inWork = new Set<string>()

/** Makes an index, unless it is there. */
export async function makeIndex(folder: string, plan: IndexPlan): Promise<LargeImport> {
  const { name, head, source, layout, importer } = plan
  await mkdir(folder, { recursive: true })
  await removeLeftovers(folder)
  const present = await presentIndex(folder, name)
  if (present) return outcomeOf(head, name, { ...present, unchanged: true })
  // Several imports of one source may go on at a time: whoever is first gives the name.
  const working = join(folder, `.importing-${process.pid}-${randomUUID()}`)
  await mkdir(working)
  inWork.add(basename(working))
  try {
    const { counts, problems, bytes } = await build(working, plan)
    const sha256 = hashFile(join(working, FILES.index)).sha256
    const manifest: IndexManifest = {
      importer,
      layout,
      canonical: formatCanonical(head.url, head.version),
      source,
      counts,
      problems: { count: problems.count, first: problems.first },
      index: { bytes, sha256 },
    }
    const other = await activate(working, manifest, { ...plan, folder })
    return outcomeOf(head, name, { ...(other ?? manifest), unchanged: other !== undefined })
  } finally {
    inWork.delete(basename(working))
    await rm(working, { recursive: true, force: true })
  }
}

async function build(working: string, plan: IndexPlan) {
  const index = openSync(join(working, FILES.index), 'wx')
  const spools: { path: string; close(): void }[] = []
  try {
    return await plan.build({
      index: { write: (position, bytes) => writeAll(index, bytes, position) },
      spool: (name) => {
        const path = join(working, `spool-${name}`)
        const spool = spoolFile(path)
        spools.push({ path, close: spool.close })
        return spool
      },
    })
  } finally {
    closeSync(index)
    for (const { path, close } of spools) {
      close()
      await rm(path, { force: true })
    }
  }
}

/** The index of a name, where it is whole; what cannot be read makes way. */
async function presentIndex(folder: string, name: string): Promise<IndexManifest | undefined> {
  const present = await checkIndex(folder, name).catch(() => undefined)
  if (present || !(await stat(join(folder, name)).catch(() => undefined))) return present
  // Moved, and looked at once more: another process may have put a whole one there meanwhile.
  const aside = join(folder, `.importing-${process.pid}-${randomUUID()}`)
  inWork.add(basename(aside))
  try {
    await rename(join(folder, name), aside)
    const found = await readIndexFolder(aside).catch(() => undefined)
    if (!found) return undefined
    found.index.close()
    await rename(aside, join(folder, name))
    return found.manifest
  } catch (error) {
    // Another process has moved it.
    if (isMissing(error)) return presentIndex(folder, name)
    throw error
  } finally {
    inWork.delete(basename(aside))
    await rm(aside, { recursive: true, force: true })
  }
}

/**
 * Everything on disk, read once more, then the name: from then on it counts.
 * @returns the manifest of another process that was faster, whose index stays
 */
async function activate(
  working: string,
  manifest: IndexManifest,
  { folder, name, countConcepts, head }: IndexPlan & { folder: string },
): Promise<IndexManifest | undefined> {
  await writeFile(join(working, FILES.manifest), `${JSON.stringify(manifest, null, 2)}\n`)
  for (const file of Object.values(FILES)) await syncToDisk(join(working, file))
  const { index } = await readIndexFolder(working)
  const counted = countConcepts(head, index)
  index.close()
  const { concepts, duplicates, lost, read } = manifest.counts
  if (counted !== concepts || concepts + duplicates + lost !== read) {
    throw new Error(`the index has ${counted} concepts; ${concepts} were written of ${read} read`)
  }
  await syncToDisk(working)
  try {
    await rename(working, join(folder, name))
  } catch (error) {
    const other = await checkIndex(folder, name).catch(() => undefined)
    if (!other) throw error
    return other
  }
  await syncToDisk(folder)
  return undefined
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

/** Name of the index of a code system; `made` tells all that it is made of. */
export function indexNameFor(url: string | undefined, version: string | undefined, made: string): string {
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

/** Removes what imports of processes that are no more have left in a folder of indexes. */
export const removeLeftovers = (folder: string): Promise<void> =>
  removeLeftBehind(folder, {
    pidOf: (name) => {
      const pid = /^\.importing-(\d+)-/.exec(name)?.[1]
      return pid === undefined ? undefined : Number(pid)
    },
    isInWork: (name) => inWork.has(name),
  })
