/** The files of a release wherever it lies: a folder as it is, a single file by itself, an archive unpacked beside the work. */
import { createWriteStream, statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { unprocessable } from '../../fhir/error.ts'
import { removeLeftWork, workFolder } from '../../files/work-folder.ts'
import { fileChunks, hashFile } from '../large-code-system/file-bytes.ts'
import { folderFiles } from './folder-files.ts'
import { openVocabulary } from './open-source.ts'
import type { ReleaseFiles } from './source.ts'

/** Files of a release that can be read, until they are closed. */
export interface StagedFiles {
  files: ReleaseFiles
  close(): Promise<void>
}

/** Most bytes of an archive, unpacked: a release with all its languages has some two thousand million. */
const MOST_BYTES = 8_000_000_000

/** Files that tables are read from; anything else in an archive stays there. */
const TABLES = /\.(?:csv|txt|tsv|json|xlsx)$/i

/**
 * Opens a release.
 * @throws FhirError 422 when it is not there, holds too much, or is an archive that cannot be read
 */
export async function stagedFiles(path: string): Promise<StagedFiles> {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) throw unprocessable(`${basename(path)} is not there`, 'not-found')
  if (found.isDirectory()) return { files: folderFiles(path), close: async () => {} }
  return /\.zip$/i.test(path) ? unpacked(path) : { files: singleFile(path, found.size), close: async () => {} }
}

function singleFile(path: string, size: number): ReleaseFiles {
  return {
    path,
    names: [basename(path)],
    bytes: () => size,
    chunks: () => fileChunks(path),
    sha256: () => hashFile(path).sha256,
  }
}

async function unpacked(path: string): Promise<StagedFiles> {
  await removeLeftWork()
  const { path: folder, close } = workFolder()
  try {
    const archive = await openVocabulary(path)
    try {
      const tables = archive.files.filter((each) => TABLES.test(each.path))
      const total = tables.reduce((sum, { size }) => sum + size, 0)
      if (total > MOST_BYTES)
        throw unprocessable(`${basename(path)} unpacks to ${total} bytes: it is no release`, 'too-costly')
      for (const each of tables) {
        const to = join(folder, ...partsOf(each.path, path))
        await mkdir(dirname(to), { recursive: true })
        await pipeline(Readable.from(each.chunks()), createWriteStream(to, { flags: 'wx' }))
      }
    } finally {
      await archive.close()
    }
    return { files: { ...folderFiles(folder), path }, close: async () => close() }
  } catch (error) {
    close()
    throw error
  }
}

/** The parts of a name within an archive; one that leads out of the folder is refused, whoever opened the archive. */
function partsOf(name: string, archive: string): string[] {
  const parts = name.split('/')
  if (parts.some((each) => each === '' || each === '.' || each === '..' || /[\\:\0]/.test(each)))
    throw unprocessable(`${basename(archive)} holds a file with the name '${name.slice(0, 100)}'`, 'security')
  return parts
}
