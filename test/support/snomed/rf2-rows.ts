/** The files of a release of SNOMED CT as rows, for tests: small, read whole, nothing checked. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What every component has. */
interface Rf2Component {
  id: string
  effectiveTime: string
  active: boolean
  moduleId: string
}

export interface Rf2Concept extends Rf2Component {
  definitionStatusId: string
}

/** A row of a Description or a TextDefinition file. */
export interface Rf2Description extends Rf2Component {
  conceptId: string
  languageCode: string
  typeId: string
  term: string
  caseSignificanceId: string
}

/** A row of a Relationship file, or of RelationshipConcreteValues: `destinationId` is then empty and `value` set. */
export interface Rf2Relationship extends Rf2Component {
  sourceId: string
  destinationId: string
  value: string
  relationshipGroup: number
  typeId: string
  characteristicTypeId: string
}

export interface Rf2Identifier {
  alternateIdentifier: string
  effectiveTime: string
  active: boolean
  moduleId: string
  identifierSchemeId: string
  referencedComponentId: string
}

export interface Rf2Member extends Rf2Component {
  refsetId: string
  referencedComponentId: string
  values: string[]
}

/** One file of reference set members. */
export interface Rf2RefsetFile {
  /** Names of the columns after referencedComponentId. */
  fields: string[]
  rows: Rf2Member[]
}

export interface Rf2Rows {
  /** Version URI. */
  version: string
  concepts: Rf2Concept[]
  descriptions: Rf2Description[]
  relationships: Rf2Relationship[]
  identifiers: Rf2Identifier[]
  refsets: Rf2RefsetFile[]
}

/** Well-known concepts of the metadata that every release of the standard has. */
export const sct = {
  root: '138875005',
  isA: '116680003',
  primitive: '900000000000074008',
  defined: '900000000000073002',
  inferred: '900000000000011006',
  stated: '900000000000010007',
  some: '900000000000451002',
  fsn: '900000000000003001',
  synonym: '900000000000013009',
  textDefinition: '900000000000550004',
  preferred: '900000000000548007',
  acceptable: '900000000000549004',
  caseInsensitive: '900000000000448009',
  coreModule: '900000000000207008',
  usEnglish: '900000000000509007',
  gbEnglish: '900000000000508004',
} as const

/** Reads the files of a snapshot below a folder by the beginnings of their names and their headers. */
export function readRf2Rows(folder: string, version: string): Rf2Rows {
  const read: Rf2Rows = { version, concepts: [], descriptions: [], relationships: [], identifiers: [], refsets: [] }
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.txt'))
  for (const name of files.sort()) {
    const kind = /(?:^|[\\/])x?(?:sct2|der2)_([a-zA-Z]+)_/.exec(name)?.[1]
    if (kind) readFile(read, kind, join(folder, name))
  }
  return read
}

function readFile(read: Rf2Rows, kind: string, path: string): void {
  const { columns, rows } = table(readFileSync(path, 'utf8'))
  const at = (row: string[], column: string) => row[columns.indexOf(column)] ?? ''
  const component = (row: string[]): Rf2Component => ({
    id: at(row, 'id'),
    effectiveTime: at(row, 'effectiveTime'),
    active: at(row, 'active') === '1',
    moduleId: at(row, 'moduleId'),
  })
  if (kind === 'Concept')
    for (const row of rows) read.concepts.push({ ...component(row), definitionStatusId: at(row, 'definitionStatusId') })
  else if (kind === 'Description' || kind === 'TextDefinition')
    for (const row of rows)
      read.descriptions.push({
        ...component(row),
        conceptId: at(row, 'conceptId'),
        languageCode: at(row, 'languageCode'),
        typeId: at(row, 'typeId'),
        term: at(row, 'term'),
        caseSignificanceId: at(row, 'caseSignificanceId'),
      })
  else if (kind === 'Relationship' || kind === 'RelationshipConcreteValues')
    for (const row of rows)
      read.relationships.push({
        ...component(row),
        sourceId: at(row, 'sourceId'),
        destinationId: at(row, 'destinationId'),
        value: at(row, 'value'),
        relationshipGroup: Number(at(row, 'relationshipGroup')),
        typeId: at(row, 'typeId'),
        characteristicTypeId: at(row, 'characteristicTypeId'),
      })
  else if (kind === 'Identifier')
    for (const row of rows)
      read.identifiers.push({
        alternateIdentifier: at(row, 'alternateIdentifier'),
        effectiveTime: at(row, 'effectiveTime'),
        active: at(row, 'active') === '1',
        moduleId: at(row, 'moduleId'),
        identifierSchemeId: at(row, 'identifierSchemeId'),
        referencedComponentId: at(row, 'referencedComponentId'),
      })
  else if (kind.endsWith('Refset')) {
    const fields = columns.slice(columns.indexOf('referencedComponentId') + 1)
    const members = rows.map((row) => ({
      ...component(row),
      refsetId: at(row, 'refsetId'),
      referencedComponentId: at(row, 'referencedComponentId'),
      values: fields.map((field) => at(row, field)),
    }))
    read.refsets.push({ fields, rows: members })
  }
}

function table(text: string): { columns: string[]; rows: string[][] } {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => line !== '')
  const [header = [], ...rows] = lines.map((line) => line.split('\t'))
  return { columns: header, rows }
}
