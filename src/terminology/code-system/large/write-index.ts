import type { Json } from '../../../base/json-value.ts'
import type { CodeSystemConcept } from '../../../fhir/types.ts'
import { propertyText } from '../../value-set/filters/property-values.ts'
import type { CodeSystemHead } from '../code-system.ts'
import { flagReader, propertiesOf, standardProperty, statusOf, textsOf } from '../concept-index.ts'
import type { Postings } from '../postings.ts'
import { collectPostings, words } from '../text-index.ts'
import { emptyTable, enter, find, hashOf } from './code-table.ts'
import { extensionFlag, FLAG } from './flags.ts'
import { type IndexFile, type IndexHeader, type SectionWriter, writeSections } from './layout.ts'
import type { RowOrder } from './row-order.ts'
import type { Rows } from './rows.ts'
import { writeFurtherRuns } from './runs.ts'
import { writeStrings } from './string-table.ts'

/** Most different values of a property that are indexed; filters on others look at every concept. */
const MOST_VALUES = 50_000

/** What a kind of code system adds to a file of its own; rows are in the order in which they were added. */
export interface OwnSections {
  /** Name of the kind: says what opens the file. */
  kind: string
  /** Further texts by whose words a concept is found. */
  texts?(row: number): Iterable<string>
  /** Whether it is inactive, where its details do not say so. */
  isInactive?(row: number): boolean
  /**
   * Writes sections, named by the kind; answers what stands in the directory as `own`. `displays` is where each display begins in the
   * section of that name, by ordinal; one more at the end.
   */
  write(writer: SectionWriter, order: RowOrder, displays: Uint32Array): Json
  /** Whether it keeps codes, what they are found by, and where displays begin; then concepts have no details. */
  keepsCodes?: true
}

/** What is written where. */
export interface IndexWriting {
  own?: OwnSections | undefined
  file: IndexFile
  head: CodeSystemHead
  rows: Rows
  order: RowOrder
  progress(done: number): void
}

/** Writes all sections in depth-first order; answers the size of the file in bytes. */
export function writeIndex(writing: IndexWriting): number {
  const { head, rows, order, own } = writing
  const writer = writeSections(writing.file)
  const gathered = writeTexts(writing, writer)
  writer.put('parent', order.parent)
  writer.put('end', order.end)
  writer.put('links.child', order.byChild.child)
  writer.put('links.childsParent', order.byChild.parent)
  writer.put('links.parent', order.byParent.parent)
  writer.put('links.parentsChild', order.byParent.child)
  writeFurtherRuns(writer, order)
  for (const child of order.byChild.child) gathered.flags[child] = (gathered.flags[child] ?? 0) | FLAG.extraParents
  writer.put('flags', gathered.flags)
  const statuses = [...gathered.statuses.keys()]
  writer.put('status', statuses.length > 0 ? gathered.status : new Int32Array(0))
  if (!own?.keepsCodes) writer.put('table', tableOf(rows, order))
  if (!own?.keepsCodes && !head.caseSensitive)
    writer.put('table.folded', foldedTable(rows, order, head.caseUnstated === true))
  writePostings(writer, 'text', gathered.texts.finish())
  const indexed = [...gathered.values].filter(([, postings]) => postings !== undefined)
  for (const [i, [, postings]] of indexed.entries()) {
    if (postings) writePostings(writer, `property/${i}`, postings.finish())
  }
  const ownHeader = own?.write(writer, order, gathered.displays)
  const header: IndexHeader = {
    concepts: rows.count(),
    caseSensitive: head.caseSensitive,
    hasInactive: gathered.flags.some((each) => (each & FLAG.inactive) !== 0),
    hierarchical: order.parent.some((each) => each >= 0),
    statuses,
    used: [...gathered.values.keys()],
    indexed: indexed.map(([code]) => code),
    ...(own && { kind: own.kind, own: ownHeader ?? null }),
  }
  return writer.finish(header)
}

/** What is learned of the concepts while their texts are copied. */
function gatherer(head: CodeSystemHead, count: number) {
  const flagsOf = flagReader(head)
  const statusProperty = standardProperty(head, 'status')
  const flags = new Uint8Array(count)
  const status = new Int32Array(count)
  const statuses = new Map<string, number>()
  const texts = collectPostings()
  const values = new Map<string, ReturnType<typeof collectPostings> | undefined>()
  const addValue = (code: string, text: string, ordinal: number) => {
    if (!values.has(code)) values.set(code, collectPostings())
    const postings = values.get(code)
    postings?.add(text, ordinal)
    if (postings && postings.size() > MOST_VALUES) values.set(code, undefined)
  }
  return {
    flags,
    status,
    statuses,
    texts,
    values,
    find: (ordinal: number, text: string) => {
      for (const word of words(text)) texts.add(word, ordinal)
    },
    take: (ordinal: number, concept: CodeSystemConcept | undefined) => {
      if (!concept) return
      flags[ordinal] = flagsOf(concept) | extensionFlag(concept)
      const own = statusOf(concept, statusProperty)
      if (own !== undefined) {
        const number = statuses.get(own) ?? statuses.size + 1
        statuses.set(own, number)
        status[ordinal] = number
      }
      for (const each of concept.property ?? []) if (!values.has(each.code)) values.set(each.code, collectPostings())
      for (const each of propertiesOf(concept)) addValue(each.code, propertyText(each), ordinal)
    },
  }
}

function writeTexts({ head, rows, order, own, progress }: IndexWriting, writer: SectionWriter) {
  const count = rows.count()
  const gathered = gatherer(head, count)
  const offsets = textOffsets(rows, order.order)
  const keepsCodes = own?.keepsCodes === true
  const stream = (name: string, { at, isKept }: { at: Uint32Array; isKept: boolean }) =>
    isKept ? writer.stream(name, at.at(-1) ?? 0) : undefined
  const codes = stream('codes', { at: offsets.codes, isKept: !keepsCodes })
  const displays = stream('displays', { at: offsets.displays, isKept: true })
  const details = stream('details', { at: offsets.details, isKept: !keepsCodes })
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  for (let ordinal = 0; ordinal < count; ordinal++) {
    const row = order.order[ordinal] ?? 0
    const { display, detail } = rows.text(row)
    codes?.append(rows.codeBytes(row))
    displays?.append(display)
    details?.append(detail)
    const concept: CodeSystemConcept | undefined = detail.length > 0 ? JSON.parse(decoder.decode(detail)) : undefined
    const [code, ...texts] = textsOf(rows.code(row), decoder.decode(display), concept)
    if (code !== undefined && !keepsCodes) gathered.find(ordinal, code)
    for (const text of texts) gathered.find(ordinal, text)
    for (const text of own?.texts?.(row) ?? []) gathered.find(ordinal, text)
    gathered.take(ordinal, concept)
    if (own?.isInactive?.(row)) gathered.flags[ordinal] = (gathered.flags[ordinal] ?? 0) | FLAG.inactive
    if (ordinal % 10_000 === 0) progress(ordinal)
  }
  for (const each of [codes, displays, details]) each?.end()
  if (!keepsCodes) {
    writer.put('codes.offsets', offsets.codes)
    writer.put('displays.offsets', offsets.displays)
    writer.put('details.offsets', offsets.details)
  }
  progress(count)
  return { ...gathered, displays: offsets.displays }
}

/** Where every text will stand, by ordinal. */
function textOffsets(rows: Rows, order: Int32Array) {
  const offsets = (length: (row: number) => number, what: string) => {
    const made = new Uint32Array(order.length + 1)
    let sum = 0
    for (let ordinal = 0; ordinal < order.length; ordinal++) {
      sum += length(order[ordinal] ?? 0)
      made[ordinal + 1] = sum
    }
    if (sum > 0xffffffff) throw new Error(`the ${what} of the code system are longer than 4 GB`)
    return made
  }
  return {
    codes: offsets((row) => rows.codeBytes(row).length, 'codes'),
    displays: offsets(rows.displayLength, 'displays'),
    details: offsets(rows.detailLength, 'details'),
  }
}

function tableOf(rows: Rows, { order }: RowOrder): Int32Array {
  const table = emptyTable(order.length)
  for (let ordinal = 0; ordinal < order.length; ordinal++) enter(table, rows.hash(order[ordinal] ?? 0), ordinal)
  return table
}

/** By code in lower case; of codes that differ by case the first counts, with `onlyUnique` none of them. */
function foldedTable(rows: Rows, { order }: RowOrder, onlyUnique: boolean): Int32Array {
  const folded = (ordinal: number) => rows.code(order[ordinal] ?? 0).toLowerCase()
  const several = new Set<number>()
  const fill = (left: ReadonlySet<number>) => {
    const table = emptyTable(order.length)
    for (let ordinal = 0; ordinal < order.length; ordinal++) {
      if (left.has(ordinal)) continue
      const code = folded(ordinal)
      const hash = hashOf(code)
      const first = find(table, hash, (each) => folded(each) === code)
      if (first === undefined) enter(table, hash, ordinal)
      else several.add(first).add(ordinal)
    }
    return table
  }
  const table = fill(new Set())
  return onlyUnique && several.size > 0 ? fill(several) : table
}

/** Writes words and who has them; {@link postingsOf} reads them. */
export function writePostings(
  writer: SectionWriter,
  name: string,
  postings: Postings & { vocabulary: string[] },
): void {
  writeStrings(writer, `${name}.words`, postings.vocabulary)
  writer.put(`${name}.start`, postings.start)
  writer.put(`${name}.ordinals`, postings.ordinals)
}
