/** Concept maps of a catalogue: from products to names, makers and types, and from the EU's codes to products. */
import type { CodeSystemConcept, ConceptMap } from '../../../fhir/types.ts'
import type { Named } from '../../../packages/product-catalogue/product.ts'
import { propertyCoding, propertyText } from './concepts.ts'
import { organizationSystem, type Shelf, vaccineTypeSystem } from './shelves.ts'

/** Codes of one system mapped to another. */
export type Group = NonNullable<ConceptMap['group']>[number]
type Element = Group['element'][number]
type Equivalence = NonNullable<Element['target']>[number]['equivalence']

/** A map without its head. */
interface MapDraft {
  id: string
  title: string
  description: string
  group: Group[]
}

/** Systems of the EU's codes of vaccines: the community register, and codes for products that are not in it. */
const euSystems = {
  register: 'https://ec.europa.eu/health/documents/community-register/html/',
  other: 'http://ec.europa.eu/temp/vaccineproductname',
}

interface MapContent {
  shelf: Shelf
  concepts: CodeSystemConcept[]
  kept: Map<string, Group[]>
  euProducts: Named[]
}

/** Ids of the maps that others may have entries in, which stay. */
export const sharedMaps = (shelf: Shelf): string[] =>
  [`${shelf.source}-to-name`, `${shelf.source}-to-manufacturer`].concat(
    shelf.kind === 'vaccine' ? [`${shelf.source}-to-vaccine-type`, `prequalified-${shelf.source}-to-vaccine-type`] : [],
  )

/** Every map of a shelf. */
export function mapFamily(content: MapContent): MapDraft[] {
  const { shelf, concepts } = content
  const { system, source, plural, good } = shelf
  const listed = new Set(concepts.map(({ code }) => code.toLowerCase()))
  const isGood = (concept: CodeSystemConcept) => propertyText(concept, 'status') === good.status
  const typeOf = (concept: CodeSystemConcept) => elementOf(concept, propertyCoding(concept, 'vaccineType'), 'wider')
  const draft = (id: string, title: string, target: string, elements: (Element | undefined)[]): MapDraft[] => {
    const group = groupsWith(
      { source: system, target, listed },
      elements.flatMap((each) => each ?? []),
      content.kept.get(id),
    )
    if (group.length === 0) return []
    const description =
      'What the catalogue tells of its products; a code that is in none of its entries stays as it is.'
    return [{ id, title, description, group }]
  }
  const maps = [
    ...draft(
      `${source}-to-name`,
      `${plural} to their names`,
      system,
      concepts.map((each) => elementOf(each, { code: each.code, display: each.display ?? each.code }, 'equal')),
    ),
    ...draft(
      `${source}-to-manufacturer`,
      `${plural} to their makers`,
      organizationSystem(shelf),
      concepts.map((each) => elementOf(each, propertyCoding(each, 'manufacturer'), 'relatedto')),
    ),
  ]
  if (shelf.kind !== 'vaccine') return maps
  return [
    ...maps,
    ...draft(`${source}-to-vaccine-type`, 'Vaccines to their types', vaccineTypeSystem, concepts.map(typeOf)),
    ...draft(
      `prequalified-${source}-to-vaccine-type`,
      'Prequalified vaccines to their types',
      vaccineTypeSystem,
      concepts.filter(isGood).map(typeOf),
    ),
    ...euMap(content),
  ]
}

const elementOf = (
  concept: CodeSystemConcept,
  target: Named | undefined,
  equivalence: Equivalence,
): Element | undefined =>
  target && {
    code: concept.code,
    ...(concept.display !== undefined && { display: concept.display }),
    target: [{ ...target, equivalence }],
  }

/**
 * A group with the elements, and those of kept groups about what is in no catalogue: of a product that is in one, it alone tells. A code
 * that nobody maps is handed on.
 */
function groupsWith(
  { source, target, listed }: { source: string; target: string; listed: ReadonlySet<string> },
  element: Element[],
  kept: Group[] = [],
): Group[] {
  const others = kept.flatMap((each) => (each.source === source && each.target === target ? each.element : []))
  const all = [...element, ...others.filter(({ code = '' }) => !listed.has(code.toLowerCase()))]
  return all.length === 0 ? [] : [{ source, target, element: all, unmapped: { mode: 'provided' } }]
}

/**
 * Products of the EU's list: by the codes that a catalogue tells, and by the name under which both sell it. One code of the EU stands for
 * all presentations of a product, of which the catalogue lists each.
 */
function euMap({ shelf, concepts, euProducts }: MapContent): MapDraft[] {
  const element = euProducts.map((product): Element => {
    const same = concepts.filter(
      (each) =>
        each.property?.some(({ code, valueCode }) => code === 'euProduct' && valueCode === product.code) ||
        isSameName(commercialName(each), product.display),
    )
    const target = same.map((each) => ({
      code: each.code,
      ...(each.display !== undefined && { display: each.display }),
      equivalence: 'narrower' as const,
    }))
    return { ...product, target: target.length > 0 ? target : [{ equivalence: 'unmatched' }] }
  })
  const group = Object.values(euSystems).flatMap((source): Group[] => {
    const own = element.filter((each) => systemOf(each.code ?? '') === source)
    return own.length === 0 ? [] : [{ source, target: shelf.system, element: own }]
  })
  if (group.length === 0) return []
  const description = 'By the codes that the catalogue tells, and by equal names; `unmatched` where it lists none.'
  return [{ id: 'eu-product-to-who-product', title: 'EU vaccine product to prequalified product', description, group }]
}

const systemOf = (code: string) => (/^EU\/\d/.test(code) ? euSystems.register : euSystems.other)

/** The name without what was put behind it. */
const commercialName = ({ display = '' }: CodeSystemConcept) => display.replace(/, \d+ doses?$/, '')

const plain = (name: string) =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '')

const isSameName = (a: string, b: string) => plain(a) !== '' && plain(a) === plain(b)
