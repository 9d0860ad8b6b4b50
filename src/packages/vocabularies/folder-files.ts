/** The files of a release that was unpacked into a folder. */
import { readdirSync, statSync } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'
import { unprocessable } from '../../fhir/error.ts'
import { fileChunks, hashFile } from '../large-code-system/file-bytes.ts'
import type { ReleaseFiles } from './source.ts'

/** Most files below a folder: a release has some dozens; whoever names another folder by mistake is told so at once. */
const MOST_FILES = 20_000

/**
 * All files below a folder; links are not followed.
 * @throws FhirError 422 when it is no folder, or one with more files than any release has
 */
export function folderFiles(path: string): ReleaseFiles {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw unprocessable(`${basename(path)} is no folder that can be read`, 'not-found')
  const sizes = new Map<string, number>()
  const open = [path]
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const full = join(folder, entry.name)
      if (entry.isDirectory()) open.push(full)
      else if (entry.isFile()) sizes.set(relative(path, full).split(sep).join('/'), statSync(full).size)
    }
    if (sizes.size > MOST_FILES || open.length > MOST_FILES)
      throw unprocessable(`${basename(path)} has more files than a release of a vocabulary`, 'too-costly')
  }
  const full = (name: string) => {
    if (!sizes.has(name)) throw new Error(`${name} is no file of ${path}`)
    return join(path, ...name.split('/'))
  }
  return {
    path,
    names: [...sizes.keys()].sort(),
    bytes: (name) => sizes.get(name) ?? 0,
    chunks: (name) => fileChunks(full(name)),
    sha256: (name) => hashFile(full(name)).sha256,
  }
}
