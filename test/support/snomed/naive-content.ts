import type {
  SnomedAttributes,
  SnomedContent,
  SnomedDescription,
  SnomedHierarchy,
  SnomedMember,
  SnomedRefset,
} from '../../../src/terminology/vocabularies/snomed/content.ts'
import { indexWords } from '../../../src/terminology/vocabularies/snomed/term-words.ts'
import { type Rf2Member, type Rf2Rows, sct } from './rf2-rows.ts'

/**
 * The content of a release by plain loops over its rows: what the compiled file is measured against. Ordinals follow the numbers of
 * the identifiers. Language reference sets are no reference sets of concepts; they stand in the dialects of descriptions alone.
 */
export function naiveContent(rows: Rf2Rows): SnomedContent {
  const concepts = [...rows.concepts].sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1))
  const ordinals = new Map(concepts.map(({ id }, ordinal) => [id, ordinal]))
  const ordinalOf = (id: string) => ordinals.get(id) ?? -1
  const concept = (ordinal: number) => {
    const found = concepts[ordinal]
    if (!found) throw new RangeError(`no concept ${ordinal}`)
    return found
  }
  const isActive = (ordinal: number) => concept(ordinal).active
  const descriptions = describe(rows, ordinalOf)
  const members = refsets(rows, ordinalOf)
  return {
    version: rows.version,
    count: concepts.length,
    ordinalOf,
    idOf: (ordinal) => concept(ordinal).id,
    isActive,
    isDefined: (ordinal) => concept(ordinal).definitionStatusId === sct.defined,
    moduleOf: (ordinal) => concept(ordinal).moduleId,
    effectiveTimeOf: (ordinal) => Number(concept(ordinal).effectiveTime),
    hierarchy: hierarchy(rows, concepts.length, { ordinalOf, isActive }),
    attributes: attributes(rows, concepts.length, { ordinalOf, isActive }),
    descriptions: (ordinal) => descriptions[ordinal] ?? [],
    concepts: (words) =>
      Int32Array.from([...concepts.keys()].filter((each) => hasWords(descriptions[each] ?? [], words))),
    found: (words) =>
      Int32Array.from(
        [...concepts.keys()].filter(
          (each) => words.length > 0 && isFound(concept(each).id, descriptions[each] ?? [], words),
        ),
      ),
    refsets: Int32Array.from([...members.keys()].sort((a, b) => a - b)),
    refset: (ordinal) => members.get(ordinal),
    axioms: () => members.get(ordinalOf('733073007'))?.all() ?? [],
    byAlternateIdentifier: (scheme, identifier) => {
      const found = rows.identifiers.find(
        (each) => each.active && each.identifierSchemeId === scheme && each.alternateIdentifier === identifier,
      )
      return found ? ordinalOf(found.referencedComponentId) : -1
    },
  }
}

interface Lookup {
  ordinalOf(id: string): number
  isActive(ordinal: number): boolean
}

const ascending = (ordinals: Iterable<number>) => Int32Array.from([...new Set(ordinals)].sort((a, b) => a - b))

/** Rows of the inferred view between active concepts. */
function inferred(rows: Rf2Rows, { ordinalOf, isActive }: Lookup) {
  return rows.relationships.flatMap((row) => {
    const source = ordinalOf(row.sourceId)
    const target = row.value === '' ? ordinalOf(row.destinationId) : 0
    const type = ordinalOf(row.typeId)
    const holds = row.active && row.characteristicTypeId === sct.inferred && source >= 0 && isActive(source)
    if (!holds || target < 0 || type < 0 || (row.value === '' && !isActive(target))) return []
    return [{ row, source, target, type }]
  })
}

function hierarchy(rows: Rf2Rows, count: number, lookup: Lookup): SnomedHierarchy {
  const up = Array.from({ length: count }, () => new Set<number>())
  const down = Array.from({ length: count }, () => new Set<number>())
  for (const { row, source, target } of inferred(rows, lookup)) {
    if (row.typeId !== sct.isA) continue
    up[source]?.add(target)
    down[target]?.add(source)
  }
  const beyond = (links: Set<number>[], from: number) => {
    const found = new Set<number>()
    const open = [...(links[from] ?? [])]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (found.has(next)) continue
      found.add(next)
      open.push(...(links[next] ?? []))
    }
    return found
  }
  return {
    parents: (ordinal) => ascending(up[ordinal] ?? []),
    children: (ordinal) => ascending(down[ordinal] ?? []),
    ancestors: (ordinal) => ascending(beyond(up, ordinal)),
    descendants: (ordinal) => ascending(beyond(down, ordinal)),
    subsumes: (ancestor, descendant) => ancestor === descendant || beyond(up, descendant).has(ancestor),
  }
}

function attributes(rows: Rf2Rows, count: number, lookup: Lookup): SnomedAttributes {
  const values: string[] = []
  const made = inferred(rows, lookup)
    .filter(({ row }) => row.typeId !== sct.isA)
    .map(({ row, source, target, type }) => ({
      source,
      type,
      target: row.value === '' ? target : -values.push(row.value),
      group: row.relationshipGroup,
    }))
    .sort((a, b) => a.source - b.source || a.group - b.group)
  const targets = Int32Array.from(made, (each) => each.target)
  const ofValues = made.filter(({ target }) => target >= 0).sort((a, b) => a.target - b.target || a.source - b.source)
  const start = new Int32Array(count + 1).fill(made.length)
  for (let row = made.length - 1, source = count; row >= 0; row--)
    for (; source > (made[row]?.source ?? 0); source--) start[source] = row + 1
  const first = made[0]?.source ?? count
  start.fill(0, 0, first + 1)
  return {
    start,
    type: Int32Array.from(made, (each) => each.type),
    target: targets,
    group: Int32Array.from(made, (each) => each.group),
    value: (n) => values[n] ?? '',
    byTarget: {
      start: startsOf(ofValues, count),
      source: Int32Array.from(ofValues, ({ source }) => source),
      type: Int32Array.from(ofValues, ({ type }) => type),
    },
  }
}

/** Where the rows of each value begin. */
function startsOf(rows: readonly { target: number }[], count: number): Int32Array {
  const start = new Int32Array(count + 1)
  for (const { target } of rows) start[target + 1] = (start[target + 1] ?? 0) + 1
  for (let concept = 0; concept < count; concept++)
    start[concept + 1] = (start[concept + 1] ?? 0) + (start[concept] ?? 0)
  return start
}

function describe(rows: Rf2Rows, ordinalOf: (id: string) => number): SnomedDescription[][] {
  const dialects = new Map<string, SnomedDescription['dialects']>()
  for (const file of rows.refsets) {
    if (!isLanguageFile(file.fields)) continue
    for (const row of file.rows) {
      if (!row.active) continue
      const list = dialects.get(row.referencedComponentId) ?? []
      list.push({ refset: row.refsetId, acceptability: row.values[0] ?? '' })
      dialects.set(row.referencedComponentId, list)
    }
  }
  const made: SnomedDescription[][] = []
  for (const row of rows.descriptions) {
    const ordinal = ordinalOf(row.conceptId)
    if (ordinal < 0) continue
    made[ordinal] ??= []
    made[ordinal].push({
      id: row.id,
      isActive: row.active,
      effectiveTime: Number(row.effectiveTime),
      module: row.moduleId,
      language: row.languageCode,
      type: row.typeId,
      term: row.term,
      caseSignificance: row.caseSignificanceId,
      dialects: dialects.get(row.id) ?? [],
    })
  }
  return made
}

/** Whether a file holds language reference sets: acceptability is all that it says. */
const isLanguageFile = (fields: readonly string[]) => fields.length === 1 && fields[0] === 'acceptabilityId'

/** Identifier and active terms by their words, without marks. */
function isFound(id: string, descriptions: readonly SnomedDescription[], words: readonly string[]): boolean {
  const shown = descriptions.filter(({ isActive, type }) => isActive && type !== sct.textDefinition)
  const own = [id, ...shown.flatMap(({ term }) => indexWords(term))]
  return words.every((word) => own.some((each) => each.startsWith(word)))
}

const hasWords = (descriptions: readonly SnomedDescription[], words: readonly string[]) =>
  words.every((word) =>
    descriptions.some(({ term }) =>
      term
        .toLowerCase()
        .normalize('NFD')
        .replace(/\p{M}/gu, '')
        .replaceAll('ø', 'o')
        .split(/[^\p{L}\p{N}]+/u)
        .some((each) => each.startsWith(word)),
    ),
  )

function refsets(rows: Rf2Rows, ordinalOf: (id: string) => number): Map<number, SnomedRefset> {
  const byRefset = new Map<string, { fields: string[]; rows: Rf2Member[] }>()
  for (const { fields, rows: all } of rows.refsets) {
    if (isLanguageFile(fields)) continue
    for (const row of all) {
      const found = byRefset.get(row.refsetId) ?? { fields, rows: [] }
      found.rows.push(row)
      byRefset.set(row.refsetId, found)
    }
  }
  const made = new Map<number, SnomedRefset>()
  for (const [id, { fields, rows: all }] of byRefset) {
    const ordinal = ordinalOf(id)
    if (ordinal >= 0) made.set(ordinal, refset(fields, all, ordinalOf))
  }
  return made
}

function refset(fields: string[], rows: readonly Rf2Member[], ordinalOf: (id: string) => number): SnomedRefset {
  const members = rows.map(
    (row): SnomedMember => ({
      id: row.id,
      isActive: row.active,
      effectiveTime: Number(row.effectiveTime),
      module: row.moduleId,
      component: row.referencedComponentId,
      values: row.values,
    }),
  )
  const referred = members.filter((each) => each.isActive).map((each) => ordinalOf(each.component))
  return {
    fields,
    members: ascending(referred.filter((ordinal) => ordinal >= 0)),
    of: (concept) => members.filter((each) => ordinalOf(each.component) === concept),
    all: () => members,
    size: members.length,
    finds: () => true,
    withValue: (field, value) => members.filter((each) => each.values[fields.indexOf(field)] === value),
  }
}
