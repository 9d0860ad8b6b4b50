/** Under which ids the resources of a package are stored. */
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { artefactCanonical, mirroredFrom } from '../../fhir/artefact.ts'
import { formatCanonical } from '../../fhir/canonical.ts'
import type { Resource } from '../../fhir/types.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Candidate } from './candidate.ts'
import { createPauses } from './pauses.ts'

/** `url|version` of a canonical resource; undefined for others. */
export function identityOf(resource: Resource): string | undefined {
  const { url, version } = artefactCanonical(resource) ?? {}
  return url === undefined ? undefined : formatCanonical(url, version)
}

/** The same id for the same canonical every time: what was before, cut, and a hash of `url|version`. */
export function derivedId(base: string, identity: string): string {
  const hash = sha256Hex(identity).slice(0, 12)
  return `${base.replace(/[^A-Za-z0-9\-.]/g, '-').slice(0, 51)}-${hash}`
}

/**
 * Keeps ids as published; where another canonical has the id already, in the store or in the package, one is derived.
 * A second resource of the same canonical and id is a duplicate and skipped.
 */
export async function assignIds(candidates: Candidate[], storage: Pick<Storage, 'read'>): Promise<Candidate[]> {
  const taken = new Map<string, string | undefined>()
  const made: Candidate[] = []
  const pause = createPauses()
  for (const { entry, resource, ...more } of candidates) {
    await pause()
    const type = resource.resourceType
    const identity = identityOf(resource)
    let id = String(resource.id)
    const isFree = async (name: string): Promise<boolean> => {
      if (taken.has(name)) return false
      const stored = (await storage.read(type, id))?.resource
      // A copy of another participant's keeps its id, whatever it is called.
      return stored === undefined || (identityOf(stored) === identity && mirroredFrom(stored) === undefined)
    }
    if (identity && !(await isFree(`${type}/${id}`)) && taken.get(`${type}/${id}`) !== identity) {
      entry.reason = `the id ${id} belongs to another artefact`
      id = derivedId(id, identity)
    }
    if (taken.has(`${type}/${id}`)) {
      Object.assign(entry, { status: 'skipped', reason: `duplicate of ${type}/${id} in the same package` })
      continue
    }
    taken.set(`${type}/${id}`, identity)
    entry.id = id
    made.push({ ...more, entry, resource: id === resource.id ? resource : { ...resource, id } })
  }
  return made
}
