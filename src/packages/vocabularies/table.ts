/** Tables of a release: a header row that names the columns, then records. What is wrong ends the reading, with file and line. */
import { unprocessable } from '../../fhir/error.ts'
import { splitRecord } from '../large-code-system/csv.ts'
import { cutLines } from '../large-code-system/lines.ts'

/** Longest record in bytes: longer ones are no tables. */
const MOST_BYTES = 1 << 20

/** Columns by name; those that are not named here are left alone. */
export interface TableForm<Column extends string> {
  separator: ',' | '\t'
  required: readonly Column[]
  /** Columns that some releases lack; their values are then empty. */
  optional?: readonly Column[]
  /** Whether the names of columns may differ by case and blanks, as files do that went through a spreadsheet. */
  isLoose?: boolean
}

/** A table that is to be read. */
export interface TableSource {
  /** Of the file, as messages name it. */
  name: string
  chunks: Iterable<Uint8Array>
}

/** One record. */
export interface TableRow<Column extends string> {
  /** From 1, the header row. */
  line: number
  of: Record<Column, string>
}

/** Makes the error for something wrong in a line of a file. */
export const faultAt = (name: string, line: number, text: string) =>
  unprocessable(`${name}, line ${line}: ${text}`, 'structure')

/**
 * The records of a table, one after the other.
 * @throws FhirError 422 naming file and line for a missing or repeated column, a record of another length, an open quote, text that is
 *   not UTF-8, or a file without records
 */
export function* readTable<Column extends string>(
  { name, chunks }: TableSource,
  form: TableForm<Column>,
): Generator<TableRow<Column>> {
  let header: Header<Column> | undefined
  let records = 0
  const { separator } = form
  const isRecord = (text: string) => splitRecord(text, separator).fault === undefined
  for (const { line, text, open, tooLong } of cutLines(chunks, { quoted: true, most: MOST_BYTES, isRecord })) {
    if (tooLong) throw faultAt(name, line, `the record is longer than ${MOST_BYTES} bytes`)
    if (text === undefined) throw faultAt(name, line, 'this is not UTF-8')
    if (open) throw faultAt(name, line, 'a quote is opened and not closed')
    const { fields, fault } = splitRecord(text, separator)
    if (fault) throw faultAt(name, line, fault)
    if (!header) {
      header = readHeader(name, fields, form)
      continue
    }
    if (fields.length !== header.count)
      throw faultAt(name, line, `there are ${fields.length} fields, and ${header.count} columns`)
    records++
    const of = { ...header.empty }
    for (const [column, index] of header.columns) of[column] = fields[index] ?? ''
    yield { line, of }
  }
  if (!header) throw faultAt(name, 1, 'the file is empty')
  if (records === 0) throw faultAt(name, 2, 'there are no records below the names of the columns')
}

interface Header<Column extends string> {
  count: number
  columns: [Column, number][]
  empty: Record<Column, string>
}

function readHeader<Column extends string>(name: string, fields: string[], form: TableForm<Column>): Header<Column> {
  const { required, optional = [], isLoose = false } = form
  const plain = (text: string) => (isLoose ? text.toLowerCase().replace(/\s+/g, '') : text.trim())
  const names = fields.map(plain)
  const place = (column: Column) => names.indexOf(plain(column))
  const missing = required.filter((each) => place(each) < 0)
  if (missing.length > 0) {
    const found = fields.slice(0, 20).join(', ').slice(0, 300)
    throw faultAt(name, 1, `the column ${missing.join(', ')} is missing; there are: ${found}`)
  }
  const wanted = [...required, ...optional]
  const twice = wanted.find((each) => names.lastIndexOf(plain(each)) !== place(each))
  if (twice !== undefined) throw faultAt(name, 1, `the column ${twice} is there twice`)
  const columns = wanted.map((each): [Column, number] => [each, place(each)]).filter(([, index]) => index >= 0)
  const empty = Object.fromEntries(wanted.map((each) => [each, ''])) as Record<Column, string>
  return { count: fields.length, columns, empty }
}
