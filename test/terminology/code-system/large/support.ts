import type { CodeSystem, CodeSystemConcept } from '../../../../src/fhir/types.ts'
import type { CodeSystemProvider } from '../../../../src/terminology/code-system/code-system.ts'
import { type ConceptRow, headOf } from '../../../../src/terminology/code-system/concept-index.ts'
import {
  createIndexBuilder,
  type IndexCounts,
  type Spool,
} from '../../../../src/terminology/code-system/large/index-builder.ts'
import { largeCodeSystem } from '../../../../src/terminology/code-system/large/large-code-system.ts'
import type { IndexFile } from '../../../../src/terminology/code-system/large/layout.ts'

/** A spool in memory. */
export function memorySpool(): Spool {
  const pieces: Buffer[] = []
  let whole: Buffer | undefined
  return {
    append: (bytes) => {
      pieces.push(Buffer.from(bytes))
    },
    read: (offset, length) => {
      whole ??= Buffer.concat(pieces)
      return whole.subarray(offset, offset + length)
    },
  }
}

/** An index file in memory. */
export function memoryFile(): IndexFile & { bytes(): Uint8Array } {
  let buffer = Buffer.alloc(1 << 12)
  let size = 0
  return {
    write: (position, bytes) => {
      const end = position + bytes.length
      if (end > buffer.length) buffer = Buffer.concat([buffer, Buffer.alloc(end * 2)])
      buffer.set(bytes, position)
      size = Math.max(size, end)
    },
    bytes: () => new Uint8Array(buffer.subarray(0, size)),
  }
}

/** Concepts of a resource as importers give them to a builder, parents before children. */
export function* rowsOf(concepts: CodeSystemConcept[] = [], parents: string[] = []): Generator<ConceptRow> {
  for (const concept of concepts) {
    yield { code: concept.code, display: concept.display, parents, concept }
    yield* rowsOf(concept.concept, [concept.code])
  }
}

/** The index file of a resource. */
export function indexFileOf(
  resource: CodeSystem,
  rows = rowsOf(resource.concept),
): { bytes: Uint8Array; counts: IndexCounts } {
  const builder = createIndexBuilder(headOf(resource), memorySpool())
  for (const row of rows) builder.add(row)
  const file = memoryFile()
  const counts = builder.finish(file)
  return { bytes: file.bytes(), counts }
}

/** The provider over the index file of a resource. */
export function largeOf(resource: CodeSystem): CodeSystemProvider {
  const { concept, ...head } = resource
  return largeCodeSystem(head, indexFileOf(resource).bytes)
}
