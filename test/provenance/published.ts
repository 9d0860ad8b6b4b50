/** A store with published content, and what is made over it, for tests of references and manifests. */

import type { FindDocument } from '../../src/base/public-document.ts'
import type { Endpoint, Resource, ValueSet } from '../../src/fhir/types.ts'
import { createManifests, type Manifests } from '../../src/provenance/manifests.ts'
import { referenceDocuments } from '../../src/provenance/reference-documents.ts'
import { createReferences, type References } from '../../src/provenance/references.ts'
import type { SigningKey } from '../../src/provenance/signing-key.ts'
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { testKey } from './support.ts'

export const baseUrl = 'https://health.example'

/** What others see, over one store. */
export interface Published {
  storage: Storage
  references: References
  manifests: Manifests
  find: FindDocument
}

const endpoint: Endpoint = {
  resourceType: 'Endpoint',
  status: 'active',
  connectionType: { code: 'hl7-fhir-opn' },
  payloadType: [{ text: 'Parameters' }],
  address: `${baseUrl}/fhir/$evaluate`,
}

/** How a server is made here. */
export interface PublishedOptions {
  storage?: Storage
  /** Current first; others as they are. */
  keys?: () => readonly SigningKey[]
  domains?: readonly string[]
  now?: () => Date
  baseUrl?: string
}

const key = testKey()

/** One server over a store, by default an empty one in memory. */
export function published(options: PublishedOptions = {}): Published {
  const { storage = openSqlite(':memory:'), keys = () => [key], domains = ['DDCC'], now = () => new Date() } = options
  const signing = { current: () => keys().find(({ state }) => state === 'current'), all: keys }
  const header = () => ({ typ: 'JOSE' })
  const references = createReferences({ storage, keys: signing, header })
  const address = options.baseUrl ?? baseUrl
  const manifests = createManifests({
    ...{ storage, references, keys: signing, header, domains, now },
    baseUrl: address,
    evaluate: () => [endpoint],
  })
  return {
    storage,
    references,
    manifests,
    find: referenceDocuments({ references, manifests, baseUrl: address, domains }),
  }
}

/** An active value set of that name. */
export const valueSet = (name: string, more: Partial<ValueSet> = {}): ValueSet => ({
  resourceType: 'ValueSet',
  id: name,
  url: `http://example.org/ValueSet/${name}`,
  version: '1',
  status: 'active',
  ...more,
})

/** Stores resources as publication does. */
export async function store(storage: Storage, ...resources: Resource[]): Promise<void> {
  await storage.write(
    resources.map((resource) => ({ method: 'PUT', type: resource.resourceType, id: resource.id ?? '', resource })),
  )
}
