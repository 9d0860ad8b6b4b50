/** Code systems as CSV (RFC 4180): a header row, then one concept a record. */
import { editDistance } from '../../base/nearest.ts'
import { unprocessable } from '../../fhir/error.ts'
import type { CodeSystem, CodeSystemConcept } from '../../fhir/types.ts'
import { cutLines, type SourceLine } from './lines.ts'
import { readConcept, type SourceItem } from './source-concept.ts'

const MOST_BYTES = 1 << 20
const SEPARATORS = [',', ';', '\t']

/** What the header row says. */
export interface CsvHeader {
  separator: string
  columns: Column[]
}

type Column =
  | { kind: 'code' | 'display' | 'definition' | 'parent' | 'parents' }
  | { kind: 'designation'; language: string }
  | { kind: 'property'; code: string; type: PropertyType }
  | { kind: 'nothing' }
type PropertyType = 'string' | 'code' | 'boolean'

/** Properties of FHIR with a type of their own; any other column is text. */
const TYPED: Record<string, PropertyType> = {
  status: 'code',
  inactive: 'boolean',
  notSelectable: 'boolean',
  abstract: 'boolean',
}

/**
 * Reads the header row: `code` must be there; `display`, `definition`, `parent` (may repeat), `parents` (codes between `|`)
 * and `display:xx` (designation in a language) have their meaning, any other column is a property.
 * @throws FhirError 422 when there is no column `code`
 */
export function readCsvHeader(chunks: Iterable<Uint8Array>): CsvHeader {
  const [first] = cutLines(chunks, { quoted: true, most: MOST_BYTES })
  const text = first?.text ?? ''
  const separator = separatorOf(text)
  const names = splitRecord(text, separator).fields.map((each) => each.trim())
  const columns = names.map(columnOf)
  if (columns.filter((each) => each.kind === 'code').length !== 1) {
    throw unprocessable(
      `The first line must name the columns, one of them 'code' (separated by comma, semicolon or tab); it has: ${names.slice(0, 20).join(', ').slice(0, 300)}`,
      'structure',
    )
  }
  return { separator, columns }
}

/** Declarations of the properties that the columns make. */
export function csvProperties({ columns }: CsvHeader): NonNullable<CodeSystem['property']> {
  const declared = new Map<string, PropertyType>()
  for (const each of columns) if (each.kind === 'property') declared.set(each.code, each.type)
  return [...declared].map(([code, type]) => ({ code, type }))
}

const meaning = ['display', 'definition', 'parent', 'parents', ...Object.keys(TYPED)]
/** Most letters that a misspelt column has wrong. */
const MOST_WRONG = 2

/** Columns that became properties of the code system, though their name is nearly one that has a meaning. */
export function csvRemarks(header: CsvHeader): string[] {
  return csvProperties(header).flatMap(({ code }) => {
    if (Object.hasOwn(TYPED, code)) return []
    const near = meaning.find((each) => editDistance(code.toLowerCase(), each.toLowerCase()) <= MOST_WRONG)
    return near === undefined ? [] : [`the column ${code} became a property; is ${near} meant?`]
  })
}

function columnOf(name: string): Column {
  const lower = name.toLowerCase()
  if (lower === '') return { kind: 'nothing' }
  for (const kind of ['code', 'display', 'definition', 'parent', 'parents'] as const)
    if (lower === kind) return { kind }
  const language = /^(?:display|designation)[:@]([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)$/i.exec(name)?.[1]
  if (language) return { kind: 'designation', language }
  const code = name.replace(/\s+/g, '_')
  return { kind: 'property', code, type: (Object.hasOwn(TYPED, code) && TYPED[code]) || 'string' }
}

/** The separator that splits the header into most columns. */
export function separatorOf(header: string): string {
  const counts = SEPARATORS.map((each) => splitRecord(header, each).fields.length)
  return SEPARATORS[counts.indexOf(Math.max(...counts))] ?? ','
}

/** The concepts of a file, and what is wrong with single lines. */
export function* readCsv(chunks: Iterable<Uint8Array>, header: CsvHeader): Generator<SourceItem> {
  const notes: SourceItem[] = []
  let isHeader = true
  const isRecord = (text: string) => splitRecord(text, header.separator).fault === undefined
  for (const record of cutLines(chunks, { quoted: true, most: MOST_BYTES, isRecord })) {
    if (isHeader) {
      isHeader = false
      continue
    }
    const problem = problemOf(record)
    if (problem) {
      yield { line: record.line, problem, lost: true }
      continue
    }
    const { fields, fault } = splitRecord(record.text ?? '', header.separator)
    if (fault) yield { line: record.line, problem: fault, lost: true }
    else if (fields.length > header.columns.length && fields.slice(header.columns.length).some((each) => each !== '')) {
      const text = `${fields.length} fields, but ${header.columns.length} columns`
      yield { line: record.line, problem: text, lost: true }
    } else if (fields.some((each) => each !== '')) {
      const note = (problem: string) => notes.push({ line: record.line, problem, lost: false })
      const { concept, parents } = conceptOf(fields, header, note)
      yield readConcept(concept, { line: record.line, parents }, note)
      yield* notes.splice(0)
    }
  }
}

function problemOf({ text, open, tooLong }: SourceLine): string | undefined {
  if (tooLong) return `longer than ${MOST_BYTES} bytes`
  if (text === undefined) return 'not UTF-8'
  return open ? 'a quote is opened and not closed' : undefined
}

function conceptOf(fields: string[], { columns }: CsvHeader, note: (problem: string) => void) {
  const concept: Record<string, unknown> = {}
  const parents = new Set<string>()
  const property: NonNullable<CodeSystemConcept['property']> = []
  const designation: NonNullable<CodeSystemConcept['designation']> = []
  for (const [i, column] of columns.entries()) {
    const value = (fields[i] ?? '').trim()
    if (value === '') continue
    if (column.kind === 'parent') parents.add(value)
    else if (column.kind === 'parents') {
      for (const each of value.split('|')) if (each.trim() !== '') parents.add(each.trim())
    } else if (column.kind === 'designation') designation.push({ language: column.language, value })
    else if (column.kind === 'property') {
      const made = propertyOf(column, value)
      if (made) property.push(made)
      else note(`'${value.slice(0, 50)}' is no value of ${column.code} (true or false) and was left out`)
    } else if (column.kind !== 'nothing') concept[column.kind] = value
  }
  if (property.length > 0) concept.property = property
  if (designation.length > 0) concept.designation = designation
  return { concept, parents: [...parents] }
}

function propertyOf({ code, type }: { code: string; type: PropertyType }, value: string) {
  if (type === 'code') return { code, valueCode: value }
  if (type === 'string') return { code, valueString: value }
  const truth = { true: true, '1': true, yes: true, false: false, '0': false, no: false }[value.toLowerCase()]
  return truth === undefined ? undefined : { code, valueBoolean: truth }
}

/** The fields of one record; `fault` says what is wrong with its quotes. */
export function splitRecord(text: string, separator: string): { fields: string[]; fault?: string } {
  if (!text.includes('"')) return { fields: text.split(separator) }
  const fields: string[] = []
  let at = 0
  for (;;) {
    if (text[at] !== '"') {
      const end = text.indexOf(separator, at)
      const field = text.slice(at, end < 0 ? undefined : end)
      fields.push(field)
      if (end < 0) return { fields }
      at = end + 1
      continue
    }
    let value = ''
    let end = text.indexOf('"', at + 1)
    let from = at + 1
    while (end >= 0 && text[end + 1] === '"') {
      value += text.slice(from, end + 1)
      from = end + 2
      end = text.indexOf('"', from)
    }
    if (end < 0) return { fields, fault: 'a quote is opened and not closed' }
    value += text.slice(from, end)
    fields.push(value)
    if (end + 1 >= text.length) return { fields }
    if (text[end + 1] !== separator)
      return { fields, fault: `something stands behind the closing quote of field ${fields.length}` }
    at = end + 2
  }
}
