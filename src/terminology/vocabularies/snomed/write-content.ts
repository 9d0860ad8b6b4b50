/**
 * Writes a release of SNOMED CT as an index file: sections of a large code system (codes, displays, words, hierarchy), and sections of its
 * own, which {@link compiledSnomed} reads.
 */
import type { CodeSystemHead } from '../../code-system/code-system.ts'
import { createIndexBuilder, type IndexCounts, type Spool } from '../../code-system/large/index-builder.ts'
import type { IndexFile, SectionWriter } from '../../code-system/large/layout.ts'
import { writePostings } from '../../code-system/large/write-index.ts'
import { collectPostings } from '../../code-system/text-index.ts'
import { type ConceptState, writeConceptTable } from './concept-table.ts'
import { SCT, SNOMED_KIND } from './names.ts'
import { recordWriter } from './records.ts'
import type { ReleaseFinding, ReleaseWriter } from './release-rows.ts'
import { STATE } from './state-bits.ts'
import { indexWords } from './term-words.ts'
import { descriptionPart, type ShownDescription } from './write/descriptions.ts'
import { arrangeParents, circleFinding } from './write/hierarchy.ts'
import { identifierPart } from './write/identifiers.ts'
import { memberPart, refsetHeaders } from './write/members.ts'
import { preferredDisplay } from './write/preferred-display.ts'
import { relationshipPart } from './write/relationships.ts'
import { counts } from './write/segments.ts'
import { checkId, componentStates, dictionary, faultOf } from './write/states.ts'

/** What a release is written with. */
export interface SnomedWriting {
  head: CodeSystemHead
  /** Whether the rows are all states of all components, of which the newest count, or one of each. */
  isFull: boolean
  /** Where texts wait: two, each empty. */
  spools: { texts: Spool; members: Spool }
}

/** Of active concepts those without parents, beside the root: more of them, and the hierarchy is not whole. */
const fewWithoutParents = 0.01

/** Modules, languages, types and so on of a release at most. */
const mostNames = 100_000

/** A release in the making. */
export interface SnomedWriter extends ReleaseWriter {
  /** Writes the file; only after {@link ReleaseWriter.check} found no error. */
  finish(file: IndexFile, progress?: (done: number) => void): IndexCounts
}

/** Starts a file. */
export function createSnomedWriter({ head, isFull, spools }: SnomedWriting): SnomedWriter {
  const concepts = componentStates(isFull)
  // Bits of STATE, and above them the number of the module.
  const state = counts()
  const names = dictionary(mostNames, 'modules, languages and types')
  const times = dictionary(mostNames, 'effective times')
  const common = { isFull, conceptRow: concepts.ids.find, names, times }
  const descriptions = descriptionPart(common)
  const relationships = relationshipPart(common)
  const members = memberPart(common, spools.members)
  const identifiers = identifierPart(common)
  const isActive = (row: number) => (state.at(row) & STATE.active) !== 0
  const stateOf = (row: number): ConceptState => {
    const own = state.at(row)
    return [own >>> 2, times.numberOf(String(concepts.timeOf(row))), own & 3]
  }
  const arranged = once(() => {
    const isA = relationships.arrange(isActive)
    const hierarchy = arrangeParents(betweenActive(isA, isActive), concepts.length)
    return { isA, hierarchy, texts: descriptions.arrange(concepts.length) }
  })
  return {
    concept: (row) =>
      faultOf(() => {
        checkId(row.module, 'moduleId')
        const at = concepts.place(row.id, row.effectiveTime)
        if (at < 0) return
        const bits = (row.isActive ? STATE.active : 0) | (row.isDefined ? STATE.defined : 0)
        const value = names.numberOf(row.module) * 4 + bits
        state.put(at, value)
      }),
    description: (row) => faultOf(() => descriptions.take(row)),
    relationship: (row) => faultOf(() => relationships.take(row)),
    dialect: (row) => faultOf(() => descriptions.takeDialect(row)),
    member: (row, fields) => faultOf(() => members.take(row, fields)),
    identifier: (row) => faultOf(() => identifiers.take(row)),
    end: (kind) => {
      if (kind === 'relationships') relationships.seal()
      if (kind === 'dialects') descriptions.sealDialects()
    },
    check: () => {
      const found = [...relationships.check(), ...members.check()]
      if (found.some(({ severity }) => severity === 'error')) return found
      const { hierarchy, texts, isA } = arranged()
      const idOf = concepts.ids.at
      if (hierarchy.circle) found.push(circleFinding(hierarchy.circle, idOf))
      const inactive = isA.child.length - betweenActive(isA, isActive).child.length
      found.push(...leftOut({ inactive, unknown: descriptions.unknownDescriptions() }))
      found.push(...checkConcepts({ count: concepts.length, isActive, idOf, ...hierarchy, texts }))
      return found
    },
    finish: (file, progress) => {
      const { hierarchy, texts, isA } = arranged()
      const builder = createIndexBuilder(head, spools.texts)
      for (let row = 0; row < concepts.length; row++) {
        const chosen = preferredDisplay(texts.of(row), texts.dialectsOf)
        const display = chosen === undefined ? undefined : texts.termOf(chosen)
        builder.add({ code: concepts.ids.at(row), display, parents: hierarchy.parentsOf(row).map(concepts.ids.at) })
      }
      const shown = (row: number) => texts.of(row).filter(isShown)
      return builder.finish(file, progress, {
        kind: SNOMED_KIND,
        isInactive: (row) => !isActive(row),
        texts: (row) => shown(row).map((each) => texts.termOf(each.row)),
        keepsCodes: true,
        write: (writer, { order }, displays) => {
          const ordinalOf = inverse(order)
          const descriptions = writeDescriptions(writer, order, texts)
          const rows = { order, displays, descriptions, idOf: concepts.ids.at, stateOf }
          const states = writeConceptTable(writer, rows)
          isA.write(writer, ordinalOf)
          const refsets = refsetHeaders(members.write(writer, ordinalOf, isActive))
          identifiers.write(writer, ordinalOf)
          const named = texts.refsets().map(concepts.ids.find)
          const dialects = named.flatMap((row) => (row < 0 ? [] : [ordinalOf[row] ?? 0])).sort((a, b) => a - b)
          const version = head.version ?? ''
          return { version, names: names.all(), times: times.all().map(Number), states, refsets, dialects }
        },
      })
    },
  }
}

/** What a concept is found by in any code system. */
const isShown = ({ isActive, kind }: ShownDescription) => isActive && kind !== 'definition'

/** What does not count, by how many there are. */
function leftOut({ inactive, unknown }: { inactive: number; unknown: number }): ReleaseFinding[] {
  const whats: [number, string][] = [
    [inactive, 'active relationships is-a have an inactive concept at one end and are left out'],
    [unknown, 'members of language reference sets name descriptions that are not in the release'],
  ]
  return whats.flatMap(([count, what]) => (count > 0 ? [{ severity: 'warning', text: `${count} ${what}` }] : []))
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function inverse(order: Int32Array): Int32Array {
  const ordinalOf = new Int32Array(order.length)
  order.forEach((row, ordinal) => {
    ordinalOf[row] = ordinal
  })
  return ordinalOf
}

interface Pairs {
  child: Int32Array
  parent: Int32Array
}

function betweenActive({ child, parent }: Pairs, isActive: (row: number) => boolean): Pairs {
  const isKept = (i: number) => isActive(child[i] ?? 0) && isActive(parent[i] ?? 0)
  return { child: child.filter((_, i) => isKept(i)), parent: parent.filter((_, i) => isKept(i)) }
}

interface Checked {
  count: number
  isActive(row: number): boolean
  idOf(row: number): string
  parentsOf(row: number): number[]
  texts: Pick<Texts, 'of'>
}

/** Whether every active concept has its place in the hierarchy and a name. */
function checkConcepts({ count, isActive, idOf, parentsOf, texts }: Checked): ReleaseFinding[] {
  const rootless: string[] = []
  const nameless: string[] = []
  let active = 0
  for (let row = 0; row < count; row++) {
    if (!isActive(row)) continue
    active++
    const id = idOf(row)
    if (id !== SCT.root && parentsOf(row).length === 0) rootless.push(id)
    if (!texts.of(row).some(isShown)) nameless.push(id)
  }
  const found: ReleaseFinding[] = []
  const tell = (ids: string[], what: string, isError: boolean) => {
    if (ids.length === 0) return
    const named = `${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ', …' : ''}`
    const text = `${ids.length} of ${active} active concepts have no ${what}: ${named}`
    found.push(
      isError ? { severity: 'error', text: `${text}. The release is not whole` } : { severity: 'warning', text },
    )
  }
  tell(rootless, 'parent', rootless.length > Math.max(10, active * fewWithoutParents))
  tell(nameless, 'active description', nameless.length > active * fewWithoutParents)
  return found
}

type Texts = ReturnType<ReturnType<typeof descriptionPart>['arrange']>

/** Texts whose words are the same with and without marks. */
const PLAIN = /^[ -~]*$/

/**
 * Records of all descriptions by concept, and the words without marks (indexWords) that concepts are not found by otherwise; answers where
 * the records of each begin, and where the last ones end.
 */
function writeDescriptions(writer: SectionWriter, order: Int32Array, texts: Texts): Uint32Array {
  const records = writer.grow('snomed.descriptions')
  const offsets = new Uint32Array(order.length + 1)
  const record = recordWriter()
  const hidden = collectPostings()
  const plain = collectPostings()
  let bytes = 0
  order.forEach((row, ordinal) => {
    texts.write(row, record)
    const taken = record.take()
    records.append(taken)
    bytes += taken.length
    if (bytes > 0xffffffff) throw new Error('the descriptions are longer than 4 GB')
    offsets[ordinal + 1] = bytes
    for (const each of texts.of(row)) {
      const term = texts.termOf(each.row)
      // What concepts are found by has its words in the text index: with their marks, if they have some.
      if (isShown(each) && PLAIN.test(term)) continue
      const index = isShown(each) ? plain : hidden
      for (const word of indexWords(term)) index.add(word, ordinal)
    }
  })
  records.end()
  writePostings(writer, 'snomed.words', hidden.finish())
  writePostings(writer, 'snomed.words.plain', plain.finish())
  return offsets
}
