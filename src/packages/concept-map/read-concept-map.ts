/** ConceptMaps as CSV (RFC 4180) or NDJSON: one mapping a record or line, with the columns or members of {@link columns}. */
import { FhirError, issue } from '../../fhir/error.ts'
import { parseJson } from '../../fhir/json.ts'
import type { ConceptMap, Issue } from '../../fhir/types.ts'
import { separatorOf, splitRecord } from '../large-code-system/csv.ts'
import { passingChunks } from '../large-code-system/file-bytes.ts'
import { cutLines, type SourceLine } from '../large-code-system/lines.ts'

const columns = [
  ...['source', 'sourceVersion', 'target', 'targetVersion'],
  ...['code', 'display', 'targetCode', 'targetDisplay', 'equivalence', 'comment'],
] as const
type Column = (typeof columns)[number]
type Row = Partial<Record<Column, string>>

type Group = NonNullable<ConceptMap['group']>[number]
type Element = Group['element'][number]
type Target = NonNullable<Element['target']>[number]

const equivalences = [
  ...(['relatedto', 'equivalent', 'equal', 'wider', 'subsumes'] as const),
  ...(['narrower', 'specializes', 'inexact', 'unmatched', 'disjoint'] as const),
] satisfies Target['equivalence'][]
const mostBytes = 1 << 20
const mostFaults = 20

/** A map that was read. */
export interface ReadConceptMap {
  map: ConceptMap
  mappings: number
}

/**
 * Reads the mappings of a file into a ConceptMap. A record that is not understood refuses all.
 * @param head the ConceptMap without groups; the first line of an NDJSON file may be one and is laid below it
 * @throws FhirError 422 that names the lines
 */
export function readConceptMap(
  path: string,
  { format, head }: { format: 'CSV' | 'NDJSON'; head: ConceptMap },
  progress: (mappings: number) => void = () => {},
): ReadConceptMap {
  const faults: { line: number; text: string }[] = []
  const made = new GroupMaker()
  let own: object = {}
  let mappings = 0
  for (const { line, row, head: found, fault } of format === 'CSV' ? csvRows(path) : ndjsonRows(path)) {
    if (found) own = found
    const problem = fault ?? (row ? made.add(row) : undefined)
    if (problem !== undefined) faults.push({ line, text: problem })
    if (faults.length > mostFaults) break
    if (row && ++mappings % 1000 === 0) progress(mappings)
  }
  if (mappings === 0 && faults.length === 0) faults.push({ line: 1, text: 'there is no mapping' })
  if (faults.length > 0) throw new FhirError(422, faults.map(faultIssue))
  return { map: { ...own, ...head, group: made.groups() }, mappings }
}

const faultIssue = ({ line, text }: { line: number; text: string }): Issue =>
  issue('invalid', { text: `line ${line}: ${text}`, diagnostics: `line ${line}` })

class GroupMaker {
  readonly #groups = new Map<string, { group: Group; elements: Map<string, Element> }>()

  /** Takes one mapping; answers what is wrong with it. */
  add(row: Row): string | undefined {
    const { source, target, code, targetCode, equivalence = targetCode === undefined ? 'unmatched' : '' } = row
    if (source === undefined) return 'the source system is missing'
    if (code === undefined) return 'the code is missing'
    const known = equivalences.find((each) => each === equivalence)
    if (!known) return `the equivalence must be one of ${equivalences.join(', ')}`
    const isUnmapped = known === 'unmatched' || known === 'disjoint'
    if (targetCode === undefined && !isUnmapped) return 'the target code is missing'
    if (targetCode !== undefined && target === undefined) return 'the target system is missing'
    const { group, elements } = this.#groupOf(row)
    let element = elements.get(code)
    if (!element) {
      element = { code, ...(row.display === undefined ? {} : { display: row.display }) }
      elements.set(code, element)
      group.element.push(element)
    }
    element.target ??= []
    element.target.push({
      ...(targetCode === undefined ? {} : { code: targetCode }),
      ...(row.targetDisplay === undefined ? {} : { display: row.targetDisplay }),
      equivalence: known,
      ...(row.comment === undefined ? {} : { comment: row.comment }),
    })
    return undefined
  }

  groups(): Group[] {
    return [...this.#groups.values()].map(({ group }) => group)
  }

  #groupOf({ source, sourceVersion, target, targetVersion }: Row) {
    const key = JSON.stringify([source, sourceVersion, target, targetVersion])
    const known = this.#groups.get(key)
    if (known) return known
    const group: Group = {
      ...(source === undefined ? {} : { source }),
      ...(sourceVersion === undefined ? {} : { sourceVersion }),
      ...(target === undefined ? {} : { target }),
      ...(targetVersion === undefined ? {} : { targetVersion }),
      element: [],
    }
    const made = { group, elements: new Map<string, Element>() }
    this.#groups.set(key, made)
    return made
  }
}

interface ReadRow {
  line: number
  row?: Row
  head?: object
  fault?: string
}

function problemOf({ text, open, tooLong }: SourceLine): string | undefined {
  if (tooLong) return `longer than ${mostBytes} bytes`
  if (text === undefined) return 'not UTF-8'
  return open ? 'a quote is opened and not closed' : undefined
}

function* csvRows(path: string): Generator<ReadRow> {
  let header: { separator: string; names: (Column | undefined)[] } | undefined
  for (const record of cutLines(passingChunks(path), { quoted: true, most: mostBytes })) {
    const { line, text = '' } = record
    const problem = problemOf(record)
    if (problem !== undefined) yield { line, fault: problem }
    else if (header) yield { line, ...csvRow(text, header) }
    else {
      const separator = separatorOf(text)
      const names = splitRecord(text, separator).fields.map((each) => each.trim())
      const unknown = names.find((each) => each !== '' && !isColumn(each))
      if (unknown !== undefined || !names.includes('code')) {
        yield { line, fault: `the first line must name columns of these, code among them: ${columns.join(', ')}` }
        return
      }
      header = { separator, names: names.map((each) => (isColumn(each) ? each : undefined)) }
    }
  }
}

const isColumn = (name: string): name is Column => columns.some((each) => each === name)

function csvRow(
  text: string,
  { separator, names }: { separator: string; names: (Column | undefined)[] },
): Omit<ReadRow, 'line'> {
  const { fields, fault } = splitRecord(text, separator)
  if (fault) return { fault }
  if (fields.length > names.length) return { fault: `${fields.length} fields, but ${names.length} columns` }
  const row: Row = {}
  for (const [index, name] of names.entries()) {
    const value = (fields[index] ?? '').trim()
    if (name !== undefined && value !== '') row[name] = value
  }
  return Object.keys(row).length === 0 ? {} : { row }
}

function* ndjsonRows(path: string): Generator<ReadRow> {
  let isFirst = true
  for (const record of cutLines(passingChunks(path), { quoted: false, most: mostBytes })) {
    const { line, text = '' } = record
    const problem = problemOf(record)
    if (problem !== undefined) yield { line, fault: problem }
    else if (text.trim() !== '') yield { line, ...ndjsonRow(text, isFirst) }
    isFirst = false
  }
}

function ndjsonRow(text: string, isFirst: boolean): Omit<ReadRow, 'line'> {
  let value: unknown
  try {
    value = parseJson(text)
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    return { fault: error.issues[0]?.diagnostics?.replace(/^line 1, /, '') ?? error.message }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { fault: 'not a JSON object' }
  if (isFirst && 'resourceType' in value) {
    if (value.resourceType !== 'ConceptMap') return { fault: 'the first line is a resource, but no ConceptMap' }
    return 'group' in value ? { fault: 'the ConceptMap of the first line has groups of its own' } : { head: value }
  }
  const row: Row = {}
  for (const [name, each] of Object.entries(value)) {
    if (!isColumn(name)) return { fault: `there is no member ${name.slice(0, 40)}; known are ${columns.join(', ')}` }
    if (typeof each !== 'string' || each === '') return { fault: `${name} is no text` }
    row[name] = each
  }
  return { row }
}
