/** Inferred relationships of a release: the hierarchy, and attributes with their groups. */
import type { SectionWriter } from '../../../code-system/large/layout.ts'
import { writeNarrow } from '../../../code-system/large/narrow.ts'
import { writeStrings } from '../../../code-system/large/string-table.ts'
import { SCT } from '../names.ts'
import type { RelationshipState, ReleaseFinding } from '../release-rows.ts'
import type { Common } from './descriptions.ts'
import { counts, integers } from './segments.ts'
import { checkId, componentStates, Fault } from './states.ts'

/** Of a reference to a concept that the release does not have. */
const UNKNOWN = -0x80000000
/** Most groups of one concept. */
const mostGroup = 1_000_000

/** A value as ECL writes it, of `#1`, `#-0.5`, `"text"`, `true`, `false`. */
const VALUE = /^(?:#[+-]?\d{1,30}(?:\.\d{1,30})?|".*"|true|false)$/is

/** Collects relationships. */
export function relationshipPart({ isFull, conceptRow }: Pick<Common, 'isFull' | 'conceptRow'>) {
  const states = componentStates(isFull)
  const source = integers()
  const type = integers()
  const target = integers()
  // Group, doubled, and whether it is active.
  const group = counts()
  const values: string[] = []
  const numberOf = new Map<string, number>()
  const examples: string[] = []
  const rowOf = (id: string, name: string, row: RelationshipState): number => {
    checkId(id, name)
    const found = conceptRow(id)
    if (found >= 0) return found
    if (row.isActive && examples.length < 5) examples.push(`${row.id} (${name} ${id})`)
    return UNKNOWN
  }
  const numberOfValue = (text: string): number => {
    if (!VALUE.test(text))
      throw new Fault(`the value '${text.slice(0, 40)}' is no concrete value (#1, #0.5, "text", true)`)
    const known = numberOf.get(text)
    if (known !== undefined) return -1 - known
    const own = Buffer.from(text).toString()
    numberOf.set(own, values.push(own) - 1)
    return -values.length
  }
  const take = (row: RelationshipState): void => {
    if (!(row.group >= 0 && row.group <= mostGroup)) throw new Fault('relationshipGroup is no number of a group')
    const from = rowOf(row.source, 'sourceId', row)
    const kind = rowOf(row.type, 'typeId', row)
    const to = row.value === undefined ? rowOf(row.target ?? '', 'destinationId', row) : numberOfValue(row.value)
    const at = states.place(row.id, row.effectiveTime)
    if (at < 0) return
    const flags = row.group * 2 + (row.isActive ? 1 : 0)
    source.put(at, from)
    type.put(at, kind)
    target.put(at, to)
    group.put(at, flags)
  }
  return {
    take,
    check: (): ReleaseFinding[] => {
      let count = 0
      for (let at = 0; at < source.length; at++) {
        const isUnknown = source.at(at) === UNKNOWN || type.at(at) === UNKNOWN || target.at(at) === UNKNOWN
        if (isUnknown && group.at(at) % 2 === 1) count++
      }
      if (count === 0) return []
      const text = `${count} active relationships name concepts that are not in the release, e.g. ${examples.join(', ')}: it is a part of a release, or an extension without the edition that it extends`
      return [{ severity: 'error', text }]
    },
    /** No more is taken. */
    seal: states.seal,
    /** Active relationships: those of the hierarchy as pairs, the others as rows of attributes. */
    arrange: (isActive: (concept: number) => boolean) => {
      states.seal()
      const isA = conceptRow(SCT.isA)
      const child = integers()
      const parent = integers()
      const rows = integers()
      for (let at = 0; at < source.length; at++) {
        if (group.at(at) % 2 === 0) continue
        if (type.at(at) !== isA) {
          // A definition of what is no longer used defines nothing.
          const to = target.at(at)
          if (isActive(source.at(at)) && (to < 0 || isActive(to))) rows.put(rows.length, at)
        } else {
          child.put(child.length, source.at(at))
          parent.put(parent.length, target.at(at))
        }
      }
      return {
        child: child.whole(),
        parent: parent.whole(),
        write: (writer: SectionWriter, ordinalOf: Int32Array) => {
          const of = { source, type, target, group: { at: (row: number) => group.at(row) >>> 1 } }
          writeAttributes(writer, { rows: rows.whole(), ordinalOf, of })
          writeStrings(writer, 'snomed.values', values)
        },
      }
    },
  }
}

interface At {
  at(row: number): number
}

interface Attributes {
  rows: Int32Array
  ordinalOf: Int32Array
  of: { source: At; type: At; target: At; group: At }
}

/** Rows of one source stand together by group, then type, then value. */
function writeAttributes(writer: SectionWriter, { rows, ordinalOf, of }: Attributes): void {
  const count = ordinalOf.length
  const ordinal = (row: number) => (row < 0 ? row : (ordinalOf[row] ?? 0))
  const start = new Int32Array(count + 1)
  for (const row of rows) {
    const from = ordinal(of.source.at(row))
    start[from + 1] = (start[from + 1] ?? 0) + 1
  }
  for (let i = 0; i < count; i++) start[i + 1] = (start[i + 1] ?? 0) + (start[i] ?? 0)
  const next = start.slice()
  const placed = new Int32Array(rows.length)
  for (const row of rows) {
    const from = ordinal(of.source.at(row))
    const at = next[from] ?? 0
    placed[at] = row
    next[from] = at + 1
  }
  for (let from = 0; from < count; from++) {
    placed
      .subarray(start[from], start[from + 1])
      .sort(
        (a, b) =>
          of.group.at(a) - of.group.at(b) ||
          ordinal(of.type.at(a)) - ordinal(of.type.at(b)) ||
          ordinal(of.target.at(a)) - ordinal(of.target.at(b)),
      )
  }
  const target = placed.map((row) => ordinal(of.target.at(row)))
  const type = placed.map((row) => ordinal(of.type.at(row)))
  writer.put('snomed.attributes.start', start)
  writer.put('snomed.attributes.type', type)
  writer.put('snomed.attributes.target', target)
  writeNarrow(
    writer,
    'snomed.attributes.group',
    placed.map((row) => of.group.at(row)),
  )
  const source = placed.map((row) => ordinal(of.source.at(row)))
  writeByTarget(writer, count, { source, type, target })
}

/** Source and type of rows by the concept that is their value, in the order of the rows. */
function writeByTarget(
  writer: SectionWriter,
  count: number,
  { source, type, target }: { source: Int32Array; type: Int32Array; target: Int32Array },
): void {
  const start = new Int32Array(count + 1)
  for (const to of target) if (to >= 0) start[to + 1] = (start[to + 1] ?? 0) + 1
  for (let i = 0; i < count; i++) start[i + 1] = (start[i + 1] ?? 0) + (start[i] ?? 0)
  const next = start.slice()
  const list = new Int32Array(start[count] ?? 0)
  target.forEach((to, row) => {
    if (to < 0) return
    const at = next[to] ?? 0
    list[at] = row
    next[to] = at + 1
  })
  writer.put('snomed.attributes.byTarget.start', start)
  writer.put(
    'snomed.attributes.byTarget.source',
    list.map((row) => source[row] ?? 0),
  )
  writer.put(
    'snomed.attributes.byTarget.type',
    list.map((row) => type[row] ?? 0),
  )
}
