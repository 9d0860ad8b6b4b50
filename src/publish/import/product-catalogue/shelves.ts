import type { ProductKind } from '../../../packages/product-catalogue/product.ts'

/** Where products of a kind stand, and what their artefacts are called. */
export interface Shelf {
  kind: ProductKind
  /** Canonical of the CodeSystem, which is the system of their codes in certificates. */
  system: string
  /** Whether codes differ by case alone; as the publisher of the system has it. */
  caseSensitive: boolean
  /** Id of the CodeSystem without version, and its name for people. */
  id: string
  title: string
  publisher: string
  /** Plural in the ids of value sets. */
  plural: string
  /** Word of the value set of those that are good, and the code of their status. */
  good: { word: string; status: string }
  /** Property with the day since when they are listed. */
  since: string
  /** Id of the concept maps that lead from here, before `-to-`. */
  source: string
}

/** Base of the canonicals of value sets and maps: the same on every server, so that rules and maps name them. */
export const base = 'http://vidimus.org/fhir'

const prequalification = 'http://smart.who.int/pcmt-vaxprequal/CodeSystem'

/** Types of vaccine of WHO's prequalification. */
export const vaccineTypeSystem = `${prequalification}/PreQualVaccineType`
/** How a vaccine is packed. */
export const presentationSystem = `${prequalification}/PreQualPresentation`
/** Makers, holders of a listing, authorities of the products of a shelf. */
export const organizationSystem = ({ source }: Pick<Shelf, 'source'>): string =>
  `${base}/CodeSystem/${source}-organizations`

/** By kind of product. */
export const shelves: Record<ProductKind, Shelf> = {
  vaccine: {
    kind: 'vaccine',
    system: `${prequalification}/PreQualProductIds`,
    caseSensitive: false,
    id: 'prequalified-vaccine-products',
    title: 'Vaccines of WHO’s prequalification',
    publisher: 'World Health Organization, prequalification of vaccines; imported',
    plural: 'vaccines',
    good: { word: 'prequalified', status: 'Prequalified' },
    since: 'prequalificationDate',
    source: 'product',
  },
  'test-device': {
    kind: 'test-device',
    system: 'https://covid-19-diagnostics.jrc.ec.europa.eu/devices',
    caseSensitive: true,
    id: 'covid-19-test-devices',
    title: 'Tests for SARS-CoV-2 that the EU recognised',
    publisher: 'European Commission, Joint Research Centre; imported',
    plural: 'test-devices',
    good: { word: 'listed', status: 'Listed' },
    since: 'listedSince',
    source: 'test-device',
  },
  commodity: {
    kind: 'commodity',
    system: `${base}/CodeSystem/commodities`,
    caseSensitive: true,
    id: 'commodities',
    title: 'Commodities',
    publisher: 'imported catalogue',
    plural: 'commodities',
    good: { word: 'prequalified', status: 'Prequalified' },
    since: 'prequalificationDate',
    source: 'commodity',
  },
}

/**
 * Status of an id that is none of the catalogue: WHO's list for the international certificate calls products otherwise, in the same system.
 */
export const otherIdStatus = 'OtherId'

/** Status of a product that its catalogue lists no more. */
export const goneStatus = 'NotListed'

/** Versions of what an import publishes: the day of the newest entry, and a number. */
export const importedVersion = /^(\d{4})\.(\d{1,2})\.(\d{1,2})-(\d{1,6})$/
