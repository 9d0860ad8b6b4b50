import type { CodeSystemConcept } from '../../../fhir/types.ts'
import type { CodeSystemHead } from '../code-system.ts'
import { type ConceptRow, linkReader } from '../concept-index.ts'
import { emptyTable, enter, find, hashOf } from './code-table.ts'
import { byteBlock, column } from './columns.ts'
import type { IndexFile } from './layout.ts'
import { arrangeRows } from './row-order.ts'
import type { Rows } from './rows.ts'
import { type OwnSections, writeIndex } from './write-index.ts'

/** Where texts wait until all concepts are known. */
export interface Spool {
  append(bytes: Uint8Array): void
  /** Bytes that were appended; the answer is used before the next call. */
  read(offset: number, length: number): Uint8Array
}

/** What became of the concepts. */
export interface IndexCounts {
  /** Concepts in the index. */
  concepts: number
  /** Names of parents that no concept has, and some of the codes. */
  unknownParents: number
  unknownParentCodes: string[]
  /** Size of the index file in bytes. */
  bytes: number
}

/** An index in the making. In memory are codes and numbers alone; texts go to the spool. */
export interface IndexBuilder {
  /** Takes a concept; answers its row, undefined when its code was there before (the first one stays). */
  add(row: ConceptRow): number | undefined
  /** Completes the last text and details of a row, when they come in two parts. */
  replace(row: number, content: Pick<ConceptRow, 'display' | 'concept'>): void
  /** Writes the index; `progress` is told the concepts done. `own` is what a kind of code system adds. */
  finish(file: IndexFile, progress?: (done: number) => void, own?: OwnSections): IndexCounts
}

const PIECE_BYTES = 1 << 20

/** Starts an index. `head` says which properties have a meaning. */
export function createIndexBuilder(head: CodeSystemHead, spool: Spool): IndexBuilder {
  const texts = spooledTexts(spool)
  const codes = codeRegister()
  const links = linkCollector(codes.find)
  const linksOf = linkReader(head)
  const take = (row: number, { display, concept }: Pick<ConceptRow, 'display' | 'concept'>) => {
    texts.set(row, display ?? '', detailText(concept))
    const named = concept?.property ? linksOf(concept) : { parents: [], children: [] }
    for (const child of named.children) links.named.push({ parent: row, child })
    return named.parents
  }
  return {
    add: (given) => {
      const row = codes.add(given.code)
      if (row === undefined) {
        // Of a concept that comes twice only what it says of others counts.
        const first = codes.find(given.code) ?? 0
        const { children } = given.concept?.property ? linksOf(given.concept) : { children: [] }
        for (const child of children) links.named.push({ parent: first, child })
        return undefined
      }
      const named = take(row, given)
      for (const parent of named.length > 0 ? new Set([...given.parents, ...named]) : given.parents) {
        links.add(row, parent)
      }
      return row
    },
    replace: (row, content) => {
      for (const parent of take(row, content)) links.add(row, parent)
    },
    finish: (file, progress, own) => {
      texts.flush()
      const rows: Rows = {
        count: codes.count,
        code: codes.code,
        codeBytes: codes.bytes,
        hash: codes.hash,
        find: codes.find,
        ...texts.reading,
        links: { child: links.child.values(), parent: links.parent.values() },
        unresolved: links.unresolved,
        named: links.named,
      }
      const order = arrangeRows(rows)
      const bytes = writeIndex({ file, head, rows, order, own, progress: progress ?? (() => {}) })
      const unknown = links.unresolved.filter((code) => codes.find(code) === undefined)
      return {
        concepts: codes.count(),
        unknownParents: unknown.length,
        unknownParentCodes: unknown.slice(0, 5),
        bytes,
      }
    },
  }
}

function detailText(concept: CodeSystemConcept | undefined): string {
  if (!concept) return ''
  const { definition, designation, property, extension } = concept
  if (!definition && !designation && !property && !extension) return ''
  return JSON.stringify({ definition, designation, property, extension })
}

/** Codes in one block with a hash table that grows. */
function codeRegister() {
  const block = byteBlock()
  const ends = column((length) => new Uint32Array(length))
  const hashes = column((length) => new Uint32Array(length))
  let table = emptyTable(1024)
  const from = (row: number) => (row === 0 ? 0 : ends.at(row - 1))
  const code = (row: number) => block.text(from(row), ends.at(row))
  const isCode = (wanted: string, hash: number) => (row: number) => hashes.at(row) === hash && code(row) === wanted
  return {
    count: () => ends.length,
    code,
    bytes: (row: number) => block.slice(from(row), ends.at(row)),
    hash: (row: number) => hashes.at(row),
    find: (wanted: string) => {
      const hash = hashOf(wanted)
      return find(table, hash, isCode(wanted, hash))
    },
    add: (wanted: string): number | undefined => {
      const hash = hashOf(wanted)
      if (find(table, hash, isCode(wanted, hash)) !== undefined) return undefined
      const row = ends.length
      if (row * 2 >= table.length) {
        table = emptyTable(row * 2)
        for (let each = 0; each < row; each++) enter(table, hashes.at(each), each)
      }
      ends.push(block.append(wanted))
      hashes.push(hash)
      enter(table, hash, row)
      return row
    },
  }
}

/** Parents by row where they are known already, by name where they come later. */
function linkCollector(rowOf: (code: string) => number | undefined) {
  const child = column((length) => new Int32Array(length))
  const parent = column((length) => new Int32Array(length))
  const unresolved: string[] = []
  const named: Rows['named'] = []
  const waiting = new Map<string, number>()
  const wait = (code: string): number => {
    const known = waiting.get(code)
    if (known !== undefined) return known
    waiting.set(code, unresolved.push(code) - 1)
    return unresolved.length - 1
  }
  return {
    child,
    parent,
    unresolved,
    named,
    add: (row: number, code: string) => {
      child.push(row)
      parent.push(rowOf(code) ?? -1 - wait(code))
    },
  }
}

/** Texts of rows in the spool, written in large pieces. */
function spooledTexts(spool: Spool) {
  const offsets = column((length) => new Float64Array(length))
  const displays = column((length) => new Uint32Array(length))
  const details = column((length) => new Uint32Array(length))
  const piece = Buffer.allocUnsafe(PIECE_BYTES)
  let used = 0
  let written = 0
  const flush = () => {
    if (used > 0) spool.append(piece.subarray(0, used))
    written += used
    used = 0
  }
  const append = (text: string): number => {
    if (text === '') return 0
    if (used + text.length * 3 > PIECE_BYTES) flush()
    if (text.length * 3 > PIECE_BYTES) {
      const bytes = Buffer.from(text)
      spool.append(bytes)
      written += bytes.length
      return bytes.length
    }
    const length = piece.write(text, used)
    used += length
    return length
  }
  return {
    flush,
    set: (row: number, display: string, detail: string) => {
      const offset = written + used
      const lengths = [append(display), append(detail)] as const
      if (row === offsets.length) offsets.push(offset)
      else offsets.set(row, offset)
      if (row === displays.length) displays.push(lengths[0])
      else displays.set(row, lengths[0])
      if (row === details.length) details.push(lengths[1])
      else details.set(row, lengths[1])
    },
    reading: {
      displayLength: (row: number) => displays.at(row),
      detailLength: (row: number) => details.at(row),
      text: (row: number) => {
        const length = displays.at(row)
        const bytes = spool.read(offsets.at(row), length + details.at(row))
        return { display: bytes.subarray(0, length), detail: bytes.subarray(length) }
      },
    },
  }
}
