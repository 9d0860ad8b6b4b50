/** Descriptions and text definitions of a release, with what language reference sets say of them. */
import { column } from '../../../code-system/large/columns.ts'
import { SCT } from '../names.ts'
import { recordReader, recordWriter } from '../records.ts'
import type { DescriptionState, DialectState } from '../release-rows.ts'
import { blockStore } from './block-store.ts'
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
  type: string
  term: string
}

/** What language reference sets say of a description. */
interface Dialect {
  refset: string
  acceptability: string
}

/** Collects descriptions. */
export function descriptionPart({ isFull, conceptRow, names, times }: Common) {
  const states = componentStates(isFull)
  const concepts = column((length) => new Int32Array(length))
  const places = column((length) => new Float64Array(length))
  const sizes = column((length) => new Uint32Array(length))
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
    if (at === concepts.length) {
      concepts.push(concept)
      places.push(place)
      sizes.push(bytes.length)
    } else {
      concepts.set(at, concept)
      places.set(at, place)
      sizes.set(at, bytes.length)
    }
  }
  const dialects = dialectPart({ isFull, names, descriptionRow: states.ids.find })
  const bytesOf = (row: number) => store.read(places.at(row), sizes.at(row))
  return {
    take,
    takeDialect: dialects.take,
    count: () => states.length,
    unknownDescriptions: dialects.unknown,
    /** No more is taken: what was for finding is forgotten, descriptions are told by concept. */
    arrange: (count: number) => {
      const ofConcept = grouped(concepts.values(), count)
      const ofDescription = dialects.arrange(states.length)
      states.seal()
      const allNames = names.all()
      const nameAt = (number: number) => allNames[number] ?? ''
      return {
        /** Those of a concept in the order of the release. */
        of: (concept: number): ShownDescription[] => {
          const found: ShownDescription[] = []
          for (const row of ofConcept(concept)) {
            const reader = recordReader(bytesOf(row))
            const isActive = reader.byte() === 1
            reader.text()
            for (let skipped = 0; skipped < 3; skipped++) reader.number()
            const type = nameAt(reader.number())
            reader.number()
            found.push({ row, isActive, type, term: reader.text() })
          }
          return found
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

interface DialectOptions {
  isFull: boolean
  names: Dictionary
  descriptionRow(id: string): number
}

function dialectPart({ isFull, names, descriptionRow }: DialectOptions) {
  const states = memberStates(isFull)
  const descriptions = column((length) => new Int32Array(length))
  const refsets = column((length) => new Uint32Array(length))
  const acceptabilities = column((length) => new Uint32Array(length))
  const active = column((length) => new Uint32Array(length))
  const members = new Map<string, number>()
  let unknown = 0
  return {
    /** Members of a description that the release does not have. */
    unknown: () => unknown,
    refsets: () => [...members.keys()],
    take: (row: DialectState): void => {
      checkId(row.description, 'referencedComponentId')
      checkId(row.refset, 'refsetId')
      if (row.acceptability !== SCT.preferred && row.acceptability !== SCT.acceptable)
        throw new Fault(`the acceptability '${row.acceptability.slice(0, 40)}' is none`)
      const at = states.place(row.id, row.effectiveTime)
      if (at < 0) return
      const description = descriptionRow(row.description)
      if (description < 0 && row.isActive) unknown++
      const values = [description, names.numberOf(row.refset), names.numberOf(row.acceptability)] as const
      if (at === descriptions.length) {
        descriptions.push(values[0])
        refsets.push(values[1])
        acceptabilities.push(values[2])
        active.push(row.isActive ? 1 : 0)
      } else {
        descriptions.set(at, values[0])
        refsets.set(at, values[1])
        acceptabilities.set(at, values[2])
        active.set(at, row.isActive ? 1 : 0)
      }
      members.set(row.refset, (members.get(row.refset) ?? 0) + 1)
    },
    arrange: (count: number) => {
      states.seal()
      const keys = Int32Array.from(descriptions.values(), (each, at) => (active.at(at) === 1 ? each : -1))
      const of = grouped(keys, count)
      return (description: number): [refset: number, acceptability: number][] =>
        Array.from(of(description), (at) => [refsets.at(at), acceptabilities.at(at)])
    },
  }
}
