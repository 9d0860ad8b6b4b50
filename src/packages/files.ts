/** Files to import, wherever they lie: archives, folders, single files. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { errorText } from '../base/system-error.ts'
import { FhirError, issue, notFound } from '../fhir/error.ts'
import { type ArchiveFile, type ArchiveLimits, defaultArchiveLimits, firstBytes, isGzip, readArchive } from './tar.ts'

/** Where a package comes from: a `.tgz`, a folder or a single file on disk, or bytes with their file name. */
export type PackageSource = { path: string } | { bytes: Uint8Array; name: string }

/** The files of a source, names relative to it with `/`, sorted. */
export interface SourceFiles {
  /** File or folder name of the source. */
  name: string
  kind: 'archive' | 'folder' | 'file'
  files: ArchiveFile[]
}

/** Whether a file name is that of an archive. */
export const isArchive = (name: string): boolean => /\.(tgz|tar\.gz|tar)$/i.test(name)

/**
 * Reads all files of a source.
 * @throws FhirError 404 when there is nothing, 413 beyond the limits, 422 when an archive is damaged.
 */
export async function readSource(
  source: PackageSource,
  limits: ArchiveLimits = defaultArchiveLimits,
): Promise<SourceFiles> {
  if ('bytes' in source) return fromBytes(source.bytes, basename(source.name), limits)
  const name = basename(source.path)
  const found = await stat(source.path).catch((error: unknown) => {
    throw notFound(errorText(error))
  })
  if (!found.isDirectory()) {
    if (found.size > limits.totalBytes) throw tooBig(source.path)
    const isPacked = isGzip(await firstBytes(source.path))
    if (isPacked || isArchive(name)) return fromArchive(source, name, limits)
    if (found.size > limits.fileBytes) throw tooBig(source.path)
    return { name, kind: 'file', files: [{ name, bytes: await readFile(source.path) }] }
  }
  return { name, kind: 'folder', files: await readFolder(source.path, limits) }
}

async function fromBytes(bytes: Uint8Array, name: string, limits: ArchiveLimits): Promise<SourceFiles> {
  return isGzip(bytes) || isArchive(name)
    ? fromArchive(bytes, name, limits)
    : { name, kind: 'file', files: [{ name, bytes }] }
}

async function fromArchive(
  source: Uint8Array | { path: string },
  name: string,
  limits: ArchiveLimits,
): Promise<SourceFiles> {
  const files = await readArchive(source, limits)
  return { name, kind: 'archive', files: files.sort((a, b) => (a.name < b.name ? -1 : 1)) }
}

async function readFolder(path: string, limits: ArchiveLimits): Promise<ArchiveFile[]> {
  const found = await readdir(path, { recursive: true, withFileTypes: true })
  const names = found.filter((each) => each.isFile()).map((each) => relative(path, join(each.parentPath, each.name)))
  if (names.length > limits.files) throw tooBig(path)
  const files: ArchiveFile[] = []
  let total = 0
  for (const name of names.sort()) {
    // Before it is read: one file may be larger than all that may be in memory.
    const { size } = await stat(join(path, name))
    if (size > limits.fileBytes || total + size > limits.totalBytes) throw tooBig(join(path, name))
    const bytes = await readFile(join(path, name))
    total += bytes.length
    files.push({ name: name.split(sep).join('/'), bytes })
  }
  return files
}

function tooBig(path: string): FhirError {
  return new FhirError(413, issue('too-long', `${path} is bigger than an import may be.`))
}
