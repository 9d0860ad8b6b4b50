/** What is said of an artefact is not for everybody while the artefact is not: its Provenance, and notes on it (Basic). */
import { isNotPublic, notPublic } from '../../fhir/artefact.ts'
import type { Resource } from '../../fhir/types.ts'
import type { Write, Written } from '../../storage/storage.ts'
import type { OwnStorage } from './own.ts'
import { subjectsOf } from './own-fault.ts'

/** The writes of one request, those that are about something that is not for everybody with the tag that says so. */
export async function hideNotes(writes: readonly Write[], storage: OwnStorage): Promise<Write[]> {
  const beside = await hiddenBeside(writes, storage)
  const made: Write[] = []
  for (const write of writes) made.push(await hidden(write, beside, storage))
  return made
}

/** Whether what a request writes or deletes is not for everybody, by `Type/id`. */
async function hiddenBeside(writes: readonly Write[], storage: OwnStorage): Promise<ReadonlyMap<string, boolean>> {
  const found = new Map<string, boolean>()
  for (const { type, id, method, resource } of writes) {
    if (id === undefined || (resource && subjectsOf(resource))) continue
    const about = method === 'DELETE' ? (await storage.read(type, id))?.resource : resource
    if (about) found.set(`${type}/${id}`, isNotPublic(about))
  }
  return found
}

async function hidden(write: Write, beside: ReadonlyMap<string, boolean>, storage: OwnStorage): Promise<Write> {
  const { resource, resourceFor } = write
  const isHidden = resource !== undefined && (await isAboutHidden(resource, beside, storage))
  const tagged = resource && isHidden ? { ...write, resource: withTag(resource) } : write
  if (!resourceFor) return tagged
  return {
    ...tagged,
    resourceFor(earlier) {
      const made = resourceFor(earlier)
      return made && (isHidden || (subjectsOf(made) ?? []).some((each) => isHiddenWritten(each, beside, earlier)))
        ? withTag(made)
        : made
    },
  }
}

const local = /^([A-Z][A-Za-z]{1,63})\/([A-Za-z0-9.-]{1,64})(?:\/_history\/([A-Za-z0-9.-]{1,64}))?$/

async function isAboutHidden(resource: Resource, beside: ReadonlyMap<string, boolean>, storage: OwnStorage) {
  for (const reference of subjectsOf(resource) ?? []) {
    const [, type = '', id = '', versionId] = local.exec(reference) ?? []
    if (type === '') continue
    const known = beside.get(`${type}/${id}`)
    if (known) return true
    if (known === false && versionId === undefined) continue
    const found = versionId === undefined ? storage.read(type, id) : storage.readVersion(type, id, versionId)
    const about = (await found)?.resource
    if (about && isNotPublic(about)) return true
  }
  return false
}

/** Whether a reference is to something that the transaction wrote before, and that is not for everybody. */
function isHiddenWritten(
  reference: string,
  beside: ReadonlyMap<string, boolean>,
  earlier: readonly Written[],
): boolean {
  const [, type = '', id = ''] = local.exec(reference) ?? []
  if (beside.get(`${type}/${id}`)) return true
  return earlier.some(
    ({ version: { resource, ...each } }) => each.type === type && each.id === id && resource && isNotPublic(resource),
  )
}

function withTag(resource: Resource): Resource {
  if (isNotPublic(resource)) return resource
  return { ...resource, meta: { ...resource.meta, tag: [...(resource.meta?.tag ?? []), notPublic] } }
}
