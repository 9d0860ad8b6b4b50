/** A release of SNOMED CT in an index file: numbers in memory, texts and members by position. */
import type { CodeSystem } from '../../../fhir/types.ts'
import { find, hashOf } from '../../code-system/large/code-table.ts'
import { flagsOf } from '../../code-system/large/flags.ts'
import { postingsOf } from '../../code-system/large/large-code-system.ts'
import type { Sections } from '../../code-system/large/layout.ts'
import { narrowNumbers } from '../../code-system/large/narrow.ts'
import { type LargeRelations, largeRelations } from '../../code-system/large/relations.ts'
import { stringTable } from '../../code-system/large/string-table.ts'
import { commonOrdinals, united } from '../../code-system/ordinals.ts'
import { type Postings, withWords } from '../../code-system/postings.ts'
import { compiledRefsets } from './compiled-refsets.ts'
import { type ConceptState, type ConceptTable, conceptTable } from './concept-table.ts'
import type { SnomedAttributes, SnomedContent, SnomedDescription, SnomedHierarchy } from './content.ts'
import type { SnomedHeader } from './header.ts'
import { BETWEEN, SNOMED_KIND } from './names.ts'
import { type RecordReader, recordReader } from './records.ts'
import { STATE } from './state-bits.ts'

/** A release that is open. */
export interface CompiledSnomed {
  content: SnomedContent
  /** The usual term of a concept, read at once; undefined where it has none. */
  display(concept: number): string | undefined
}

/** The first layout whose releases have their concepts as they are read here. */
const firstLayout = 4

/**
 * Opens a release over the sections of its file ({@link readSections}). `resource` is its CodeSystem.
 * @throws Error saying what is wrong when the file is damaged, of another kind or of an older layout, or of another version than the
 * resource
 */
export function compiledSnomed(resource: CodeSystem, sections: Sections): CompiledSnomed {
  const header = headerOf(sections)
  if (header.version !== resource.version)
    throw new Error(`the index file is of ${header.version}, the code system of ${resource.version}`)
  const count = sections.header.concepts
  const concepts = conceptTable(sections)
  const relations = largeRelations(sections, flagsOf(sections))
  const stateOf = (concept: number) => header.states[concepts.state(concept) ?? -1] ?? NO_STATE
  const texts = postingsOf(sections, 'text')
  const plain = postingsOf(sections, 'snomed.words.plain')
  const refsets = compiledRefsets(sections, header)
  const content: SnomedContent = {
    version: header.version,
    count,
    ordinalOf: concepts.find,
    idOf: concepts.idOf,
    isActive: (concept) => (stateOf(concept)[2] & STATE.active) !== 0,
    isDefined: (concept) => (stateOf(concept)[2] & STATE.defined) !== 0,
    moduleOf: (concept) => header.names[stateOf(concept)[0]] ?? '',
    effectiveTimeOf: (concept) => header.times[stateOf(concept)[1]] ?? 0,
    hierarchy: hierarchyOf(relations, count),
    attributes: attributesOf(sections),
    descriptions: descriptionsOf(sections, header, concepts),
    concepts: finder([texts, plain, postingsOf(sections, 'snomed.words')], count),
    found: foundBy([concepts.ids, texts, plain], count),
    refsets: refsets.all,
    refset: refsets.of,
    axioms: refsets.axioms,
    byAlternateIdentifier: identifiersOf(sections),
  }
  return { content, display: (concept) => concepts.display(concept) || undefined }
}

const NO_STATE: ConceptState = [-1, -1, 0]

function headerOf({ header: { kind, own }, layout }: Sections): SnomedHeader {
  if (kind !== SNOMED_KIND)
    throw new Error(`the index file is ${kind === undefined ? 'no release' : `of the kind ${kind}`}`)
  if (layout < firstLayout)
    throw new Error(`the index file has layout ${layout}; releases of SNOMED CT are read from layout ${firstLayout} on`)
  const header = own as Partial<SnomedHeader> | null | undefined
  const { version, names, times, states, refsets, dialects } = header ?? {}
  if (!names || !times || !states || !refsets || !dialects || typeof version !== 'string')
    throw new Error('the directory of the index file does not tell of a release')
  return { version, names, times, states, refsets, dialects }
}

function hierarchyOf(relations: LargeRelations, count: number): SnomedHierarchy {
  const isConcept = (concept: number) => concept >= 0 && concept < count
  const listed = (concept: number, list: (concept: number) => number[]) =>
    isConcept(concept) ? Int32Array.from(list(concept)).sort() : NONE
  return {
    parents: (concept) => listed(concept, relations.parents),
    children: (concept) => listed(concept, relations.children),
    ancestors: (concept) => (isConcept(concept) ? relations.above(concept).filter((each) => each !== concept) : NONE),
    descendants: (concept) => {
      if (!isConcept(concept)) return NONE
      const runs = relations.below(concept)
      const found = new Int32Array(runs.reduce((sum, [from, to]) => sum + to - from, 0) - 1)
      let at = 0
      for (const [from, to] of runs) for (let each = from; each < to; each++) if (each !== concept) found[at++] = each
      return found
    },
    subsumes: (ancestor, descendant) =>
      isConcept(ancestor) && isConcept(descendant) && relations.subsumes(ancestor, descendant),
  }
}

const NONE = new Int32Array(0)

function attributesOf(sections: Sections): SnomedAttributes {
  const start = sections.numbers('snomed.attributes.start', sections.header.concepts + 1)
  const rows = start.at(-1) ?? 0
  const values = stringTable(sections, 'snomed.values')
  const byTargetStart = sections.numbers('snomed.attributes.byTarget.start', start.length)
  const ofTarget = (what: string) => sections.numbers(`snomed.attributes.byTarget.${what}`, byTargetStart.at(-1) ?? 0)
  return {
    start,
    type: sections.numbers('snomed.attributes.type', rows),
    target: sections.numbers('snomed.attributes.target', rows),
    group: narrowNumbers(sections, 'snomed.attributes.group', rows),
    value: (n) => values.at(n),
    byTarget: { start: byTargetStart, source: ofTarget('source'), type: ofTarget('type') },
  }
}

/** Reads the descriptions of a concept from its record. */
function descriptionsOf(
  sections: Sections,
  header: SnomedHeader,
  concepts: ConceptTable,
): SnomedContent['descriptions'] {
  const records = sections.paged('snomed.descriptions')
  // Of one record after the other: nobody keeps a part of it.
  let record = Buffer.allocUnsafe(1 << 12)
  return (concept) => {
    const [from, to] = concepts.descriptions(concept)
    if (to - from > record.length) record = Buffer.allocUnsafe(2 * (to - from))
    const reader = recordReader(record, records.copy(from, to, record))
    const found: SnomedDescription[] = []
    while (!reader.isAtEnd) found.push(readDescription(reader, header))
    return found
  }
}

function readDescription(reader: RecordReader, { names, times }: SnomedHeader): SnomedDescription {
  const name = () => names[reader.number()] ?? ''
  const isActive = reader.byte() === 1
  const id = reader.text()
  const effectiveTime = times[reader.number()] ?? 0
  const module = name()
  const language = name()
  const type = name()
  const caseSignificance = name()
  const term = reader.text()
  const dialects: SnomedDescription['dialects'] = []
  for (let left = reader.number(); left > 0; left--) dialects.push({ refset: name(), acceptability: name() })
  return { id, isActive, effectiveTime, module, language, type, term, caseSignificance, dialects }
}

/** Finds concepts by words of all their texts; without words all. */
function finder(indexes: readonly Postings[], count: number): SnomedContent['concepts'] {
  const found = foundBy(indexes, count)
  return (beginnings) =>
    beginnings.length > 0 ? found(beginnings) : Int32Array.from({ length: count }, (_, concept) => concept)
}

/** Finds concepts that have, for every word, a word in one of the indexes that begins with it. */
function foundBy(indexes: readonly Postings[], count: number): SnomedContent['found'] {
  return (beginnings) => {
    let found: Int32Array | undefined
    for (const word of new Set(beginnings)) {
      const either = indexes
        .map((index) => withWords(index, count, [word]))
        .reduce((some, others) => (others.length === 0 ? some : united(joined(some, others), count)))
      found = found ? commonOrdinals(found, either) : either
    }
    return found ?? NONE
  }
}

function joined(a: Int32Array, b: Int32Array): Int32Array {
  const both = new Int32Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

function identifiersOf(sections: Sections): SnomedContent['byAlternateIdentifier'] {
  const keys = stringTable(sections, 'snomed.identifiers')
  const table = sections.numbers('snomed.identifiers.table')
  const concept = sections.numbers('snomed.identifiers.concept', keys.length)
  return (scheme, identifier) => {
    const key = `${scheme}${BETWEEN}${identifier}`
    const found = find(table, hashOf(key), (each) => keys.equals(each, key))
    return found === undefined ? -1 : (concept[found] ?? -1)
  }
}
