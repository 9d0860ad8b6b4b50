import { isJsonObject } from '../base/json.ts'

/** References inside one instance (https://hl7.org/fhir/R4/references.html, bundle.html#references). */

interface ResourceLike {
  resourceType: string
  id?: unknown
  contained?: unknown
  entry?: unknown
}

/**
 * The resource a reference leads to inside the instance: `#id` among the contained ones, a full url, `urn:uuid:` or
 * relative reference among the entries of a Bundle. Undefined when it is not there.
 * @param surroundings the reference's own element and everything around it, from the inside out
 */
export function findReferenced(reference: string, surroundings: unknown[]): unknown {
  const [target = '', fragment] = reference.split('#', 2)
  const resources = surroundings.filter(isResourceLike)
  if (target === '' && fragment !== undefined) return findContained(fragment, resources)
  for (const bundle of resources) {
    if (bundle.resourceType !== 'Bundle' || !Array.isArray(bundle.entry)) continue
    const found = findEntry(target, bundle.entry)
    if (found && fragment) return findContained(fragment, [found])
    if (found) return found
  }
  return undefined
}

function findContained(id: string, resources: ResourceLike[]): unknown {
  for (const resource of resources) {
    // "#" alone is the resource that contains; only that one may have contained resources.
    if (!Array.isArray(resource.contained)) continue
    if (id === '') return resource
    const found = resource.contained.find((each) => isResourceLike(each) && each.id === id)
    if (found) return found
  }
  return undefined
}

function findEntry(reference: string, entries: unknown[]): ResourceLike | undefined {
  const bare = reference.replace(/\/_history\/[^/]*$/, '')
  const relative = /^[A-Z]\w*\/[A-Za-z0-9\-.]{1,64}$/.test(bare)
  for (const entry of entries) {
    if (!isJsonObject(entry)) continue
    const { fullUrl, resource } = entry
    if (!isResourceLike(resource)) continue
    if (fullUrl === bare || (relative && typeof fullUrl === 'string' && fullUrl.endsWith(`/${bare}`))) return resource
    if (relative && `${resource.resourceType}/${resource.id}` === bare) return resource
  }
  return undefined
}

function isResourceLike(value: unknown): value is ResourceLike {
  return (
    typeof value === 'object' && value !== null && 'resourceType' in value && typeof value.resourceType === 'string'
  )
}
