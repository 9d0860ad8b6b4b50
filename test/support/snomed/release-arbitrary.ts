/** Small releases of any shape: several parents, inactive concepts, attributes of every kind, reference sets, dialects. */
import fc from 'fast-check'
import { type Rf2Rows, sct } from './rf2-rows.ts'
import { madeUpId } from './sctid.ts'

/** Item numbers of attributes, behind those of all concepts. */
const firstAttribute = 900

/** Identifiers of attributes in releases that are made here. */
export const attributeIds = [0, 1, 2].map((each) => madeUpId(firstAttribute + each))

/** The reference set of releases that are made here. */
export const refsetId = madeUpId(950)

/** Identifier of the concept at a place. */
export const conceptId = (place: number): string => madeUpId(place + 1)

const words = ['wing', 'leg', 'torn', 'sore', 'Élan', 'burn-2']

const concept = fc.record({
  /** 8 and 9: it is inactive. */
  rare: fc.nat({ max: 9 }),
  isDefined: fc.boolean(),
  module: fc.constantFrom(sct.coreModule, madeUpId(960)),
  parents: fc.array(fc.nat({ max: 1_000 }), { minLength: 0, maxLength: 3 }),
  term: fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 3 }),
  dialect: fc.constantFrom('', sct.usEnglish, sct.gbEnglish),
  attributes: fc.array(
    fc.record({
      type: fc.constantFrom(...attributeIds),
      to: fc.oneof(fc.nat({ max: 1_000 }), fc.constantFrom('#1', '#2.5', '"a \\"b\\""', 'true')),
      group: fc.nat({ max: 2 }),
    }),
    { maxLength: 4 },
  ),
  isMember: fc.boolean(),
})

type Made = typeof concept extends fc.Arbitrary<infer T> ? T : never

/** A release: concepts at places from 0, each below some before it; what else it needs stands behind them. */
export const anyRelease: fc.Arbitrary<{ rows: Rf2Rows; count: number }> = fc
  .array(concept, { minLength: 1, maxLength: 25 })
  .map((concepts) => ({ rows: rowsOf(concepts), count: concepts.length }))

function rowsOf(concepts: Made[]): Rf2Rows {
  const rows: Rf2Rows = {
    version: `http://snomed.info/xsct/${madeUpId(960)}/version/20270131`,
    concepts: [],
    descriptions: [],
    relationships: [],
    identifiers: [],
    refsets: [],
  }
  const effectiveTime = '20200131'
  const own = (id: string, active = true) => ({ id, effectiveTime, active, moduleId: sct.coreModule })
  const members = {
    language: [] as Rf2Rows['refsets'][number]['rows'],
    simple: [] as Rf2Rows['refsets'][number]['rows'],
  }
  let number = 0
  const member = (refset: string, component: string, values: string[]) => ({
    ...own(`00000000-0000-4000-8000-${String(number++).padStart(12, '0')}`),
    refsetId: refset,
    referencedComponentId: component,
    values,
  })
  const describe = (id: string, term: string, dialect: string) => {
    for (const typeId of [sct.fsn, sct.synonym]) {
      const description = madeUpId(rows.descriptions.length + 1, 'description')
      const texts = { conceptId: id, languageCode: 'en', typeId, caseSignificanceId: sct.caseInsensitive }
      rows.descriptions.push({ ...own(description), ...texts, term: typeId === sct.fsn ? `${term} (thing)` : term })
      if (dialect !== '') members.language.push(member(dialect, description, [sct.preferred]))
    }
  }
  const relate = (sourceId: string, typeId: string, to: { destinationId?: string; value?: string; group?: number }) =>
    rows.relationships.push({
      ...own(madeUpId(rows.relationships.length + 1, 'relationship')),
      sourceId,
      typeId,
      destinationId: to.destinationId ?? '',
      value: to.value ?? '',
      relationshipGroup: to.group ?? 0,
      characteristicTypeId: sct.inferred,
    })
  const put = (id: string, has: { isActive?: boolean; isDefined?: boolean; module?: string; parents: string[] }) => {
    rows.concepts.push({
      ...own(id, has.isActive ?? true),
      moduleId: has.module ?? sct.coreModule,
      definitionStatusId: has.isDefined ? sct.defined : sct.primitive,
    })
    for (const parent of new Set(has.parents)) relate(id, sct.isA, { destinationId: parent })
  }
  const fixed: [id: string, term: string, parents: string[]][] = [
    [sct.root, 'Root', []],
    ['106237007', 'Linkage', [sct.root]],
    [sct.isA, 'Is a', ['106237007']],
    ...attributeIds.map((id, at): [string, string, string[]] => [id, `Attribute ${at}`, ['106237007']]),
    [refsetId, 'Reference set', [sct.root]],
  ]
  for (const [id, term, parents] of fixed) {
    put(id, { parents })
    describe(id, term, sct.usEnglish)
  }
  const isActive = (place: number) => (concepts[place]?.rare ?? 0) < 8
  const target = (any: number) => any % concepts.length
  concepts.forEach((each, place) => {
    const id = conceptId(place)
    const above = each.parents
      .filter(() => place > 0)
      .map((any) => any % place)
      .filter(isActive)
    const parents = above.length > 0 ? above.map(conceptId) : [sct.root]
    put(id, { ...each, isActive: isActive(place), parents: isActive(place) ? parents : [] })
    describe(id, each.term.join(' '), each.dialect)
    // A reference set has members.
    if (each.isMember || place === 0) members.simple.push(member(refsetId, id, []))
    if (!isActive(place)) return
    for (const { type, to, group } of each.attributes) {
      if (typeof to === 'string') relate(id, type, { value: to, group })
      else if (isActive(target(to))) relate(id, type, { destinationId: conceptId(target(to)), group })
    }
  })
  rows.refsets.push({ fields: ['acceptabilityId'], rows: members.language }, { fields: [], rows: members.simple })
  return rows
}
