/**
 * What is asked of a concept first and most often: its identifier, where its display and its descriptions lie, and what state it is in.
 * Numbers of one concept lie side by side, so that whatever is asked of it in a large release is one place in memory.
 */
import { emptyTable, enter, find } from '../../code-system/large/code-table.ts'
import type { Sections, SectionWriter } from '../../code-system/large/layout.ts'
import { narrowNumbers, writeNarrow } from '../../code-system/large/narrow.ts'
import { textsInRuns } from '../../code-system/large/string-table.ts'
import type { Postings } from '../../code-system/postings.ts'
import { hashOfId, highOf, idOf, isId, lowOf } from './id-table.ts'

/** Numbers of a concept: the two of its identifier, the first byte of its display, the first byte of its descriptions. */
const NUMBERS = 4
const [LOW, HIGH, DISPLAY, DESCRIPTIONS] = [0, 1, 2, 3]

/** Module and time by their numbers, and bits of STATE. */
export type ConceptState = [module: number, time: number, bits: number]

/** The concepts of a file. */
export interface ConceptTable {
  /** The concept of an identifier; -1 when there is none. */
  find(id: string): number
  /** The identifier of a concept; empty for none. */
  idOf(concept: number): string
  /** Its usual term; empty where it has none. */
  display(concept: number): string
  /** Where its descriptions lie in their section. */
  descriptions(concept: number): [from: number, to: number]
  /** Its state, by its number among all of them; undefined for no concept. */
  state(concept: number): number | undefined
  /** Identifiers as words. */
  readonly ids: Postings
}

/** Reads what {@link writeConceptTable} wrote. @throws Error when the file is damaged */
export function conceptTable(sections: Sections): ConceptTable {
  const count = sections.header.concepts
  const numbers = sections.numbers('snomed.concepts', NUMBERS * (count + 1))
  const table = sections.numbers('snomed.concepts.table')
  if ((table.length & (table.length - 1)) !== 0) throw new Error('the table of identifiers is incomplete')
  const at = (concept: number, which: number) => (numbers[NUMBERS * concept + which] ?? 0) >>> 0
  const bytes = sections.bytes('displays')
  const displays = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (at(count, DISPLAY) !== displays.length) throw new Error('the section displays is incomplete')
  const states = narrowNumbers(sections, 'snomed.state', count)
  const id = (concept: number) => (concept >= 0 && concept < count ? idOf(at(concept, HIGH), at(concept, LOW)) : '')
  return {
    find: (wanted) => {
      if (!isId(wanted)) return -1
      const [high, low] = [highOf(wanted), lowOf(wanted)]
      const isIt = (each: number) => at(each, LOW) === low && at(each, HIGH) === high
      return find(table, hashOfId(high, low), isIt) ?? -1
    },
    idOf: id,
    display: textsInRuns({
      length: count,
      text: (from, to) => displays.toString('utf8', from, to),
      begin: (concept) => at(concept, DISPLAY),
    }),
    descriptions: (concept) =>
      concept >= 0 && concept < count ? [at(concept, DESCRIPTIONS), at(concept + 1, DESCRIPTIONS)] : [0, 0],
    state: (concept) => states[concept],
    ids: idWords(sections, id),
  }
}

/** Identifiers in the order of their texts: each is the word of one concept. */
function idWords(sections: Sections, id: (concept: number) => string): Postings {
  const { concepts } = sections.header
  const ordinals = sections.numbers('snomed.concepts.byId', concepts)
  return {
    vocabulary: { length: concepts, at: (rank) => id(ordinals[rank] ?? -1) },
    start: Int32Array.from({ length: concepts + 1 }, (_, rank) => rank),
    ordinals,
  }
}

/** Concepts by their rows, and in the order of the file. */
interface WrittenConcepts {
  /** Row of every concept. */
  order: Int32Array
  idOf(row: number): string
  stateOf(row: number): ConceptState
  /** Where the display and the descriptions of a concept begin; of `count`, where those of the last one end. */
  displays: Uint32Array
  descriptions: Uint32Array
}

/** Writes the concepts; answers the states that there are, by their numbers. */
export function writeConceptTable(writer: SectionWriter, concepts: WrittenConcepts): ConceptState[] {
  const { order, idOf: idAt } = concepts
  const count = order.length
  const numbers = new Uint32Array(NUMBERS * (count + 1))
  const table = emptyTable(count)
  const ids: string[] = []
  for (let concept = 0; concept <= count; concept++) {
    const from = NUMBERS * concept
    numbers[from + DISPLAY] = concepts.displays[concept] ?? 0
    numbers[from + DESCRIPTIONS] = concepts.descriptions[concept] ?? 0
    if (concept === count) break
    const id = idAt(order[concept] ?? 0)
    ids.push(id)
    numbers[from + LOW] = lowOf(id)
    numbers[from + HIGH] = highOf(id)
    enter(table, hashOfId(highOf(id), lowOf(id)), concept)
  }
  writer.put('snomed.concepts', numbers)
  writer.put('snomed.concepts.table', table)
  const byId = Int32Array.from(ids, (_, concept) => concept)
  writer.put(
    'snomed.concepts.byId',
    byId.sort((a, b) => ((ids[a] ?? '') < (ids[b] ?? '') ? -1 : 1)),
  )
  return writeStates(writer, concepts)
}

function writeStates(writer: SectionWriter, { order, stateOf }: WrittenConcepts): ConceptState[] {
  const known = new Map<string, number>()
  const states: ConceptState[] = []
  const numbers = new Int32Array(order.length)
  order.forEach((row, concept) => {
    const state = stateOf(row)
    const key = state.join(' ')
    const number = known.get(key) ?? states.push(state) - 1
    known.set(key, number)
    numbers[concept] = number
  })
  writeNarrow(writer, 'snomed.state', numbers)
  return states
}
