/** A store in which some artefacts are there in one version alone. */
import { artefactCanonical } from '../fhir/artefact.ts'
import type { Resource } from '../fhir/types.ts'
import type { Storage } from './storage.ts'

/**
 * The store as who reads it that must not meet another version of an artefact than the one that is pinned. Nothing is written to it.
 * @param versions business versions by url; what is not in it is there as always
 */
export function pinnedView(storage: Storage, versions: ReadonlyMap<string, string>): Storage {
  const isThere = (resource: Resource | undefined): boolean => {
    const { url = '', version } = (resource && artefactCanonical(resource)) ?? {}
    const pinned = versions.get(url)
    return pinned === undefined || pinned === version
  }
  return {
    ...storage,
    read: async (type, id) => {
      const found = await storage.read(type, id)
      return isThere(found?.resource) ? found : undefined
    },
    search: async (query) => {
      const page = await storage.search(query)
      return { ...page, matches: page.matches.filter(({ resource }) => isThere(resource)) }
    },
    findCanonical: async (type, url) => (await storage.findCanonical(type, url)).filter(isThere),
    write: () => Promise.reject(new Error('Nothing is written to a view of pinned versions.')),
  }
}
