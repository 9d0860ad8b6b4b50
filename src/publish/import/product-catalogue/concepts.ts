/** Products as concepts of their CodeSystem, and what becomes of those that are stored. */
import { isDeepStrictEqual } from 'node:util'
import type { CodeSystem, CodeSystemConcept } from '../../../fhir/types.ts'
import { codeOf } from '../../../packages/product-catalogue/fields.ts'
import type { Named, Product } from '../../../packages/product-catalogue/product.ts'
import {
  base,
  goneStatus,
  organizationSystem,
  otherIdStatus,
  presentationSystem,
  type Shelf,
  vaccineTypeSystem,
} from './shelves.ts'

/** A property of a concept. */
type Property = NonNullable<CodeSystemConcept['property']>[number]

/** Properties of products: code, type, what it tells. */
const declared: [
  code: string,
  type: 'code' | 'Coding' | 'string' | 'integer' | 'boolean' | 'dateTime',
  tells: string,
][] = [
  ['status', 'code', 'Where the product stands in its catalogue; NotListed when the catalogue lists it no more'],
  ['inactive', 'boolean', 'True unless its status is the one of good products'],
  ['kind', 'code', 'vaccine, test-device or commodity'],
  ['prequalificationDate', 'dateTime', 'Day of the prequalification'],
  ['listedSince', 'dateTime', 'First day on the list'],
  ['vaccineType', 'Coding', 'Type of vaccine'],
  ['manufacturer', 'Coding', 'Who makes it; of several sites each'],
  ['holder', 'Coding', 'Who holds the listing'],
  ['nra', 'Coding', 'National regulatory authority of record'],
  ['presentation', 'Coding', 'How it is packed'],
  ['doses', 'integer', 'Doses in one primary container'],
  ['listing', 'string', 'Number in the list of the publisher'],
  ['form', 'string', 'Pharmaceutical form'],
  ['route', 'string', 'Route of administration'],
  ['shelfLife', 'string', 'Shelf life'],
  ['storage', 'string', 'Temperature of storage'],
  ['euProduct', 'code', 'Code of the product in the list of the EU'],
  ['published', 'dateTime', 'When the publisher wrote the entry'],
]

/** The declarations of a CodeSystem of products. */
export const propertyDeclarations = (): NonNullable<CodeSystem['property']> =>
  declared.map(([code, type, description]) => ({ code, uri: `${base}/product-property#${code}`, description, type }))

const coding = (code: string, system: string, { code: of, display }: Named): Property => ({
  code,
  valueCoding: { system, code: of, display },
})

/** Codes of the words of a catalogue, as WHO makes them. */
const statusCode = (status: string): string => codeOf(status)

/** The concept of a product. */
function conceptOf(product: Product, shelf: Shelf): CodeSystemConcept {
  const status = statusCode(product.status)
  const makers = organizationSystem(shelf)
  const { presentation, type, holder, authority, doses, listedSince, published } = product
  const texts = (['listing', 'form', 'route', 'shelfLife', 'storage'] as const).flatMap((code): Property[] => {
    const value = product[code]
    return value === undefined ? [] : [{ code, valueString: value }]
  })
  const property: Property[] = [
    { code: 'status', valueCode: status },
    { code: 'inactive', valueBoolean: status !== shelf.good.status },
    { code: 'kind', valueCode: product.kind },
    ...(listedSince === undefined ? [] : [{ code: shelf.since, valueDateTime: listedSince }]),
    ...(type ? [coding('vaccineType', vaccineTypeSystem, type)] : []),
    ...makersOf(product).map((each) => coding('manufacturer', makers, each)),
    ...(holder ? [coding('holder', makers, holder)] : []),
    ...(authority ? [coding('nra', makers, authority)] : []),
    ...(presentation === undefined
      ? []
      : [coding('presentation', presentationSystem, { code: codeOf(presentation), display: presentation })]),
    ...(doses === undefined ? [] : [{ code: 'doses', valueInteger: doses }]),
    ...texts,
    ...product.euCodes.map((each): Property => ({ code: 'euProduct', valueCode: each })),
    ...(published === undefined ? [] : [{ code: 'published', valueDateTime: published }]),
  ]
  return { code: product.id, display: product.name, property: inOrder(property) }
}

/**
 * Who makes it, the holder of the listing first where he is one of them; where no site is told, the holder: WHO's list calls him the
 * manufacturer.
 */
function makersOf({ manufacturers, holder }: Product): Named[] {
  if (manufacturers.length === 0) return holder ? [holder] : []
  const isHolder = (each: Named) => each.code === holder?.code
  return [...manufacturers.filter(isHolder), ...manufacturers.filter((each) => !isHolder(each))]
}

/** The value of a property, of the types that products have; of a Coding its code. */
export function propertyText(concept: CodeSystemConcept, code: string): string | undefined {
  const found = concept.property?.find((each) => each.code === code)
  return found?.valueCode ?? found?.valueDateTime ?? found?.valueString ?? found?.valueCoding?.code
}

/** The coding of a property. */
export const propertyCoding = (concept: CodeSystemConcept, code: string): Named | undefined => {
  const found = concept.property?.find((each) => each.code === code)?.valueCoding
  return found?.code === undefined ? undefined : { code: found.code, display: found.display ?? found.code }
}

const places = new Map(declared.map(([code], place) => [code, place]))

/** Properties in the order of their declarations, whatever was laid over what: the same content is the same text. */
const inOrder = (property: Property[]): Property[] =>
  property.toSorted((a, b) => (places.get(a.code) ?? 0) - (places.get(b.code) ?? 0))

const statusMembers = new Set(['status', 'inactive', 'published'])

/**
 * A product of which the catalogue tells nothing but where it stands, as WHO's does when it has withdrawn one: what was told before
 * stays.
 */
function withEarlierDetails(concept: CodeSystemConcept, earlier: CodeSystemConcept): CodeSystemConcept {
  const told = concept.property?.filter(({ code }) => statusMembers.has(code)) ?? []
  const kept = earlier.property?.filter(({ code }) => !statusMembers.has(code)) ?? []
  const display = earlier.display ?? concept.display
  return { code: earlier.code, ...(display !== undefined && { display }), property: inOrder([...told, ...kept]) }
}

/** A product that its catalogue lists no more. */
function gone(concept: CodeSystemConcept): CodeSystemConcept {
  const kept = concept.property?.filter(({ code }) => code !== 'status' && code !== 'inactive') ?? []
  return {
    ...concept,
    property: inOrder([{ code: 'status', valueCode: goneStatus }, { code: 'inactive', valueBoolean: true }, ...kept]),
  }
}

/** Ids of the system that the catalogue does not know, with what is known of them. */
export const otherIds = (others: readonly Named[], concepts: readonly CodeSystemConcept[]): CodeSystemConcept[] => {
  const listed = new Set(concepts.map(({ code }) => code.toLowerCase()))
  return others
    .filter(({ code }) => !listed.has(code.toLowerCase()))
    .map(({ code, display }) => ({ code, display, property: [{ code: 'status', valueCode: otherIdStatus }] }))
}

/** What an import makes of a shelf. */
export interface MergedShelf {
  concepts: CodeSystemConcept[]
  /** Codes of those that were listed until now. */
  gone: string[]
}

/**
 * The products of a file over those that are stored: none vanishes, ids stay as they are spelt, in the order in which they came.
 * @param fault is told of a product whose entry is older than the one that is stored: an old file must not undo a newer one
 */
export function mergeShelf(
  products: readonly Product[],
  {
    stored,
    shelf,
    fault,
  }: { stored: readonly CodeSystemConcept[]; shelf: Shelf; fault(place: string, text: string): void },
): MergedShelf {
  const keyOf = (code: string) => (shelf.caseSensitive ? code : code.toLowerCase())
  const given = new Map(products.map((each) => [keyOf(each.id), each]))
  const listed = stored.filter((each) => propertyText(each, 'status') !== otherIdStatus)
  const known = new Set(listed.map(({ code }) => keyOf(code)))
  const goneNow: string[] = []
  const concepts = listed.map((earlier) => {
    const product = given.get(keyOf(earlier.code))
    if (!product) {
      if (propertyText(earlier, 'status') !== goneStatus) goneNow.push(earlier.code)
      return gone(earlier)
    }
    const before = propertyText(earlier, 'published')
    if (before !== undefined && isEarlier(product.published, before))
      fault(
        product.place,
        `the entry of ${product.id} is of ${product.published}, what is stored of ${before}: the file is older`,
      )
    const told = { ...conceptOf(product, shelf), code: earlier.code }
    const concept = withPublished(tellsNothing(product) ? withEarlierDetails(told, earlier) : told, before)
    // Without a date nobody can tell that it is newer: it may take out of use, and nothing else.
    if (
      before !== undefined &&
      product.published === undefined &&
      isInUse(concept) &&
      !isDeepStrictEqual(concept, earlier)
    )
      fault(
        product.place,
        `the entry of ${product.id} does not tell when it was published, what is stored is of ${before}: nobody can tell which is newer`,
      )
    return concept
  })
  for (const product of products) if (!known.has(keyOf(product.id))) concepts.push(conceptOf(product, shelf))
  return { concepts, gone: goneNow }
}

/** An entry without a date stays one of the day that is known: what is older than that does not undo it either. */
function withPublished(concept: CodeSystemConcept, before: string | undefined): CodeSystemConcept {
  const property = concept.property ?? []
  if (before === undefined || property.some(({ code }) => code === 'published')) return concept
  return { ...concept, property: inOrder([...property, { code: 'published', valueDateTime: before }]) }
}

const isInUse = ({ property = [] }: CodeSystemConcept) =>
  property.some(({ code, valueBoolean }) => code === 'inactive' && valueBoolean === false)

const isEarlier = (given: string | undefined, stored: string) =>
  given !== undefined && Date.parse(given) < Date.parse(stored)

const tellsNothing = ({ type, holder, manufacturers, listedSince, doses }: Product) =>
  type === undefined &&
  holder === undefined &&
  manufacturers.length === 0 &&
  listedSince === undefined &&
  doses === undefined
