/** Members of reference sets, whatever columns they have: by reference set, by concept, and by the values of their columns. */
import type { Json } from '../../../../base/json-value.ts'
import { hashOf } from '../../../code-system/large/code-table.ts'
import type { Spool } from '../../../code-system/large/index-builder.ts'
import type { SectionWriter } from '../../../code-system/large/layout.ts'
import { AXIOMS, saysMore, saysOfProperty } from '../axioms.ts'
import { memberHead, readMember } from '../member-record.ts'
import { recordReader, recordWriter } from '../records.ts'
import type { MemberState, ReleaseFinding } from '../release-rows.ts'
import type { Common } from './descriptions.ts'
import { grouped } from './descriptions.ts'
import { counts, integers, places as placeColumn } from './segments.ts'
import { checkId, Fault, memberStates } from './states.ts'

/** Columns of longer values, bytes on average, are looked through: nobody asks for one of an axiom. */
const longestIndexed = 64

/** Different columns of one reference set, and reference sets of a release, at most. */
const most = { fields: 100, refsets: 50_000 }

interface Refset {
  fields: readonly string[]
  number: number
}

/** What the directory says of a reference set: members lie in `[from, to)`. */
export type RefsetHeader = { concept: number; fields: string[]; from: number; to: number; indexed: number[] }

/** Collects members. */
export function memberPart({ isFull, conceptRow, names, times }: Common, spool: Spool) {
  const states = memberStates(isFull)
  const refsets = new Map<string, Refset>()
  const refsetOf = counts()
  const places = placeColumn()
  // Bytes, doubled, and whether it is active.
  const sizes = counts()
  // Row of the concept, or below 0.
  const components = integers()
  const store = spooled(spool)
  const record = recordWriter()
  const known = (id: string, fields: readonly string[]): Refset => {
    const found = refsets.get(id)
    if (!found) {
      checkId(id, 'refsetId')
      if (fields.length > most.fields) throw new Fault(`a reference set has ${fields.length} columns`)
      if (refsets.size >= most.refsets) throw new Fault(`there are more than ${most.refsets} reference sets`)
      const made = { fields, number: refsets.size }
      refsets.set(Buffer.from(id).toString(), made)
      return made
    }
    if (found.fields !== fields && found.fields.join() !== fields.join())
      throw new Fault(`the reference set ${id} has other columns (${found.fields.join(', ')}) in another file`)
    return found
  }
  const take = (row: MemberState, fields: readonly string[]): void => {
    const refset = known(row.refset, fields)
    const at = states.place(row.id, row.effectiveTime)
    if (at < 0) return
    memberHead(record, row, { time: times.numberOf(String(row.effectiveTime)), module: names.numberOf(row.module) })
    for (const value of row.values) record.text(value)
    const bytes = record.take()
    const place = store.append(bytes)
    const concept = conceptRow(row.component)
    refsetOf.put(at, refset.number)
    places.put(at, place)
    sizes.put(at, bytes.length * 2 + (row.isActive ? 1 : 0))
    components.put(at, concept)
  }
  const unnamed = () => [...refsets.keys()].filter((id) => conceptRow(id) < 0)
  return {
    take,
    check: (): ReleaseFinding[] =>
      unnamed().map((id) => {
        const { number = -1 } = refsets.get(id) ?? {}
        const count = refsetOf.whole().reduce((sum, each) => sum + Number(each === number), 0)
        const text = `The reference set ${id} is no concept of the release: its ${count} members are left out`
        return { severity: 'warning' as const, text }
      }),
    /** `isOfActive` says whether a concept is active, by its row. */
    write: (writer: SectionWriter, ordinalOf: Int32Array, isOfActive: (row: number) => boolean): RefsetHeader[] => {
      states.seal()
      store.flush()
      const rowsOf = grouped(refsetOf.whole(), refsets.size)
      const wanted = [...refsets]
        .map(([id, { number, fields }]) => ({ id, concept: conceptRow(id), rows: rowsOf(number), fields }))
        .filter(({ concept }) => concept >= 0)
        .map((each) => ({ ...each, concept: ordinalOf[each.concept] ?? 0 }))
        .sort((a, b) => a.concept - b.concept)
      const read = (row: number) => store.read(places.at(row), sizes.at(row) >>> 1)
      const ordinalAt = (row: number) => (components.at(row) < 0 ? -1 : (ordinalOf[components.at(row)] ?? -1))
      const isActive = (row: number) => sizes.at(row) % 2 === 1
      const headers = writeRefsets(writer, { wanted, read, ordinalAt, isActive })
      const counts = (row: number) => isActive(row) && components.at(row) >= 0 && isOfActive(components.at(row))
      const at = wanted.findIndex(({ id }) => id === AXIOMS)
      const telling = tellingAxioms(wanted[at]?.rows ?? new Int32Array(0), { read, ordinalAt, isActive: counts })
      writer.put(
        'snomed.axioms',
        telling.map((each) => each + (headers[at]?.from ?? 0)),
      )
      return headers
    },
  }
}

interface Refsets {
  wanted: { concept: number; rows: Int32Array; fields: readonly string[] }[]
  read(row: number): Uint8Array
  ordinalAt(row: number): number
  isActive(row: number): boolean
}

function writeRefsets(writer: SectionWriter, { wanted, read, ordinalAt, isActive }: Refsets): RefsetHeader[] {
  const total = wanted.reduce((sum, { rows }) => sum + rows.length, 0)
  const at = new Uint32Array(total + 1)
  const records = writer.grow('snomed.members')
  let done = 0
  let bytes = 0
  for (const { rows } of wanted) {
    for (const row of rows) {
      const record = read(row)
      records.append(record)
      bytes += record.length
      at[++done] = bytes
      if (bytes > 0xffffffff) throw new Error('the members of reference sets are longer than 4 GB')
    }
  }
  records.end()
  writer.put('snomed.members.at', at)
  const headers: RefsetHeader[] = []
  let from = 0
  for (const { concept, rows, fields } of wanted) {
    const name = `snomed.refset/${headers.length}`
    writeByConcept(writer, name, { rows, ordinalAt, isActive })
    const indexed = writeByValue(writer, name, { rows, fields, read })
    headers.push({ concept, fields: [...fields], from, to: from + rows.length, indexed })
    from += rows.length
  }
  return headers
}

/**
 * Which of the axioms, by position, may say more than relationships do: those that say so themselves, and all of a concept that has
 * several.
 */
function tellingAxioms(
  rows: Int32Array,
  { read, ordinalAt, isActive }: Pick<Refsets, 'read' | 'ordinalAt' | 'isActive'>,
): Int32Array {
  const first = new Map<number, number>()
  const telling = new Set<number>()
  rows.forEach((row, at) => {
    if (!isActive(row)) return
    const concept = ordinalAt(row)
    const before = first.get(concept)
    if (before === undefined) first.set(concept, at)
    else telling.add(before).add(at)
    const reader = recordReader(read(row))
    readMember(reader)
    const axiom = reader.isAtEnd ? '' : reader.text()
    if (saysMore(axiom) || saysOfProperty(axiom)) telling.add(at)
  })
  return Int32Array.from(telling).sort()
}

/** Active concepts, and all members by their concept in the order of the release. */
function writeByConcept(
  writer: SectionWriter,
  name: string,
  { rows, ordinalAt, isActive }: { rows: Int32Array } & Pick<Refsets, 'ordinalAt' | 'isActive'>,
): void {
  const concept = rows.map((row) => ordinalAt(row))
  const active = concept.filter((ordinal, i) => ordinal >= 0 && isActive(rows[i] ?? 0)).sort()
  writer.put(
    `${name}.concepts`,
    active.filter((ordinal, i) => i === 0 || ordinal !== active[i - 1]),
  )
  const keyed = new Float64Array(concept.length)
  let count = 0
  concept.forEach((ordinal, i) => {
    if (ordinal >= 0) keyed[count++] = ordinal * 2 ** 26 + i
  })
  const sorted = keyed.subarray(0, count).sort()
  writer.put(
    `${name}.component`,
    integersOf(sorted, (key) => Math.floor(key / 2 ** 26)),
  )
  writer.put(
    `${name}.byComponent`,
    integersOf(sorted, (key) => key % 2 ** 26),
  )
}

/** As `Int32Array.from`, which would make a list of them all before. */
function integersOf(keys: Float64Array, part: (key: number) => number): Int32Array {
  const made = new Int32Array(keys.length)
  for (let i = 0; i < keys.length; i++) made[i] = part(keys[i] ?? 0)
  return made
}

/** Members by the hash of their value in each column of short values; answers which columns those are. */
function writeByValue(
  writer: SectionWriter,
  name: string,
  { rows, fields, read }: { rows: Int32Array; fields: readonly string[]; read: Refsets['read'] },
): number[] {
  const keys = fields.map(() => new Float64Array(rows.length))
  const lengths = fields.map(() => 0)
  rows.forEach((row, i) => {
    const reader = recordReader(read(row))
    readMember(reader)
    fields.forEach((_, field) => {
      const value = reader.text()
      lengths[field] = (lengths[field] ?? 0) + value.length
      const own = keys[field]
      if (own) own[i] = hashOf(value) * 2 ** 21 + i
    })
  })
  const indexed: number[] = []
  keys.forEach((own, field) => {
    if (rows.length >= 2 ** 21 || (lengths[field] ?? 0) > longestIndexed * rows.length) return
    own.sort()
    writer.put(
      `${name}.byValue/${field}`,
      integersOf(own, (key) => key % 2 ** 21),
    )
    indexed.push(field)
  })
  return indexed
}

/** Bytes that are put into the spool at once. */
const PIECE = 1 << 20

function spooled(spool: Spool) {
  const piece = Buffer.allocUnsafe(PIECE)
  let used = 0
  let written = 0
  const flush = () => {
    if (used > 0) spool.append(piece.subarray(0, used))
    written += used
    used = 0
  }
  return {
    flush,
    append: (bytes: Uint8Array): number => {
      if (used + bytes.length > PIECE) flush()
      const place = written + used
      if (bytes.length > PIECE) {
        spool.append(bytes)
        written += bytes.length
        return place
      }
      piece.set(bytes, used)
      used += bytes.length
      return place
    },
    read: (place: number, length: number) => spool.read(place, length),
  }
}

/** The directory as JSON. */
export const refsetHeaders = (headers: RefsetHeader[]): Json => headers.map((each) => ({ ...each }))
