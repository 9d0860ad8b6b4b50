/** The source files that decide what a loaded store looks like, and a hash over them. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../..', import.meta.url))
/** What loads, and what stores. */
const entries = ['publish/base-content/load.ts', 'storage/sqlite/sqlite.ts'].map((name) => join(folder, name))

/** Imports of files of this software, whatever their form: also those of types and those that wait. */
const imports = /(?:\bfrom|\bimport)\s*\(?\s*'(\.{1,2}\/[^']+)'/g

/**
 * SHA-256 over every file that the loading of the base content runs through, found by their imports: with another reader, index or
 * schema the same packages make another store.
 */
export function sourceHash(from: readonly string[] = entries): string {
  const files = new Map<string, string>()
  const waiting = [...from]
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue
    const text = readFileSync(file, 'utf8')
    files.set(file, text)
    if (file.endsWith('.ts'))
      for (const [, path = ''] of text.matchAll(imports)) waiting.push(join(dirname(file), path))
  }
  const hash = createHash('sha256')
  // A name and a text are told apart by their lengths.
  for (const [file, text] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(JSON.stringify([relative(folder, file).replaceAll('\\', '/'), text]))
  return hash.digest('hex')
}
