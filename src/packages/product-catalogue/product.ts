import type { Issue } from '../../fhir/types.ts'

/** Kinds of product that a catalogue lists. */
export const productKinds = ['vaccine', 'test-device', 'commodity'] as const
export type ProductKind = (typeof productKinds)[number]

/** A code with what people call it. */
export interface Named {
  code: string
  display: string
}

/** Who makes a product, holds its listing or oversees it. */
export interface Organization extends Named {
  /** ISO 3166-1, as the catalogue has it. */
  country?: string
}

/** A product as its catalogue lists it; what the catalogue does not tell is absent. */
export interface Product {
  kind: ProductKind
  /** In the publisher's system of ids. */
  id: string
  /** What people call it. */
  name: string
  /** Its number in the publisher's list, e.g. `FVP-P-65`. */
  listing?: string
  /** Where it stands, in the publisher's words. */
  status: string
  /** FHIR date from which it is listed: of a vaccine, the day of its prequalification. */
  listedSince?: string
  type?: Named
  holder?: Organization
  manufacturers: Organization[]
  /** The national regulatory authority. */
  authority?: Organization
  presentation?: string
  form?: string
  route?: string
  shelfLife?: string
  storage?: string
  /** In one primary container. */
  doses?: number
  /** FHIR dateTime at which the publisher wrote the entry. */
  published?: string
  /** Codes of the product in the list of the EU. */
  euCodes: string[]
  /** Where it stands in the file: `row 3 (line 120)`. */
  place: string
}

/** A file that was read whole. */
export interface ReadCatalogue {
  products: Product[]
  /** What was seen and does not stand in the way: members that are not known, data that are missing. */
  remarks: Issue[]
  /** FHIR date that the file says of itself. */
  date?: string
}
