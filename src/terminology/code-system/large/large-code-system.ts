import type { CodeSystem, CodeSystemConcept, Extension } from '../../../fhir/types.ts'
import type { CodeSystemHead, CodeSystemProvider, Ref } from '../code-system.ts'
import { headOf, propertiesOf } from '../concept-index.ts'
import type { Postings } from '../postings.ts'
import { asOrdinal, rangeSelection } from '../selection.ts'
import { searchPostings } from '../text-index.ts'
import { find, hashOf } from './code-table.ts'
import { FLAG, flagsOf } from './flags.ts'
import { readSections, type Sections } from './layout.ts'
import type { IndexSource } from './paged-bytes.ts'
import { type LargeRelations, largeRelations } from './relations.ts'
import { type StringTable, stringTable, textTable } from './string-table.ts'
import { indexedFilter } from './value-filter.ts'

/**
 * A code system over an index file: codes, numbers and words are in memory, texts are read by position, nothing is decoded before it is
 * asked for, and the answers are those of {@link indexCodeSystem} over the same concepts. `resource` is the CodeSystem without its
 * concepts.
 * @throws Error saying what is wrong when the file is cut, damaged, of another layout or of a kind that means more than that
 */
export function largeCodeSystem(resource: CodeSystem, file: IndexSource): CodeSystemProvider {
  const sections = readSections(file)
  const { kind } = sections.header
  if (kind !== undefined) throw new Error(`the index file is of the kind ${kind}`)
  return openIndex(resource, sections).provider
}

/** An index file that is open, for what is built upon it. */
export interface OpenIndex {
  provider: CodeSystemProvider
  relations: LargeRelations
  /** Words of codes, displays and whatever else concepts are found by. */
  texts: Postings
  /** Values of a property as filters compare them; undefined when they are not indexed. */
  valuesOf(property: string): Postings | undefined
  /** What a concept has beside code and display, as its source gave it. */
  concept(ref: Ref): Partial<CodeSystemConcept>
}

/** {@link largeCodeSystem} over the sections of a file of any kind. */
export function openIndex(resource: CodeSystem, sections: Sections): OpenIndex {
  const { header } = sections
  const count = header.concepts
  const head: CodeSystemHead = { ...headOf(resource), caseSensitive: header.caseSensitive }
  const codes = stringTable(sections, 'codes', count)
  const displays = textTable(sections, 'displays', count)
  const detail = detailReader(textTable(sections, 'details', count))
  const flags = flagsOf(sections)
  const statuses = sections.numbers('status', header.statuses.length > 0 ? count : 0)
  const relations = largeRelations(sections, flags)
  const texts = postingsOf(sections, 'text')
  const locate = locator(sections, codes)
  const used = new Set([...head.properties.keys(), ...header.used])
  const valuesOf = valueIndex(sections, used)
  const hasProperty = (code: string) => used.has(code)
  const flag = (ref: Ref, bit: number) => ((flags[asOrdinal(ref)] ?? 0) & bit) !== 0
  const provider: CodeSystemProvider = {
    head,
    all: rangeSelection(0, count),
    hierarchical: header.hierarchical,
    hasInactive: header.hasInactive,
    locate,
    approach: (refs) => {
      const ordinals = refs.map(asOrdinal)
      let seen = codes.glance(ordinals) ^ displays.glance(ordinals)
      for (const each of ordinals) seen ^= flags[each] ?? 0
      return seen
    },
    code: (ref) => codes.at(asOrdinal(ref)),
    display: (ref) => displays.at(asOrdinal(ref)) || undefined,
    definition: (ref) => detail(ref).definition,
    designations: (ref) => detail(ref).designation ?? [],
    properties: (ref) => propertiesOf(detail(ref)),
    extensions: (ref) => (flag(ref, FLAG.extensions) ? (detail(ref).extension ?? NONE) : NONE),
    isInactive: (ref) => flag(ref, FLAG.inactive),
    isAbstract: (ref) => flag(ref, FLAG.abstract),
    status: header.statuses.length > 0 ? (ref) => header.statuses[(statuses[asOrdinal(ref)] ?? 0) - 1] : noStatus,
    parents: (ref) => relations.parents(asOrdinal(ref)),
    children: (ref) => relations.children(asOrdinal(ref)),
    subsumes: (ancestor, descendant) => relations.subsumes(asOrdinal(ancestor), asOrdinal(descendant)),
    descendants: (ref) => relations.descendants(asOrdinal(ref)),
    hasProperty,
    search: (text) => searchPostings(texts, count, text),
    filter: indexedFilter({
      head,
      count,
      locate,
      hasProperty,
      relations,
      valuesOf,
    }),
  }
  return { provider, relations, texts, valuesOf, concept: detail }
}

/** Finds concepts by code; where case does not count, first by the exact code. */
function locator(sections: Sections, codes: StringTable): (code: string) => number | undefined {
  const exact = sections.numbers('table')
  const folded = sections.header.caseSensitive ? undefined : sections.numbers('table.folded')
  for (const table of [exact, folded]) {
    if (table && (table.length & (table.length - 1)) !== 0) throw new Error('a table of codes is incomplete')
  }
  return (code) => {
    const found = find(exact, hashOf(code), (each) => codes.equals(each, code))
    if (found !== undefined || !folded) return found
    const lower = code.toLowerCase()
    return find(folded, hashOf(lower), (each) => codes.at(each).toLowerCase() === lower)
  }
}

const NONE: Extension[] = []
const NOTHING: Partial<CodeSystemConcept> = {}
const noStatus = () => undefined

/** Definition, designations, properties and extensions; the last concept is kept, since it is asked for several times. */
function detailReader(details: Pick<StringTable, 'at'>): (ref: Ref) => Partial<CodeSystemConcept> {
  let last: Ref = -1
  let known = NOTHING
  return (ref) => {
    if (ref === last) return known
    const text = details.at(asOrdinal(ref))
    known = text === '' ? NOTHING : JSON.parse(text)
    last = ref
    return known
  }
}

/** Words of the sections of that name. */
export function postingsOf(sections: Sections, name: string): Postings {
  const vocabulary = stringTable(sections, `${name}.words`)
  const start = sections.numbers(`${name}.start`, vocabulary.length + 1)
  return { vocabulary, start, ordinals: sections.numbers(`${name}.ordinals`, start.at(-1) ?? 0) }
}

const NO_VALUES: Postings = { vocabulary: [], start: new Int32Array(1), ordinals: new Int32Array(0) }

/** Values of properties: indexed, none at all, or undefined where there were too many to index. */
function valueIndex(sections: Sections, used: Set<string>): (property: string) => Postings | undefined {
  const { indexed, used: inUse } = sections.header
  const known = new Map(indexed.map((code, i) => [code, postingsOf(sections, `property/${i}`)]))
  const unindexed = new Set(inUse.filter((code) => !known.has(code)))
  return (property) => known.get(property) ?? (used.has(property) && !unindexed.has(property) ? NO_VALUES : undefined)
}
