/** The store as everybody has it but the mirror: copies of what other participants publish are read, and written by nobody. */
import { admitRule, isCopy, mirroredFrom, setAside } from '../fhir/artefact.ts'
import { FhirError, issue } from '../fhir/error.ts'
import type { Resource } from '../fhir/types.ts'
import type { Storage, StoredVersion, Write } from './storage.ts'

/**
 * Guards the copies of a store. Their rules are run where the configuration names the participant as a supplier, and nowhere else; where
 * it has nothing mirrored, copies that are left from before are used for nothing.
 * @param suppliers participants, as the tags of copies have them; undefined where nothing is mirrored
 */
export function guardCopies(storage: Storage, suppliers: ReadonlySet<string> | undefined): Storage {
  const admit = <T extends Resource>(resource: T): T => {
    if (!isCopy(resource)) return resource
    if (suppliers === undefined) return setAside(resource)
    return suppliers.has(mirroredFrom(resource) ?? '') ? admitRule(resource) : resource
  }
  const admitted = <T extends StoredVersion | undefined>(version: T): T => {
    if (version?.resource) admit(version.resource)
    return version
  }
  const write: Storage['write'] = async (writes, ...more) => {
    for (const each of writes) await refuseMark(each, storage)
    return storage.write(writes.map(guarded), ...more)
  }
  if (suppliers?.size === 0) return { ...storage, write }
  return {
    ...storage,
    write,
    read: async (type, id) => admitted(await storage.read(type, id)),
    search: async (query) => {
      const page = await storage.search(query)
      page.matches.forEach(admitted)
      return page
    },
    findCanonical: async (type, url) => (await storage.findCanonical(type, url)).map(admit),
  }
}

/** Nobody makes something look like a copy; who writes over one is told that, whatever it looks like. */
async function refuseMark({ resource, type, id }: Write, storage: Pick<Storage, 'read'>): Promise<void> {
  if (!resource || mirroredFrom(resource) === undefined) return
  const current = id === undefined ? undefined : await storage.read(type, id)
  if (current) refuseCopy(current)
  const text = `The tag says that this ${type} is a copy of another participant's, which this server makes itself: leave the tag out to publish it here.`
  throw new FhirError(422, issue('business-rule', { text, expression: `${type}.meta.tag` }))
}

/** A write that is refused where it would change or delete a copy, inside its transaction. */
function guarded(write: Write): Write {
  return {
    ...write,
    unlessInForce(current) {
      refuseCopy(current)
      write.unlessInForce?.(current)
    },
  }
}

function refuseCopy({ type, id, resource }: StoredVersion): void {
  const participant = resource && mirroredFrom(resource)
  if (participant === undefined) return
  const text = `${type}/${id} is a copy of what ${participant} publishes: it is read here, and changed and deleted by nobody but its publisher. Publish under an id of your own.`
  throw new FhirError(403, issue('forbidden', { text, expression: `${type}.id` }))
}
