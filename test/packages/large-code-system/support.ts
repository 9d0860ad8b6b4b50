import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { type IndexEngine, importCodeSystem } from '../../../src/packages/large-code-system/import-code-system.ts'
import { openSource, type SourceOptions } from '../../../src/packages/large-code-system/sources.ts'
import { headOf } from '../../../src/terminology/code-system/concept-index.ts'
import { createIndexBuilder } from '../../../src/terminology/code-system/large/index-builder.ts'
import { largeCodeSystem } from '../../../src/terminology/code-system/large/large-code-system.ts'
import { LAYOUT_VERSION } from '../../../src/terminology/code-system/large/layout.ts'

/** The engine's builder, as the command line wires it. */
export const engine: IndexEngine = {
  layout: LAYOUT_VERSION,
  createBuilder: (head, spool) => createIndexBuilder(headOf(head), spool),
  countConcepts: (head, index) => largeCodeSystem(head, index).all.size(),
}

/** A folder that goes when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-large-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Bytes in chunks of the given sizes, again and again. */
export function* chunksOf(bytes: Uint8Array, sizes: number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % Math.max(1, sizes.length)] ?? bytes.length)
    yield Buffer.from(bytes.subarray(at, at + size))
    at += size
  }
}

/** Writes a file and imports it, whatever its size. */
export async function importText(
  place: { folder: string; file: string },
  content: string | Uint8Array,
  options: SourceOptions = {},
) {
  const path = join(place.folder, place.file)
  writeFileSync(path, content)
  const source = openSource(path, options, { bytes: 0, concepts: 0 })
  if (!source) throw new Error(`${place.file} is no source`)
  return importCodeSystem(source, { folder: join(place.folder, 'code-systems'), engine })
}
