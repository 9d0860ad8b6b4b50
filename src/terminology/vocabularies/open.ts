/** Opens index files of every kind: plain code systems, and those of which more is known than their concepts. */
import { keep } from '../../base/keep.ts'
import type { CodeSystem } from '../../fhir/types.ts'
import type { CodeSystemProvider } from '../code-system/code-system.ts'
import { openIndex } from '../code-system/large/large-code-system.ts'
import { readSections, type Sections } from '../code-system/large/layout.ts'
import type { IndexSource } from '../code-system/large/paged-bytes.ts'
import { listMemory } from '../code-system/list-memory.ts'
import { icdProvider } from './icd-11/provider.ts'
import { loincProvider } from './loinc/provider.ts'
import { languagesIn } from './release-builder.ts'
import { compiledSnomed } from './snomed/compiled-content.ts'
import { checkEcl, mostRemarks } from './snomed/ecl/check-ecl.ts'
import { type EclSet, eclSet } from './snomed/ecl/ecl.ts'
import type { SubjectMeets } from './snomed/expression/expression-filters.ts'
import { withExpressions } from './snomed/expression/with-expressions.ts'
import { SNOMED_KIND } from './snomed/names.ts'
import { snomedProvider } from './snomed/provider/provider.ts'

/** Opens the files of a kind. */
type OpenKind = (resource: CodeSystem, sections: Sections) => CodeSystemProvider

const KINDS: Readonly<Record<string, OpenKind>> = {
  [SNOMED_KIND]: openSnomed,
  loinc: (resource, sections) => declaring(resource, sections, loincProvider(openIndex(resource, sections))),
  'icd-11': (resource, sections) => declaring(resource, sections, icdProvider(openIndex(resource, sections))),
}

/**
 * The code system of an index file, with what its kind adds.
 * @throws Error saying what is wrong when the file is damaged, of another layout, or of a kind that is not known
 */
export function openCodeSystem(resource: CodeSystem, file: IndexSource): CodeSystemProvider {
  const sections = readSections(file)
  const { kind } = sections.header
  if (kind === undefined) return openIndex(resource, sections).provider
  const open = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined
  if (!open) throw new Error(`the index file is of the kind ${kind}, which this version of the software does not know`)
  return asRelease(open(resource, sections))
}

/** SNOMED CT with expression constraints, and expressions as codes. */
function openSnomed(resource: CodeSystem, sections: Sections): CodeSystemProvider {
  const { content, display } = compiledSnomed(resource, sections)
  const concepts = snomedProvider(resource, content, display)
  // A value set asks of every expression that it lists: the constraint is read once.
  const asked = keep<string, EclSet>(1)
  const meets: SubjectMeets = (constraint, subject, use) =>
    asked.of(constraint, () => eclSet(content, constraint))[use](subject)
  listMemory.whenFull(meets, () => asked.clear())
  const provider = withExpressions(concepts, content, meets)
  return { ...provider, checkConstraint: (text) => checkEcl(text, content, mostRemarks) }
}

/** Filters, and the language of the resource before those of further texts, for TerminologyCapabilities. */
function declaring(
  { filter = [], language }: CodeSystem,
  { header: { own } }: Sections,
  provider: CodeSystemProvider,
): CodeSystemProvider {
  const filters = filter.map(({ code, operator }) => ({ code, op: operator }))
  const languages = [...new Set([...(language === undefined ? [] : [language]), ...languagesIn(own)])]
  const declared = { filters, languages }
  return { ...provider, head: { ...provider.head, declared } }
}

/** What is imported as a release is whole, though its resource says that its concepts are not present. */
function asRelease(provider: CodeSystemProvider): CodeSystemProvider {
  return { ...provider, head: { ...provider.head, content: 'complete', isRelease: true } }
}
