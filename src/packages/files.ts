/** Files to import, wherever they lie: archives, folders, single files. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { errorText } from '../base/system-error.ts'
import { FhirError, issue, notFound } from '../fhir/error.ts'
import { type ArchiveFile, type ArchiveLimits, defaultArchiveLimits, readArchive } from './tar.ts'

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
    return fromBytes(await readFile(source.path), name, limits)
  }
  return { name, kind: 'folder', files: await readFolder(source.path, limits) }
}

async function fromBytes(bytes: Uint8Array, name: string, limits: ArchiveLimits): Promise<SourceFiles> {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  if (!isGzip && !isArchive(name)) return { name, kind: 'file', files: [{ name, bytes }] }
  const files = await readArchive(bytes, limits)
  return { name, kind: 'archive', files: files.sort((a, b) => (a.name < b.name ? -1 : 1)) }
}

async function readFolder(path: string, limits: ArchiveLimits): Promise<ArchiveFile[]> {
  const found = await readdir(path, { recursive: true, withFileTypes: true })
  const names = found.filter((each) => each.isFile()).map((each) => relative(path, join(each.parentPath, each.name)))
  if (names.length > limits.files) throw tooBig(path)
  const files: ArchiveFile[] = []
  let total = 0
  for (const name of names.sort()) {
    const bytes = await readFile(join(path, name))
    total += bytes.length
    if (total > limits.totalBytes) throw tooBig(path)
    files.push({ name: name.split(sep).join('/'), bytes })
  }
  return files
}

function tooBig(path: string): FhirError {
  return new FhirError(413, issue('too-long', `${path} is bigger than an import may be.`))
}
