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
  organizations: Organization[]
  types: Named[]
  /** By id of the map. */
  kept: Map<string, Group[]>
  euProducts: Named[]
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
    types: shelf.kind === 'vaccine' ? (types?.concept ?? []).map(named) : [],
    kept,
    euProducts: shelf.kind === 'vaccine' ? await euProducts(storage) : [],
  }
}

const isImported = ({ version = '' }: { version?: string | undefined }) => importedVersion.test(version)

/** Every version of a canonical, newest first. */
async function versionsOf<T extends ResourceType>(storage: Finds, type: T, url: string): Promise<ResourceOf<T>[]> {
  return (await storage.findCanonical(type, url)).filter((each) => isOfType(each, type))
}

const conceptsOf = (each: CodeSystem) => each.concept ?? []
const named = ({ code, display }: CodeSystemConcept): Named => ({ code, display: display ?? code })

function organizationOf(concept: CodeSystemConcept): Organization {
  const country = concept.property?.find((each) => each.code === 'country')?.valueString
  return { ...named(concept), ...(country !== undefined && { country }) }
}

/** The vaccines of the EU's list, by the value set that EU rules ask. */
async function euProducts(storage: Finds): Promise<Named[]> {
  const [set] = await versionsOf(storage, 'ValueSet', `${base}/ValueSet/vaccines-covid-19-names`)
  const concepts = set?.compose?.include.flatMap(({ concept = [] }) => concept) ?? []
  return concepts.flatMap(({ code, display }) => (display === undefined ? [] : [{ code, display }]))
}
