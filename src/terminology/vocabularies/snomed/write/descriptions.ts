/** Descriptions and text definitions of a release, with what language reference sets say of them. */
import { SCT } from '../names.ts'
import { recordReader, recordWriter } from '../records.ts'
import type { DescriptionState, DialectState } from '../release-rows.ts'
import { blockStore } from './block-store.ts'
import { counts, integers, places as placeColumn } from './segments.ts'
import { checkId, componentStates, type Dictionary, Fault, memberStates } from './states.ts'

/** What the parts of a release have in common. */
export interface Common {
  isFull: boolean
  /** Row of a concept; -1 when there is none of that identifier. */
  conceptRow(id: string): number
  /** Modules, languages, types and whatever else there is few of. */
  names: Dictionary
  times: Dictionary
}

/** A description as it is chosen and found by. */
export interface ShownDescription {
  row: number
  isActive: boolean
  kind: DescriptionKind
}

/** What a description is as far as displays and searches go. */
type DescriptionKind = 'name' | 'synonym' | 'definition' | 'other'

const KINDS: readonly DescriptionKind[] = ['other', 'name', 'synonym', 'definition']
const TYPES: readonly string[] = ['', SCT.fullySpecifiedName, SCT.synonym, SCT.definition]

/** What language reference sets say of a description. */
interface Dialect {
  refset: string
  acceptability: string
}

/** Collects descriptions. */
export function descriptionPart({ isFull, conceptRow, names, times }: Common) {
  const states = componentStates(isFull)
  const concepts = integers()
  const places = placeColumn()
  // Bytes, times eight, and what is asked of all: kind, and whether it is active.
  const sizes = counts()
  const store = blockStore()
  const record = recordWriter()
  const take = (row: DescriptionState): void => {
    checkId(row.concept, 'conceptId')
    const concept = conceptRow(row.concept)
    if (concept < 0) throw new Fault(`the concept ${row.concept} is not in the release, which has a description of it`)
    const at = states.place(row.id, row.effectiveTime)
    if (at < 0) return
    record.byte(row.isActive ? 1 : 0)
    record.text(row.id)
    record.number(times.numberOf(String(row.effectiveTime)))
    for (const name of [row.module, row.language, row.type, row.caseSignificance]) record.number(names.numberOf(name))
    record.text(row.term)
    const bytes = record.take()
    const place = store.append(bytes)
    concepts.put(at, concept)
    places.put(at, place)
    sizes.put(at, bytes.length * 8 + Math.max(0, TYPES.indexOf(row.type)) * 2 + (row.isActive ? 1 : 0))
  }
  const dialects = dialectPart({ isFull, names, descriptionRow: states.ids.find })
  const bytesOf = (row: number) => store.read(places.at(row), sizes.at(row) >>> 3)
  return {
    take,
    takeDialect: dialects.take,
    count: () => states.length,
    unknownDescriptions: dialects.unknown,
    /** No more dialects are taken. */
    sealDialects: dialects.seal,
    /** No more is taken: what was for finding is forgotten, descriptions are told by concept. */
    arrange: (count: number) => {
      const ofConcept = grouped(concepts.whole(), count)
      const ofDescription = dialects.arrange(states.length)
      states.seal()
      const allNames = names.all()
      const nameAt = (number: number) => allNames[number] ?? ''
      return {
        /** Those of a concept in the order of the release. */
        of: (concept: number): ShownDescription[] =>
          Array.from(ofConcept(concept), (row) => {
            const flags = sizes.at(row) & 7
            return { row, isActive: flags % 2 === 1, kind: KINDS[flags >>> 1] ?? 'other' }
          }),
        termOf: (row: number): string => {
          const reader = recordReader(bytesOf(row))
          reader.byte()
          reader.text()
          for (let skipped = 0; skipped < 5; skipped++) reader.number()
          return reader.text()
        },
        dialectsOf: (row: number): Dialect[] =>
          ofDescription(row).map(([refset, acceptability]) => ({
            refset: nameAt(refset),
            acceptability: nameAt(acceptability),
          })),
        /** All records of a concept, as {@link readDescriptions} reads them. */
        write: (concept: number, to: ReturnType<typeof recordWriter>) => {
          for (const row of ofConcept(concept)) {
            to.raw(bytesOf(row))
            const own = ofDescription(row)
            to.number(own.length)
            for (const [refset, acceptability] of own) {
              to.number(refset)
              to.number(acceptability)
            }
          }
        },
        /** Reference sets of dialects, each with the number of its active members. */
        refsets: dialects.refsets,
      }
    },
  }
}

/** Numbers 0 to `count` - 1 of a key each, by key, in order; keys below 0 are left out. */
export function grouped(keys: Int32Array, count: number): (key: number) => Int32Array {
  const start = new Int32Array(count + 1)
  for (const key of keys) if (key >= 0) start[key + 1] = (start[key + 1] ?? 0) + 1
  for (let key = 0; key < count; key++) start[key + 1] = (start[key + 1] ?? 0) + (start[key] ?? 0)
  const next = start.slice()
  const list = new Int32Array(start[count] ?? 0)
  for (let each = 0; each < keys.length; each++) {
    const key = keys[each] ?? -1
    if (key < 0) continue
    const at = next[key] ?? 0
    list[at] = each
    next[key] = at + 1
  }
  return (key) => list.subarray(start[key] ?? 0, start[key + 1] ?? 0)
}

/** Numbers of names that go with two bits. */
const mostRefsets = 1 << 28

interface DialectOptions {
  isFull: boolean
  names: Dictionary
  descriptionRow(id: string): number
}

function dialectPart({ isFull, names, descriptionRow }: DialectOptions) {
  const states = memberStates(isFull)
  const descriptions = integers()
  // Reference set and acceptability by number, and whether it is active.
  const said = counts()
  const members = new Map<string, number>()
  let unknown = 0
  return {
    /** Members of a description that the release does not have. */
    unknown: () => unknown,
    refsets: () => [...members.keys()],
    seal: states.seal,
    take: (row: DialectState): void => {
      checkId(row.description, 'referencedComponentId')
      checkId(row.refset, 'refsetId')
      if (row.acceptability !== SCT.preferred && row.acceptability !== SCT.acceptable)
        throw new Fault(`the acceptability '${row.acceptability.slice(0, 40)}' is none`)
      const at = states.place(row.id, row.effectiveTime)
      if (at < 0) return
      const description = descriptionRow(row.description)
      if (description < 0 && row.isActive) unknown++
      const refset = names.numberOf(row.refset)
      if (refset >= mostRefsets) throw new Fault('there are too many language reference sets')
      const isPreferred = row.acceptability === SCT.preferred
      descriptions.put(at, description)
      said.put(at, refset * 4 + (isPreferred ? 2 : 0) + (row.isActive ? 1 : 0))
      members.set(row.refset, (members.get(row.refset) ?? 0) + 1)
    },
    arrange: (count: number) => {
      states.seal()
      const keys = descriptions.whole().map((each, at) => (said.at(at) % 2 === 1 ? each : -1))
      const of = grouped(keys, count)
      const acceptabilities = [names.numberOf(SCT.acceptable), names.numberOf(SCT.preferred)] as const
      return (description: number): [refset: number, acceptability: number][] =>
        Array.from(of(description), (at) => [said.at(at) >>> 2, acceptabilities[(said.at(at) >>> 1) & 1] ?? 0])
    },
  }
}
