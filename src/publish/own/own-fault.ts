/** Whose an artefact is, by its canonical and the jurisdictions that it states. */
import { isBelow, spellingFault } from '../../authority/canonical-prefix.ts'
import { isOfJurisdiction } from '../../authority/jurisdiction.ts'
import { artefactCanonical } from '../../fhir/artefact.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import type { Principal } from '../../fhir/principal.ts'
import type { NamingSystem, Resource } from '../../fhir/types.ts'

/**
 * Why a resource is not a principal's; undefined when it is. A resource that has no canonical is nobody's but his who owns all: nothing
 * in it tells whose it is.
 */
export function ownFault(resource: Resource, { ownership }: Pick<Principal, 'ownership'>): string | undefined {
  if (ownership === 'all') return undefined
  const { canonicalPrefixes, jurisdictions } = ownership
  if (canonicalPrefixes.length === 0) return 'it owns no canonical prefix'
  const names = canonicalsOf(resource)
  if (names.length === 0)
    return `a ${resource.resourceType} without a canonical is written by those alone who own everything`
  for (const name of names) {
    const fault = spellingFault(name)
    if (fault !== undefined && !canonicalPrefixes.includes('*')) return `its canonical cannot be judged: ${fault}`
    if (!canonicalPrefixes.some((prefix) => isBelow(name, prefix))) return 'its canonical is below none of its prefixes'
  }
  return isOfJurisdictions(resource, jurisdictions) ? undefined : 'it states a jurisdiction that is none of its own'
}

/**
 * The canonicals under which a resource is found: its own, of a NamingSystem its unique ids, of a CodeSystem also that of the value set of
 * all its codes, which would be defined by it.
 */
function canonicalsOf(resource: Resource): string[] {
  if (resource.resourceType === 'NamingSystem') return (resource.uniqueId ?? []).map(uniqueName)
  const url = artefactCanonical(resource)?.url
  if (url === undefined) return []
  const set = resource.resourceType === 'CodeSystem' ? resource.valueSet : undefined
  return set === undefined ? [url] : [url, parseCanonical(set).url]
}

const urns: Record<string, string> = { oid: 'urn:oid:', uuid: 'urn:uuid:' }

/** An id of a kind that nobody can own by prefix has no spelling that is judged. */
function uniqueName({ type, value }: NonNullable<NamingSystem['uniqueId']>[number]): string {
  if (type === 'uri') return value
  const prefix = urns[type]
  return prefix === undefined ? '' : value.startsWith(prefix) ? value : `${prefix}${value}`
}

/** Every coding of every jurisdiction must be listed; one that is told in words alone is not understood. */
function isOfJurisdictions(resource: Resource, list: readonly string[]): boolean {
  if (!('jurisdiction' in resource) || resource.jurisdiction === undefined) return true
  const stated: unknown = resource.jurisdiction
  if (!Array.isArray(stated)) return false
  return stated.every((each: { coding?: { system?: string; code?: string }[] } | null) => {
    const codings = each?.coding
    if (!Array.isArray(codings) || codings.length === 0) return list.includes('*')
    return codings.every((coding) => isOfJurisdiction(coding ?? {}, list))
  })
}

/** References to what a resource is about, of types that belong with it; undefined for others. */
export function subjectsOf(resource: Resource): string[] | undefined {
  if (resource.resourceType === 'Provenance') return resource.target.map(({ reference }) => reference ?? '')
  if (resource.resourceType === 'Basic') return resource.subject?.reference ? [resource.subject.reference] : []
  return undefined
}
