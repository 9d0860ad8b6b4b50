/** The artefacts of a catalogue: code systems, value sets by type and status, concept maps; all of one version. */
import type { CodeSystem, CodeSystemConcept, ConceptMap, Resource, ValueSet } from '../../../fhir/types.ts'
import type { Named, Organization } from '../../../packages/product-catalogue/product.ts'
import { mapFamily } from './concept-maps.ts'
import { otherIds, propertyCoding, propertyDeclarations, propertyText } from './concepts.ts'
import { base, importedVersion, otherIdStatus, type Shelf, vaccineTypeSystem } from './shelves.ts'
import type { StoredShelf } from './stored-shelf.ts'

/** What the artefacts of a shelf are made of: what is stored of it, merged with the catalogue. */
export interface ShelfContent extends Omit<StoredShelf, 'version'> {
  shelf: Shelf
}

/** Members that every artefact of an import carries. */
interface Head {
  id: string
  url: string
  version: string
  name: string
  title: string
  status: 'active'
  experimental: boolean
  date: string
  publisher: string
  description: string
}

function headOf(
  type: 'CodeSystem' | 'ValueSet' | 'ConceptMap',
  { id, title, description, url }: { id: string; title: string; description: string; url?: string },
  { version, publisher }: { version: string; publisher: string },
): Head {
  const [, year = '', month = '', day = ''] = importedVersion.exec(version) ?? []
  const name = id.replace(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  return {
    id: `${id}-${version}`.slice(0, 64),
    url: url ?? `${base}/${type}/${id}`,
    version,
    name,
    title,
    status: 'active',
    experimental: false,
    date: `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`,
    publisher,
    description,
  }
}

/** Every artefact of a shelf, in the version. */
export function artefactsOf(content: ShelfContent, version: string): Resource[] {
  const { shelf } = content
  const stamp = { version, publisher: shelf.publisher }
  return [
    ...codeSystemsOf(content, stamp),
    ...valueSetsOf(content, stamp),
    ...mapFamily(content).map(({ id, title, description, group }): ConceptMap => {
      return { resourceType: 'ConceptMap', ...headOf('ConceptMap', { id, title, description }, stamp), group }
    }),
  ]
}

type Stamp = { version: string; publisher: string }

function codeSystemsOf(content: ShelfContent, stamp: Stamp): CodeSystem[] {
  const { shelf, organizations, types, others } = content
  const concepts = [...content.concepts, ...otherIds(others.products, content.concepts)]
  const allTypes = [...types, ...others.types.filter(({ code }) => !types.some((each) => each.code === code))]
  const products: CodeSystem = {
    resourceType: 'CodeSystem',
    ...headOf(
      'CodeSystem',
      {
        id: shelf.id,
        url: shelf.system,
        title: shelf.title,
        description: 'Products of a catalogue as it was imported; what it lists no more stays, and is inactive.',
      },
      stamp,
    ),
    caseSensitive: shelf.caseSensitive,
    // All that is known of WHO's system is here, so that its own shorter list does not stand before it; a list of devices is one of many.
    content: shelf.kind === 'test-device' ? 'fragment' : 'complete',
    count: concepts.length,
    property: propertyDeclarations(),
    concept: concepts,
  }
  const parties: CodeSystem = {
    resourceType: 'CodeSystem',
    ...headOf(
      'CodeSystem',
      {
        id: `${shelf.source}-organizations`,
        title: `Organisations of the catalogue of ${shelf.plural}`,
        description: 'Makers of products, holders of their listing, and authorities.',
      },
      stamp,
    ),
    caseSensitive: true,
    content: 'fragment',
    count: organizations.length,
    property: [{ code: 'country', uri: `${base}/product-property#country`, type: 'string' }],
    concept: organizations.map(({ code, display, country }) => ({
      code,
      display,
      ...(country !== undefined && { property: [{ code: 'country', valueString: country }] }),
    })),
  }
  const vaccineTypes: CodeSystem = {
    resourceType: 'CodeSystem',
    ...headOf(
      'CodeSystem',
      {
        id: 'prequalified-vaccine-types',
        url: vaccineTypeSystem,
        title: 'Types of vaccine of WHO’s prequalification',
        description: 'Types of the products of the catalogue as it was imported.',
      },
      stamp,
    ),
    // DT and dT are two types.
    caseSensitive: true,
    content: 'complete',
    count: allTypes.length,
    property: [{ code: 'listed', uri: `${base}/product-property#listed`, type: 'boolean' }],
    concept: allTypes.map(({ code, display }) => ({
      code,
      display,
      ...(types.some((each) => each.code === code) && { property: [{ code: 'listed', valueBoolean: true }] }),
    })),
  }
  return [products, ...(organizations.length > 0 ? [parties] : []), ...(types.length > 0 ? [vaccineTypes] : [])]
}

type Filter = NonNullable<NonNullable<ValueSet['compose']>['include'][0]['filter']>[0]

/** Value sets are drawn by filter: one of which nothing is left is empty, where a list without codes would be the whole system. */
function valueSetsOf({ shelf, types }: ShelfContent, stamp: Stamp): ValueSet[] {
  const { system, plural, good, title } = shelf
  const isGood: Filter = { property: 'status', op: '=', value: good.status }
  const set = (id: string, named: string, filter: Filter[]): ValueSet => ({
    resourceType: 'ValueSet',
    ...headOf('ValueSet', { id, title: named, description: `${title}, drawn from version ${stamp.version}.` }, stamp),
    compose: {
      inactive: true,
      include: [{ system, version: stamp.version, filter }],
    },
  })
  return [
    set(`catalogue-${plural}`, `All ${plural} of the catalogue`, [
      { property: 'status', op: 'not-in', value: otherIdStatus },
    ]),
    set(`${good.word}-${plural}`, `${good.word} ${plural}`, [isGood]),
    set(`not-${good.word}-${plural}`, `${plural} that are not ${good.word} any more`, [
      { property: 'status', op: 'not-in', value: `${good.status},${otherIdStatus}` },
    ]),
    ...types.map(({ code, display }) =>
      set(`${good.word}-${plural}-${code}`, `${good.word} ${plural} of the type ${display}`, [
        isGood,
        { property: 'vaccineType', op: '=', value: code },
      ]),
    ),
  ]
}

/** Makers, holders and authorities that concepts name, over those known before; the newest name counts. */
export function organizationsOf(
  products: readonly { holder?: Organization; manufacturers: Organization[]; authority?: Organization }[],
  known: readonly Organization[],
): Organization[] {
  const found = new Map(known.map((each) => [each.code, each]))
  for (const { holder, manufacturers, authority } of products)
    for (const each of [holder, ...manufacturers, authority]) {
      if (!each) continue
      const country = each.country ?? found.get(each.code)?.country
      found.set(each.code, { code: each.code, display: each.display, ...(country !== undefined && { country }) })
    }
  return [...found.values()].sort(byCode)
}

/** The same order whatever came first, so that the same content is the same text. */
const byCode = (a: Named, b: Named) => (a.code < b.code ? -1 : 1)

/** Types of vaccine that concepts name, over those known before. */
export function typesOf(concepts: readonly CodeSystemConcept[], known: readonly Named[]): Named[] {
  const found = new Map(known.map((each) => [each.code, each]))
  for (const concept of concepts) {
    const type = propertyCoding(concept, 'vaccineType')
    if (type && propertyText(concept, 'status') !== undefined) found.set(type.code, type)
  }
  return [...found.values()].sort(byCode)
}
