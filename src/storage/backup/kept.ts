/** Whether a version that is brought back is one: whatever store it goes into, it is looked at in the same way. */
import { hasExactNumbers } from '../../base/exact-number.ts'
import { artefactCanonical, statusOf } from '../../fhir/artefact.ts'
import { isResourceId } from '../../fhir/elements.ts'
import type { Resource } from '../../fhir/types.ts'
import { resourceOf } from '../write.ts'
import { BackupError, type KeptVersion } from './format.ts'

/** What is not kept at a version. */
export const notKept = ({ type, id, vid }: Pick<KeptVersion, 'type' | 'id' | 'vid'>, what: string, cause?: unknown) =>
  new BackupError(
    `The backup is damaged: ${what} is not kept at version ${vid} of ${type}/${id}. Nothing was changed.`,
    { cause },
  )

/**
 * The resource of a version; undefined for a deletion.
 * @param before the version before it of the same resource, when there is one
 * @throws BackupError when it cannot follow on that, or is not what it says
 */
export function keptResource(
  version: KeptVersion,
  before: { vid: number; isDeletion: boolean } | undefined,
): Resource | undefined {
  const { type, id, vid, content, published } = version
  if (!/^[A-Z][A-Za-z]{1,63}$/.test(type) || !isResourceId(id)) throw notKept(version, 'the form of a name')
  if (vid !== (before?.vid ?? 0) + 1) throw notKept(version, 'the order of versions')
  if (content === undefined && (before === undefined || before.isDeletion)) throw notKept(version, 'a deletion')
  const resource = content === undefined ? undefined : readKept(version, content)
  if (!published) return resource
  const canonical = resource && artefactCanonical(resource)
  if (!resource || statusOf(resource) !== 'active' || canonical?.version === undefined)
    throw notKept(version, 'what was published')
  return resource
}

function readKept(version: KeptVersion, content: string): Resource {
  const { type, id, vid, updated, exact } = version
  let resource: Resource
  try {
    resource = resourceOf({ text: content, exact })
  } catch (error) {
    throw notKept(version, 'a resource', error)
  }
  const { versionId, lastUpdated } = resource.meta ?? {}
  const isThis =
    resource.resourceType === type &&
    resource.id === id &&
    versionId === String(vid) &&
    lastUpdated === new Date(updated).toISOString()
  if (!isThis) throw notKept(version, 'the name of a resource')
  return resource
}

/** What is wrong with a version as it is stored; undefined when nothing is. @param published name that it counts as published under */
export function versionFault(
  { type, id, vid, updated, exact, content }: Omit<KeptVersion, 'published' | 'seq' | 'method'>,
  published: { url: string; version: string } | undefined,
): string | undefined {
  if (content === undefined) return published ? 'a deletion counts as published' : undefined
  let resource: Resource
  try {
    resource = resourceOf({ text: content, exact })
  } catch {
    return 'its content cannot be read'
  }
  const { meta } = resource
  if (resource.resourceType !== type || resource.id !== id)
    return `its content is ${resource.resourceType}/${resource.id}`
  if (meta?.versionId !== String(vid)) return `its content says version ${meta?.versionId}`
  if (meta.lastUpdated !== new Date(updated).toISOString()) return `its content says ${meta.lastUpdated}`
  if (exact && !hasExactNumbers(resource)) return 'it has no decimals of which the text is kept'
  if (!published) return undefined
  const { url, version } = artefactCanonical(resource) ?? {}
  const isPublished = statusOf(resource) === 'active' && url === published.url && version === published.version
  return isPublished ? undefined : `it counts as published as ${published.url}|${published.version}, which it is not`
}
