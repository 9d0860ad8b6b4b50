/** A linearization as a folder of entities in JSON, as WHO's ICD API publishes them (https://icd.who.int/docs/icd-api/), one or many a file. */
import { isJsonObject } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { unprocessable } from '../../../fhir/error.ts'
import type { ReleaseFiles } from '../source.ts'
import type { Axis, Entity, LanguageText, Linearization } from './entity.ts'
import { isFoundationUri, type LinearizationUri, parseLinearizationUri } from './uris.ts'

/** Longest file in bytes. */
const MOST_BYTES = 256 << 20

type Fault = (text: string) => Error

/**
 * Reads all entities of a folder. The same entity in several languages is one entity with several titles.
 * @throws FhirError 422 naming the file for what is not JSON, an entity that is none, entities of several releases, and one whose
 *   parents or children are not there
 */
export function readJsonEntities(files: ReleaseFiles, names: readonly string[]): Linearization {
  const entities = new Map<string, Entity>()
  const children = new Map<string, { names: string[]; file: string }>()
  const linearizations = new Set<string>()
  const releases = new Set<string>()
  for (const file of names) {
    const fault: Fault = (text) => unprocessable(`${file}: ${text}`, 'structure')
    for (const given of entitiesIn(files, file, fault)) {
      const uri = uriOf(given, fault)
      linearizations.add(uri.linearization)
      if (uri.release !== undefined) releases.add(uri.release)
      if (linearizations.size > 1 || releases.size > 1)
        throw fault(
          `there are entities of several linearizations or releases: ${[...linearizations, ...releases].join(', ')}`,
        )
      // The linearization itself: it names its chapters.
      children.set(uri.entity ?? '', { names: numbers(given.child, 'child', fault), file })
      if (uri.entity === undefined) continue
      const entity = entityOf(given, { number: uri.entity, file, fault })
      const known = entities.get(uri.entity)
      if (known) merge(known, entity, fault)
      else entities.set(uri.entity, entity)
    }
  }
  const [name = ''] = linearizations
  const [release] = releases
  requireWhole(entities, children)
  return { name, ...(release !== undefined && { release }), entities, findings: [] }
}

function entitiesIn(files: ReleaseFiles, file: string, fault: Fault): JsonObject[] {
  if (files.bytes(file) > MOST_BYTES) throw fault(`the file is longer than ${MOST_BYTES} bytes`)
  const bytes = Buffer.concat([...files.chunks(file)])
  let found: Json
  try {
    found = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw fault(`this is not JSON in UTF-8 (${error instanceof Error ? error.message : String(error)})`)
  }
  const list = Array.isArray(found) ? found : [found]
  return list.map((each, i) => {
    if (isJsonObject(each)) return each
    throw fault(`the ${i + 1}. value is no entity`)
  })
}

function uriOf(given: JsonObject, fault: Fault): LinearizationUri {
  const id = given['@id']
  const uri = typeof id === 'string' ? parseLinearizationUri(id) : undefined
  if (!uri) throw fault(`@id is ${JSON.stringify(id ?? null).slice(0, 100)}, and no linearization URI`)
  return uri
}

/** Numbers of the entities that a member names. */
function numbers(value: Json | undefined, member: string, fault: Fault): string[] {
  return list(value).flatMap((each) => {
    const uri = typeof each === 'string' ? parseLinearizationUri(each) : undefined
    if (!uri) throw fault(`${member} names ${JSON.stringify(each).slice(0, 100)}, which is no linearization URI`)
    return uri.entity ?? []
  })
}

const list = (value: Json | undefined): Json[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]

/** A text, or texts, with their languages: `{"@language": "en", "@value": "Cholera"}`. */
function texts(value: Json | undefined): LanguageText[] {
  return list(value).flatMap((each) => {
    if (!isJsonObject(each)) return []
    const { '@language': language, '@value': text } = each
    return typeof text === 'string' && text !== ''
      ? [{ language: typeof language === 'string' ? language : 'en', value: text }]
      : []
  })
}

/** Labels of a list of terms: `[{"label": {"@language": "en", "@value": "…"}}]`. */
const labels = (value: Json | undefined): LanguageText[] =>
  list(value).flatMap((each) => (isJsonObject(each) ? texts(each.label) : []))

const text = (value: Json | undefined): string => (typeof value === 'string' ? value.trim() : '')

function entityOf(given: JsonObject, { number, file, fault }: { number: string; file: string; fault: Fault }): Entity {
  const titles = texts(given.title)
  if (titles.length === 0) throw fault(`the entity ${number} has no title`)
  const parents = numbers(given.parent, 'parent', fault)
  if (parents.length > 1)
    throw fault(`the entity ${number} has ${parents.length} parents; in a linearization it has one`)
  const [parent] = parents
  const foundation = text(given.source).replace(/\/(?:other|unspecified)$/, '')
  if (foundation !== '' && !isFoundationUri(foundation))
    throw fault(`'${foundation.slice(0, 100)}' is no foundation URI`)
  const code = text(given.code)
  if (/[\s&/]/.test(code)) throw fault(`'${code.slice(0, 40)}' is no code`)
  const kind = text(given.classKind).toLowerCase()
  const first = (value: Json | undefined) => texts(value)[0]?.value ?? ''
  return {
    file,
    line: 0,
    number,
    foundation,
    code: kind === 'chapter' ? '' : code,
    blockId: text(given.blockId),
    chapter: kind === 'chapter' ? code : '',
    kind,
    titles,
    ...(parent !== undefined && { parent }),
    definition: first(given.definition) || first(given.longDefinition),
    codingNote: first(given.codingNote),
    codeRange: text(given.codeRange),
    browserUrl: text(given.browserUrl),
    isResidual: number.includes('/'),
    isLeaf: list(given.child).length === 0,
    groupings: [],
    inclusions: labels(given.inclusion).map(({ value }) => value),
    exclusions: labels(given.exclusion).map(({ value }) => value),
    indexTerms: labels(given.indexTerm),
    axes: list(given.postcoordinationScale).map((each) => axisOf(each, number, fault)),
  }
}

function axisOf(given: Json, number: string, fault: Fault): Axis {
  if (!isJsonObject(given)) throw fault(`the entity ${number} has an axis that is none`)
  const name = text(given.axisName).split('/').pop() ?? ''
  if (!/^[A-Za-z][A-Za-z0-9]{0,60}$/.test(name)) throw fault(`the entity ${number} has an axis without name`)
  return {
    name,
    isRequired: String(given.requiredPostcoordination).toLowerCase() === 'true',
    allowsSeveral: text(given.allowMultipleValues) !== 'NotAllowed',
    values: numbers(given.scaleEntity, 'scaleEntity', fault),
  }
}

/** Takes the texts of another language. */
function merge(known: Entity, other: Entity, fault: Fault): void {
  if (known.code !== other.code || known.parent !== other.parent)
    throw fault(`the entity ${known.number} is there twice, with another code or parent (${known.file})`)
  const isNew = other.titles.filter(({ language }) => !known.titles.some((each) => each.language === language))
  if (isNew.length === 0) throw fault(`the entity ${known.number} is there twice in one language (${known.file})`)
  known.titles.push(...isNew)
  known.indexTerms.push(...other.indexTerms)
}

function requireWhole(
  entities: Map<string, Entity>,
  children: ReadonlyMap<string, { names: string[]; file: string }>,
): void {
  for (const { names, file } of children.values()) {
    const missing = names.find((each) => !entities.has(each))
    if (missing !== undefined)
      throw unprocessable(`${file}: its child ${missing} is not there: this is half a linearization`, 'incomplete')
  }
  for (const { parent, file, number } of entities.values()) {
    if (parent !== undefined && !entities.has(parent))
      throw unprocessable(
        `${file}: the parent ${parent} of ${number} is not there: this is half a linearization`,
        'incomplete',
      )
  }
  for (const entity of entities.values()) entity.chapter ||= chapterOf(entity, entities)
}

/** The chapter that an entity is in; a circle of parents has none. */
function chapterOf(entity: Entity, entities: ReadonlyMap<string, Entity>): string {
  const seen = new Set<string>()
  for (let each: Entity | undefined = entity; each; each = entities.get(each.parent ?? '')) {
    if (each.kind === 'chapter') return each.chapter
    if (seen.has(each.number))
      throw unprocessable(`${entity.file}: the entity ${entity.number} stands below itself`, 'structure')
    seen.add(each.number)
  }
  return ''
}
