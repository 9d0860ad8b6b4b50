/** FHIR packages, folders and single files: what is in them, entry by entry. Nothing is stored here. */
import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { unprocessable } from '../fhir/error.ts'
import type { Issue } from '../fhir/types.ts'
import { isArchive, type PackageSource, readSource, type SourceFiles } from './files.ts'
import { type Manifest, readManifest } from './manifest.ts'
import { type EntryContent, type EntryReaders, readEntry } from './read-entry.ts'
import type { ArchiveFile, ArchiveLimits } from './tar.ts'

/** One package (`.tgz`), folder or file that is open. */
export interface OpenPackage {
  /** Package name, or name of the folder or file. */
  name: string
  manifest: Manifest | undefined
  /** Why the manifest cannot be read. */
  fault: Issue | undefined
  files: ArchiveFile[]
}

/** One file of it, and what it came to. */
export interface PackageEntry {
  file: ArchiveFile
  content: EntryContent
}

/** Files read between two pauses in which other requests are served. */
const filesPerTurn = 25

/** To be raised when the same files would be read in another way: stamps of folders then count no more. */
const readerVersion = 2

/**
 * Opens a package, folder or file.
 * @throws FhirError 404 when there is no such file, 413 when it is too big, 422 when the archive is damaged or empty
 */
export async function openPackage(source: PackageSource, limits?: ArchiveLimits): Promise<OpenPackage> {
  return packageOf(await readSource(source, limits))
}

/** A folder as it lies: packages inside (`.tgz`), and all other files together, which are left out when there are none. */
export interface OpenFolder {
  name: string
  archives: ArchiveFile[]
  rest: OpenPackage | undefined
  /** Changes whenever anything of it does. */
  stamp: string
}

/** Opens a folder. @throws FhirError as {@link openPackage} */
export async function openFolder(path: string, limits?: ArchiveLimits): Promise<OpenFolder> {
  const source = await readSource({ path }, limits)
  const archives = source.files.filter((each) => isArchive(each.name))
  const files = source.files.filter((each) => !isArchive(each.name))
  const rest = files.length > 0 || archives.length === 0 ? packageOf({ ...source, files }) : undefined
  return { name: source.name, archives, rest, stamp: stampOf(source.files) }
}

function packageOf(source: SourceFiles): OpenPackage {
  if (source.kind === 'archive' && source.files.length === 0) throw unprocessable('The package is empty.', 'structure')
  const { manifest, fault } = readManifest(source.files)
  return { name: manifest?.name ?? source.name, manifest, fault, files: source.files }
}

function stampOf(files: ArchiveFile[]): string {
  const hash = createHash('sha256').update(String(readerVersion))
  for (const { name, bytes } of files) hash.update(`${name}\n${bytes.length}\n`).update(bytes)
  return hash.digest('hex')
}

/** Reads the files of a package one after the other; other work has its turn now and then. */
export async function* packageEntries(
  { manifest, files }: OpenPackage,
  readers: EntryReaders,
): AsyncGenerator<PackageEntry> {
  const form = { isPackage: manifest !== undefined, isR5: /^[56]/.test(manifest?.fhirVersion ?? '') }
  for (const [done, file] of files.entries()) {
    if (done % filesPerTurn === 0) await nextTurn()
    yield { file, content: readEntry(file, form, readers) }
  }
}
