/** A release of ICD-11 (MMS, and WHO's ICF and ICHI) as a source of one large code system. */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { unprocessable } from '../../../fhir/error.ts'
import type { CodeSystem, CodeSystemConcept } from '../../../fhir/types.ts'
import type { SourceConcept, SourceItem } from '../../large-code-system/source-concept.ts'
import type { ReleaseFiles, VocabularySource } from '../source.ts'
import { codeOf, type Entity, type LanguageText, type Linearization } from './entity.ts'
import { readJsonEntities } from './json-entities.ts'
import { mapTables, readMapTable } from './map-tables.ts'
import { sheetAsText } from './spreadsheet.ts'
import { readTabulation } from './tabulation.ts'
import { isRelease, systemOf } from './uris.ts'

/** What is said of a release beside its files. */
export interface IcdOptions {
  /** e.g. `2025-01`. */
  version?: string | undefined
}

const TABULATION = /(?:^|\/)SimpleTabulation[^/]*\.(?:txt|xlsx)$/i

/**
 * Opens a release: one or several simple tabulations, one for each language, or a folder of entities in JSON.
 * @throws FhirError 422 naming what is missing, the line that is wrong, or a version that the release does not have
 */
export function icdSource(files: ReleaseFiles, { version: asked }: IcdOptions = {}): VocabularySource {
  const { linearization, read } = readRelease(files)
  const tables = mapTables(files)
  const version = versionOf(files, linearization, asked)
  const concepts = [...conceptsOf(linearization)]
  const axes = axesOf(linearization)
  const languages = [
    ...new Set([...linearization.entities.values()].flatMap(({ titles }) => titles.map((each) => each.language))),
  ]
  const findings = [
    ...linearization.findings,
    `ICD-11 ${linearization.name.toUpperCase()} ${version}: ${concepts.length} entities, titles in ${languages.join(', ')}`,
    axes.length > 0
      ? `${axes.length} axes of post-coordination are there, clusters are held to them`
      : 'axes of post-coordination are not there: of a cluster its codes are checked, and not whether they fit',
    tables.length > 0 ? `${tables.length} tables of maps are there` : 'tables of maps to and from ICD-10 are not there',
  ]
  const head = headOf({ linearization, version, axes, language: languages[0] ?? 'en' })
  return {
    kind: 'icd-11',
    path: files.path,
    format: 'ICD-11',
    ...measure(files, [...read, ...tables.map(({ name }) => name)]),
    head,
    findings,
    items: (progress) =>
      counted(
        concepts,
        read.reduce((sum, name) => sum + files.bytes(name), 0),
        progress,
      ),
    maps: () => tables.map((table) => readMapTable(files, table, { system: head.url ?? '', version })),
  }
}

function readRelease(files: ReleaseFiles): { linearization: Linearization; read: string[] } {
  const tabulations = withoutTwins(files.names.filter((name) => TABULATION.test(name)))
  const texts = tabulations.length > 0 ? tabulations : onlyText(files)
  if (texts.length > 0) return { linearization: readTabulations(files, texts), read: texts }
  const entities = files.names.filter((name) => /\.json$/i.test(name))
  if (entities.length === 0) {
    const text = `${basename(files.path)} is no release of ICD-11: give SimpleTabulation-ICD-11-MMS-en.txt or .xlsx, or a folder of entities in JSON`
    throw unprocessable(text, 'incomplete')
  }
  return { linearization: readJsonEntities(files, entities), read: entities }
}

/** WHO publishes each tabulation as text and as a spreadsheet: one of them will do. */
const withoutTwins = (names: string[]): string[] =>
  names.filter((name) => !/\.xlsx$/i.test(name) || !names.includes(name.replace(/\.xlsx$/i, '.txt')))

/** A single text file or spreadsheet is a tabulation, whatever its name. */
const onlyText = ({ names }: ReleaseFiles): string[] => {
  const texts = names.filter((name) => /\.(?:txt|tsv|xlsx)$/i.test(name))
  return names.length === 1 ? texts : []
}

/** One tabulation, and the titles of others in further languages; the English one first. */
function readTabulations(files: ReleaseFiles, names: readonly string[]): Linearization {
  const languageOf = (name: string) => /-([a-z]{2,3}(?:-[A-Za-z]{2,4})?)\.(?:txt|xlsx)$/.exec(name)?.[1] ?? 'en'
  const sorted = [...names].sort(
    (a, b) => Number(languageOf(a) !== 'en') - Number(languageOf(b) !== 'en') || (a < b ? -1 : 1),
  )
  let first: Linearization | undefined
  for (const name of sorted) {
    const found = readTabulation({ name, chunks: textOf(files, name), language: languageOf(name) })
    if (!first) first = found
    else addTitles(first, found, name)
  }
  if (!first) throw new Error('no tabulation is named')
  return first
}

const textOf = (files: ReleaseFiles, name: string): Iterable<Uint8Array> =>
  /\.xlsx$/i.test(name) ? sheetAsText(name, Buffer.concat([...files.chunks(name)])) : files.chunks(name)

function addTitles(first: Linearization, other: Linearization, name: string): void {
  if (other.name !== first.name || other.release !== first.release)
    throw unprocessable(`${name} is of another linearization or release than the file before it`, 'business-rule')
  for (const [number, { titles, code, file, line }] of other.entities) {
    const known = first.entities.get(number)
    if (!known || known.code !== code)
      throw unprocessable(
        `${file}, line ${line}: the other tabulations have no such entity: they are of different releases`,
        'structure',
      )
    const isNew = ({ language }: LanguageText) => !known.titles.some((each) => each.language === language)
    known.titles.push(...titles.filter(isNew))
  }
  if (other.entities.size !== first.entities.size)
    throw unprocessable(
      `${name} has ${other.entities.size} entities, the others ${first.entities.size}: half of it is missing`,
      'structure',
    )
}

function versionOf({ path }: ReleaseFiles, { release }: Linearization, asked: string | undefined): string {
  const told = asked ?? release
  const name = basename(path)
  if (told === undefined)
    throw unprocessable(`${name} does not say which release it is: give --version, e.g. --version 2025-01`, 'required')
  if (!isRelease(told)) throw unprocessable(`'${told.slice(0, 40)}' is no release of ICD-11, e.g. 2025-01`, 'value')
  if (release !== undefined && isRelease(release) && release !== told)
    throw unprocessable(`${name} has entities of the release ${release}: it is not ${told}`, 'business-rule')
  return told
}

function measure(files: ReleaseFiles, names: string[]): { bytes: number; sha256: string } {
  const hash = createHash('sha256')
  let bytes = 0
  for (const name of [...names].sort()) {
    bytes += files.bytes(name)
    hash.update(`${name.split('/').pop()} ${files.sha256(name)}\n`)
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** All axes that stems of a release have. */
const axesOf = ({ entities }: Linearization): string[] =>
  [...new Set([...entities.values()].flatMap(({ axes }) => axes.map(({ name }) => name)))].sort()

/** Uri of a property that is an axis of post-coordination. */
const AXIS = 'http://id.who.int/icd/schema/'

const TITLES: Readonly<Record<string, string>> = {
  mms: 'ICD-11 for Mortality and Morbidity Statistics (ICD-11 MMS)',
  icf: 'International Classification of Functioning, Disability and Health (ICF)',
  ichi: 'International Classification of Health Interventions (ICHI)',
}

function headOf({
  linearization: { name },
  version,
  axes,
  language,
}: {
  linearization: Linearization
  version: string
  axes: string[]
  language: string
}): CodeSystem {
  const meaning = 'http://hl7.org/fhir/concept-properties#'
  const texts = ['foundationUri', 'linearizationUri', 'chapterNo', 'blockId', 'codingNote', 'codeRange', 'browserUrl']
  return {
    resourceType: 'CodeSystem',
    url: systemOf(name),
    version,
    name: name === 'mms' ? 'ICD11MMS' : name.toUpperCase(),
    title: TITLES[name] ?? name,
    status: 'active',
    language,
    publisher: 'World Health Organization (WHO)',
    copyright:
      'ICD-11 © World Health Organization. Licensed under CC BY-ND 3.0 IGO (https://icd.who.int/en/docs/icd11-license.pdf).',
    caseSensitive: true,
    hierarchyMeaning: 'is-a',
    compositional: name === 'mms',
    content: 'not-present',
    filter: [
      {
        code: 'concept',
        operator: ['is-a', 'descendent-of', 'is-not-a', 'generalizes', '=', 'in', 'not-in'],
        value: 'A code',
      },
      ...['chapterNo', 'blockId', 'classKind', 'grouping', 'isLeaf', 'isResidual'].map((code) => ({
        code,
        operator: ['=' as const, 'in' as const, 'not-in' as const, 'exists' as const],
        value: 'A value of the property',
      })),
    ],
    property: [
      { code: 'notSelectable', uri: `${meaning}notSelectable`, type: 'boolean' },
      { code: 'classKind', type: 'code' },
      ...texts.map((code) => ({ code, type: 'string' as const })),
      ...['inclusion', 'exclusion', 'grouping', 'postcoordination'].map((code) => ({ code, type: 'string' as const })),
      { code: 'depthInKind', type: 'integer' },
      ...['isResidual', 'isLeaf', 'primaryLocation'].map((code) => ({ code, type: 'boolean' as const })),
      ...axes.map((code) => ({ code, uri: AXIS + code, type: 'code' as const })),
    ],
  }
}

function* counted(
  concepts: readonly SourceConcept[],
  bytes: number,
  progress: (done: number) => void,
): Generator<SourceItem> {
  for (const [i, concept] of concepts.entries()) {
    yield concept
    if (i % 1000 === 0) progress(Math.round((bytes * i) / concepts.length))
  }
  progress(bytes)
}

function* conceptsOf({ name, entities }: Linearization): Generator<SourceConcept> {
  const known = new Map<string, Entity>()
  for (const entity of entities.values()) {
    requireNoCircle(entity, entities)
    const code = codeOf(entity)
    const other = known.get(code)
    if (other)
      throw unprocessable(
        `${entity.file}, line ${entity.line}: the code ${code} is there twice (${other.number} and ${entity.number})`,
        'duplicate',
      )
    known.set(code, entity)
  }
  for (const entity of entities.values()) {
    const parent = entities.get(entity.parent ?? '')
    const [title, ...others] = entity.titles
    const concept: CodeSystemConcept = {
      code: codeOf(entity),
      ...(entity.definition !== '' && { definition: entity.definition }),
      designation: [...others.map(({ language, value }) => ({ language, value })), ...entity.indexTerms.map(indexTerm)],
      property: propertiesOf(entity, name, entities),
    }
    if (concept.designation?.length === 0) delete concept.designation
    const parents = parent ? [codeOf(parent)] : []
    yield { line: entity.line, code: concept.code, display: title?.value ?? '', parents, concept }
  }
}

function requireNoCircle(entity: Entity, entities: ReadonlyMap<string, Entity>): void {
  const seen = new Set<string>()
  for (let each: Entity | undefined = entity; each; each = entities.get(each.parent ?? '')) {
    if (seen.has(each.number))
      throw unprocessable(`${entity.file}, line ${entity.line}: ${entity.number} stands below itself`, 'structure')
    seen.add(each.number)
  }
}

const indexTerm = ({ language, value }: LanguageText) => ({
  language,
  use: { system: 'http://id.who.int/icd/schema', code: 'indexTerm' },
  value,
})

type Property = NonNullable<CodeSystemConcept['property']>[number]

function propertiesOf(entity: Entity, name: string, entities: ReadonlyMap<string, Entity>): Property[] {
  const text = (code: string, valueString: string): Property[] => (valueString === '' ? [] : [{ code, valueString }])
  const truth = (code: string, valueBoolean: boolean | undefined): Property[] =>
    valueBoolean === undefined ? [] : [{ code, valueBoolean }]
  const isSelectable = entity.kind === 'category' && entity.code !== ''
  return [
    ...text('foundationUri', entity.foundation),
    ...text('linearizationUri', `${systemOf(name)}/${entity.number}`),
    ...(entity.kind === '' ? [] : [{ code: 'classKind', valueCode: entity.kind }]),
    ...text('chapterNo', entity.chapter),
    ...text('blockId', entity.blockId),
    ...(entity.depth === undefined ? [] : [{ code: 'depthInKind', valueInteger: entity.depth }]),
    ...truth('isResidual', entity.isResidual),
    ...truth('isLeaf', entity.isLeaf),
    ...truth('primaryLocation', entity.isPrimary),
    ...entity.groupings.flatMap((each) => text('grouping', each)),
    ...text('codingNote', entity.codingNote),
    ...text('codeRange', entity.codeRange),
    ...text('browserUrl', entity.browserUrl),
    ...entity.inclusions.flatMap((each) => text('inclusion', each)),
    ...entity.exclusions.flatMap((each) => text('exclusion', each)),
    ...(isSelectable ? [] : truth('notSelectable', true)),
    ...entity.axes.flatMap((axis) => [
      ...text(
        'postcoordination',
        [axis.name, axis.isRequired ? 'required' : 'optional', axis.allowsSeveral ? 'several' : 'one'].join(' '),
      ),
      ...axis.values.map((each): Property => ({ code: axis.name, valueCode: valueCode(each, entity, entities) })),
    ]),
  ]
}

/** The code of an entity that an axis names. */
function valueCode(number: string, { file, number: stem }: Entity, entities: ReadonlyMap<string, Entity>): string {
  const found = entities.get(number)
  if (found) return codeOf(found)
  throw unprocessable(
    `${file}: the value ${number} of an axis of ${stem} is not there: this is half a linearization`,
    'incomplete',
  )
}
