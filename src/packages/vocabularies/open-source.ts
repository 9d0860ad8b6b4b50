/** Files of a folder or archive that a vocabulary is read from. */
import { closeSync, openSync, readSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { unprocessable } from '../../fhir/error.ts'
import { openZip } from './zip/unpack.ts'

/** A file of a source, not read yet. */
export interface SourceFile {
  /** Path within folder or archive, with `/`. */
  path: string
  /** Bytes, unpacked. */
  size: number
  /** Its bytes in chunks, each good until the next one. @throws FhirError 422 when the archive is damaged */
  chunks(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** A folder or archive that is open. */
export interface VocabularySource {
  files: SourceFile[]
  close(): Promise<void>
}

/** Files of a folder at most: releases have some hundreds. */
const mostFiles = 20_000

/**
 * Opens a folder, a .zip archive, or a file by itself.
 * @throws FhirError 422 when it holds too much, or is an archive that cannot be read
 */
export async function openVocabulary(path: string): Promise<VocabularySource> {
  const found = await stat(path)
  if (found.isFile() && /\.zip$/i.test(path)) return { files: sorted(openZip(path)), close: async () => {} }
  if (!found.isDirectory()) return { files: [fileAt(path, basename(path), found.size)], close: async () => {} }
  const entries = (await readdir(path, { recursive: true, withFileTypes: true })).filter((each) => each.isFile())
  if (entries.length > mostFiles)
    throw unprocessable(`${basename(path)} has ${entries.length} files: it is no folder of one release`, 'too-costly')
  const files = await Promise.all(
    entries.map(async (each) => {
      const at = join(each.parentPath, each.name)
      return fileAt(at, relative(path, at).split(sep).join('/'), (await stat(at)).size)
    }),
  )
  return { files: sorted(files), close: async () => {} }
}

const sorted = (files: SourceFile[]): SourceFile[] => files.sort((a, b) => (a.path < b.path ? -1 : 1))

const fileAt = (at: string, path: string, size: number): SourceFile => ({ path, size, chunks: () => chunksOf(at) })

/** Bytes of a chunk: texts of that size are young and go at once. */
const chunkBytes = 1 << 16

/** A file in chunks that share their memory: a release has gigabytes. */
function* chunksOf(path: string): Generator<Uint8Array> {
  const file = openSync(path, 'r')
  const chunk = Buffer.allocUnsafeSlow(chunkBytes)
  try {
    for (;;) {
      const length = readSync(file, chunk, 0, chunkBytes, null)
      if (length === 0) return
      yield chunk.subarray(0, length)
    }
  } finally {
    closeSync(file)
  }
}
