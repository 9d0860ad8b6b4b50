/** The store as those see it who may not read what is not for everybody. */
import { isCopy, isNotPublic, notPublic } from '../fhir/artefact.ts'
import type { SearchCondition, SearchPage, Storage, StoredVersion } from './storage.ts'

/** Leaves out what has the tag. */
const withoutTag: readonly SearchCondition[] = [
  { parameter: '_tag', modifier: 'not', values: [{ value: `${notPublic.system}|${notPublic.code}` }] },
]

/**
 * A store in which what is not public is not there: not read, not found, not counted, drawn in by nothing. Writes go to the store as
 * it is.
 * @param sees types of which everything is seen all the same
 */
export function publicView(storage: Storage, sees: (type: string) => boolean = () => false): Storage {
  const everywhere = (type: string) => (sees(type) ? [] : withoutTag)
  /** A deletion tells that something was there: it is seen by those who saw that. */
  const isSeen = async ({ type, id, versionId, resource }: StoredVersion): Promise<boolean> => {
    if (sees(type)) return true
    const told = resource ?? (await storage.readVersion(type, id, String(Number(versionId) - 1)))?.resource
    return told === undefined || !isNotPublic(told)
  }
  const seen = async (version: StoredVersion | undefined) => (version && (await isSeen(version)) ? version : undefined)
  return {
    ...storage,
    read: async (type, id) => seen(await storage.read(type, id)),
    readVersion: async (type, id, versionId) => seen(await storage.readVersion(type, id, versionId)),
    search: (query) => storage.search({ ...query, everywhere }),
    history: async (query) => withoutHidden(await storage.history(query), isSeen),
    findCanonical: async (type, url) => {
      const found = await storage.findCanonical(type, url)
      if (sees(type) || !found.some(isNotPublic)) return found
      // Whoever takes the name of a draft of ours would have it from everybody.
      return found.filter((resource) => !isNotPublic(resource) && !isCopy(resource))
    },
    published: async (type, canonical) => seen(await storage.published(type, canonical)),
  }
}

/** A page without what is not seen. It tells a total only where it is all there is: any other would count what is on other pages. */
async function withoutHidden(
  page: SearchPage,
  isSeen: (version: StoredVersion) => Promise<boolean>,
): Promise<SearchPage> {
  const matches: StoredVersion[] = []
  for (const each of page.matches) if (await isSeen(each)) matches.push(each)
  if (matches.length === (page.total ?? page.matches.length)) return page
  const { total: _total, ...rest } = page
  return { ...rest, matches }
}
