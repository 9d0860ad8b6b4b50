import type { CodeSystem } from '../../fhir/types.ts'
import type { CodeSystemProvider } from '../code-system/code-system.ts'
import { type OpenIndex, openIndex } from '../code-system/large/large-code-system.ts'
import { readSections, type Sections } from '../code-system/large/layout.ts'
import type { IndexSource } from '../code-system/large/paged-bytes.ts'
import { icdProvider } from './icd-11/provider.ts'
import { loincProvider } from './loinc/provider.ts'

/** What makes a provider of an index, by its kind. */
const PROVIDERS: Readonly<Record<string, (index: OpenIndex, sections: Sections) => CodeSystemProvider>> = {
  loinc: loincProvider,
  'icd-11': icdProvider,
}

/**
 * The code system of an index file: a vocabulary with a provider of its own where the file is of its kind, else the plain one.
 * @throws Error saying what is wrong when the file is cut, damaged, of another layout or of a kind that nobody here knows
 */
export function openVocabulary(resource: CodeSystem, file: IndexSource): CodeSystemProvider {
  const sections = readSections(file)
  const { kind } = sections.header
  const index = openIndex(resource, sections)
  if (kind === undefined) return index.provider
  const make = Object.hasOwn(PROVIDERS, kind) ? PROVIDERS[kind] : undefined
  if (!make) throw new Error(`the index file is of the kind ${kind}, which this version does not know`)
  const provider = make(index, sections)
  return { ...provider, head: { ...provider.head, isRelease: true } }
}
