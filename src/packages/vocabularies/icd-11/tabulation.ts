/** The simple tabulation of a linearization, as WHO publishes it beside its browser: a table, text with tabs or a spreadsheet. */
import { faultAt, readTable, type TableForm } from '../table.ts'
import type { Entity, Linearization } from './entity.ts'
import { isFoundationUri, parseLinearizationUri } from './uris.ts'

const REQUIRED = ['Code', 'BlockId', 'Title', 'ClassKind', 'DepthInKind', 'IsResidual', 'ChapterNo', 'isLeaf'] as const
const OPTIONAL = [
  'Foundation URI',
  'Linearization URI',
  'Linearization (release) URI',
  'TitleEN',
  'BrowserLink',
  'Primary tabulation',
  'PrimaryLocation',
  'CodingNote',
  'Parent',
  'noOfNonResidualChildren',
  'Grouping1',
  'Grouping2',
  'Grouping3',
  'Grouping4',
  'Grouping5',
] as const

type Column = (typeof REQUIRED)[number] | (typeof OPTIONAL)[number]

const FORM: TableForm<Column> = { separator: '\t', required: REQUIRED, optional: OPTIONAL, isLoose: true }

/** One record with its place. */
interface Row {
  line: number
  of: Record<Column, string>
}

/** A tabulation that is to be read. */
export interface TabulationSource {
  name: string
  chunks: Iterable<Uint8Array>
  /** Of the titles, as the name of the file tells. */
  language: string
}

/**
 * Reads a tabulation.
 * @throws FhirError 422 naming file and line for a column that is missing, an entity that is none or comes twice, a place in the
 *   hierarchy that is left out, and an entity that has something below it elsewhere: then half of the file is missing
 */
export function readTabulation(source: TabulationSource): Linearization {
  const { name: file } = source
  const entities = new Map<string, Entity>()
  const names = new Set<string>()
  const releases = new Set<string>()
  const above: string[] = []
  for (const row of readTable(source, FORM)) {
    const { entity, linearization, release } = entityOf(row, source)
    names.add(linearization)
    if (release !== undefined) releases.add(release)
    if (names.size > 1 || releases.size > 1)
      throw faultAt(
        file,
        row.line,
        `there are entities of several linearizations or releases: ${[...names, ...releases].join(', ')}`,
      )
    if (entities.has(entity.number)) throw faultAt(file, row.line, `the entity ${entity.number} is there twice`)
    place(entity, { row, above, file })
    entities.set(entity.number, entity)
  }
  const [name = ''] = names
  const [release] = releases
  requireWhole(entities)
  return { name, ...(release !== undefined && { release }), entities, findings: [] }
}

function entityOf({ line, of }: Row, { name: file, language }: TabulationSource) {
  const fault = (text: string) => faultAt(file, line, text)
  const uri = of['Linearization URI'] || of['Linearization (release) URI']
  const parsed = parseLinearizationUri(uri)
  if (parsed?.entity === undefined) throw fault(`'${uri.slice(0, 100)}' is no linearization URI of an entity`)
  const foundation = of['Foundation URI'].trim()
  if (foundation !== '' && !isFoundationUri(foundation))
    throw fault(`'${foundation.slice(0, 100)}' is no foundation URI`)
  const truth = (column: Column): boolean | undefined => {
    const text = of[column].trim().toLowerCase()
    if (text === '') return undefined
    if (text === 'true' || text === '1') return true
    if (text === 'false' || text === '0') return false
    throw fault(`${column} is '${text.slice(0, 40)}', which is neither true nor false`)
  }
  const title = plainTitle(of.Title)
  if (title === '') throw fault('there is no title')
  const code = of.Code.trim()
  if (/[\s&/]/.test(code)) throw fault(`'${code.slice(0, 40)}' is no code`)
  const english = plainTitle(of.TitleEN)
  const isLeaf = truth('isLeaf')
  const isPrimary = truth('Primary tabulation') ?? truth('PrimaryLocation')
  const depth = /^\d{1,3}$/.test(of.DepthInKind.trim()) ? Number(of.DepthInKind) : undefined
  const entity: Entity = {
    file,
    line,
    number: parsed.entity,
    foundation,
    code,
    blockId: of.BlockId.trim(),
    chapter: of.ChapterNo.trim(),
    kind: of.ClassKind.trim().toLowerCase(),
    titles: [...(english === '' ? [] : [{ language: 'en', value: english }]), { language, value: title }],
    definition: '',
    codingNote: of.CodingNote.trim(),
    codeRange: '',
    browserUrl: /https?:\/\/[^"]+/.exec(of.BrowserLink)?.[0] ?? '',
    ...(depth !== undefined && { depth }),
    isResidual: truth('IsResidual') ?? false,
    ...(isLeaf !== undefined && { isLeaf }),
    ...(isPrimary !== undefined && { isPrimary }),
    groupings: (['Grouping1', 'Grouping2', 'Grouping3', 'Grouping4', 'Grouping5'] as const)
      .map((each) => of[each].trim())
      .filter((each) => each !== ''),
    inclusions: [],
    exclusions: [],
    indexTerms: [],
    axes: [],
  }
  return { entity, linearization: parsed.linearization, release: parsed.release }
}

const MARKS = /^(?:- ?)+/

/** A title without the marks of its depth. */
const plainTitle = (text: string): string => text.replace(MARKS, '').trim()

/** Depth of an entity: a mark before the title for each level. */
const depthOf = (title: string): number => (MARKS.exec(title)?.[0].match(/-/g) ?? []).length

/** Finds what stands above an entity: as its record says, else by the marks before its title. */
function place(entity: Entity, { row, above, file }: { row: Row; above: string[]; file: string }): void {
  const depth = depthOf(row.of.Title)
  if (depth > above.length)
    throw faultAt(
      file,
      row.line,
      `the title has ${depth} marks, and the one before it ${above.length - 1}: a level is left out`,
    )
  const said = parseLinearizationUri(row.of.Parent)?.entity
  if (row.of.Parent.trim() !== '' && said === undefined && parseLinearizationUri(row.of.Parent) === undefined)
    throw faultAt(file, row.line, `'${row.of.Parent.slice(0, 100)}' is no linearization URI`)
  const parent = said ?? above[depth - 1]
  if (parent !== undefined) entity.parent = parent
  else if (entity.kind !== 'chapter')
    throw faultAt(file, row.line, `the ${entity.kind || 'entity'} stands below nothing`)
  above.length = depth
  above.push(entity.number)
}

/** What is not a leaf has something below it, and what is named as a parent is there. */
function requireWhole(entities: ReadonlyMap<string, Entity>): void {
  const parents = new Set<string>()
  for (const { parent, file, line } of entities.values()) {
    if (parent === undefined) continue
    if (!entities.has(parent))
      throw faultAt(file, line, `the entity above it, ${parent}, is not there: this is half a tabulation`)
    parents.add(parent)
  }
  for (const { number, isLeaf, file, line } of entities.values()) {
    if (isLeaf === false && !parents.has(number))
      throw faultAt(file, line, 'it is no leaf, and nothing stands below it: this is half a tabulation')
  }
}
