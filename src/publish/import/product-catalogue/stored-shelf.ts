/** What the store has of a catalogue, from the import before. */
import { isOfType, type ResourceOf, type ResourceType } from '../../../fhir/json.ts'
import type { CodeSystem, CodeSystemConcept } from '../../../fhir/types.ts'
import type { Named, Organization } from '../../../packages/product-catalogue/product.ts'
import type { Storage } from '../../../storage/storage.ts'
import { type Group, sharedMaps } from './concept-maps.ts'
import { base, importedVersion, organizationSystem, type Shelf, vaccineTypeSystem } from './shelves.ts'

type Finds = Pick<Storage, 'findCanonical'>

/** The state of a shelf. */
export interface StoredShelf {
  /** Of the newest import; undefined before the first. */
  version: string | undefined
  concepts: CodeSystemConcept[]
  /** Organisations and types of vaccine, those stored before included. */
  organizations: Organization[]
  types: Named[]
  /** Groups of the published maps that an import leaves as they are, by id of the map: what they have beside the catalogue. */
  kept: Map<string, Group[]>
  /** Codes of the EU for vaccines, each with its name. */
  euProducts: Named[]
  /** What of the systems is known without a catalogue: other ids of products, other types of vaccine. */
  others: { products: Named[]; types: Named[] }
}

/** Reads what is stored of a shelf. */
export async function storedShelf(storage: Finds, shelf: Shelf): Promise<StoredShelf> {
  const products = (await versionsOf(storage, 'CodeSystem', shelf.system)).find(isImported)
  const organizations = await versionsOf(storage, 'CodeSystem', organizationSystem(shelf))
  const types = (await versionsOf(storage, 'CodeSystem', vaccineTypeSystem)).find(isImported)
  const kept = new Map<string, Group[]>()
  for (const id of sharedMaps(shelf)) {
    const maps = await versionsOf(storage, 'ConceptMap', `${base}/ConceptMap/${id}`)
    kept.set(id, maps.find((each) => !isImported(each))?.group ?? [])
  }
  return {
    version: products?.version,
    concepts: products?.concept ?? [],
    // Newest first: the newest name of an organisation counts, so it comes last.
    organizations: organizations.toReversed().flatMap(conceptsOf).map(organizationOf),
    // Once a type had a value set, it has one in every version: an older one would still tell what was prequalified then.
    types: shelf.kind === 'vaccine' ? (types?.concept ?? []).filter(isListed).map(named) : [],
    kept,
    euProducts: shelf.kind === 'vaccine' ? await euProducts(storage) : [],
    others: {
      products: sourcesOf(kept.get(`${shelf.source}-to-name`) ?? [], shelf.system),
      types: shelf.kind === 'vaccine' ? await shippedTypes(storage) : [],
    },
  }
}

const isImported = ({ version = '' }: { version?: string | undefined }) => importedVersion.test(version)

/** Every version of a canonical, newest first. */
async function versionsOf<T extends ResourceType>(storage: Finds, type: T, url: string): Promise<ResourceOf<T>[]> {
  return (await storage.findCanonical(type, url)).filter((each) => isOfType(each, type))
}

const conceptsOf = (each: CodeSystem) => each.concept ?? []
const isListed = ({ property = [] }: CodeSystemConcept) =>
  property.some(({ code, valueBoolean }) => code === 'listed' && valueBoolean === true)
const named = ({ code, display }: CodeSystemConcept): Named => ({ code, display: display ?? code })

function organizationOf(concept: CodeSystemConcept): Organization {
  const country = concept.property?.find((each) => each.code === 'country')?.valueString
  return { ...named(concept), ...(country !== undefined && { country }) }
}

/** What groups of a map have codes of a system for. */
const sourcesOf = (groups: readonly Group[], system: string): Named[] =>
  groups
    .filter(({ source }) => source === system)
    .flatMap(({ element }) => element)
    .flatMap(({ code, display }) => (code === undefined ? [] : [{ code, display: display ?? code }]))

/** Types of vaccine that stand in ICD-11 without a catalogue. */
async function shippedTypes(storage: Finds): Promise<Named[]> {
  const [map] = await versionsOf(storage, 'ConceptMap', `${base}/ConceptMap/vaccine-type-to-icd-11`)
  return sourcesOf(map?.group ?? [], vaccineTypeSystem)
}

/** The vaccines of the EU's list, by the value set that EU rules ask. */
async function euProducts(storage: Finds): Promise<Named[]> {
  const [set] = await versionsOf(storage, 'ValueSet', `${base}/ValueSet/vaccines-covid-19-names`)
  const concepts = set?.compose?.include.flatMap(({ concept = [] }) => concept) ?? []
  return concepts.flatMap(({ code, display }) => (display === undefined ? [] : [{ code, display }]))
}
