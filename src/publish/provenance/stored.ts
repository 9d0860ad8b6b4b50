/** Signatures that are stored already. */

import type { Provenance, Resource } from '../../fhir/types.ts'
import { isAuthors } from '../../provenance/signature/purposes.ts'
import type { Storage, StoredVersion } from '../../storage/storage.ts'
import type { Verify } from './judge.ts'

const perPage = 50

/** A stored version. */
interface Version {
  type: string
  id: string
  versionId: string
}

/** The Provenances of one stored version that have an author's signature, all of them, the newest first. */
export const authorsProvenances = async (version: Version, storage: Pick<Storage, 'search'>): Promise<Provenance[]> =>
  (await provenancesOf(version, storage)).filter(hasAuthor)

/** All Provenances of one stored version, the newest first. */
export async function provenancesOf(
  { type, id, versionId }: Version,
  storage: Pick<Storage, 'search'>,
): Promise<Provenance[]> {
  const conditions = [{ parameter: 'target', values: [{ value: `${type}/${id}/_history/${versionId}` }] }]
  const found: Provenance[] = []
  let cursor: string | undefined
  do {
    const query = { type: 'Provenance', conditions, sort: [], count: perPage, total: 'none' as const }
    const page = await storage.search({ ...query, ...(cursor ? { cursor } : {}) })
    for (const { resource } of page.matches) if (resource?.resourceType === 'Provenance') found.push(resource)
    cursor = page.next
  } while (cursor)
  return found
}

/** Whether a Provenance has the signature of an author. */
const hasAuthor = ({ signature = [] }: Provenance): boolean => signature.some(({ type }) => isAuthors(type))

/** The current version at the id of a resource, where it has the same content and the signature of an author over it. */
export async function signedAlready(
  resource: Resource,
  { storage, verify }: { storage: Pick<Storage, 'read' | 'search'>; verify: Verify },
): Promise<StoredVersion | undefined> {
  const current = await storage.read(resource.resourceType, resource.id ?? '')
  if (!current?.resource) return undefined
  const known = await authorsProvenances(current, storage)
  const holds = known.some((each) => verify(each, resource).signatures.some((one) => one.isAuthors && one.result))
  return holds ? current : undefined
}
