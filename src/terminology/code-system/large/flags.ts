/** What is known of a concept without reading its details: a byte each. */
import type { CodeSystemConcept } from '../../../fhir/types.ts'
import type { Sections } from './layout.ts'
import { stringsOf } from './string-table.ts'

/** Bits of a concept. */
export const FLAG = {
  inactive: 1,
  abstract: 2,
  /** It has parents beside the one of the tree. */
  extraParents: 4,
  /** It has extensions, so that its details are to be read for them. */
  extensions: 8,
} as const

/** The bit that tells of extensions. */
export const extensionFlag = (concept: CodeSystemConcept): number =>
  concept.extension && concept.extension.length > 0 ? FLAG.extensions : 0

/**
 * The flags of a file. Those of the first layout are completed: wherever the word stands in the details of a concept, it is taken to
 * have extensions, and its details say what they are.
 * @throws Error when the file is damaged
 */
export function flagsOf(sections: Sections): Uint8Array {
  const { concepts } = sections.header
  const flags = sections.bytes('flags')
  if (flags.length !== concepts) throw new Error(`the section flags has ${flags.length} bytes`)
  return sections.layout === 1 ? completed(flags, sections) : flags
}

const WORD = '"extension":'

function completed(given: Uint8Array, sections: Sections): Uint8Array {
  const flags = given.slice()
  const { block, offsets } = stringsOf(sections, 'details', sections.header.concepts)
  let ordinal = 0
  for (let at = block.indexOf(WORD); at >= 0; at = block.indexOf(WORD, offsets[ordinal + 1] ?? at + 1)) {
    while (ordinal < flags.length && (offsets[ordinal + 1] ?? 0) <= at) ordinal++
    if (ordinal >= flags.length) break
    flags[ordinal] = (flags[ordinal] ?? 0) | FLAG.extensions
  }
  return flags
}
