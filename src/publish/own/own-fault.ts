/** Whose an artefact is, by its canonical and the jurisdictions that it states. */
import { isBelow, spellingFault } from '../../authority/canonical-prefix.ts'
import { isOfJurisdiction } from '../../authority/jurisdiction.ts'
import { artefactCanonical } from '../../fhir/artefact.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import type { Principal } from '../../fhir/principal.ts'
import type { Basic, NamingSystem, Resource, ValueSet } from '../../fhir/types.ts'
import { euValueSetIds } from '../../gateway/legacy/eu-value-set.ts'

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
  if (isForEverybody(resource) && !jurisdictions.includes('*'))
    return 'a rule set that states no jurisdiction is applied in all of them: it must state those that are its own'
  return isOfJurisdictions(resource, jurisdictions) ? undefined : 'it states a jurisdiction that is none of its own'
}

/**
 * The canonicals under which a resource is found: its own, of a NamingSystem its unique ids, of a CodeSystem also that of the value set of
 * all its codes, which would be defined by it; of a ValueSet also the EU's ids, by which EU rules find it.
 */
function canonicalsOf(resource: Resource): string[] {
  if (resource.resourceType === 'NamingSystem') return (resource.uniqueId ?? []).map(uniqueName)
  const url = artefactCanonical(resource)?.url
  if (url === undefined) return []
  if (resource.resourceType === 'ValueSet') return [url, ...euNames(resource)]
  const set = resource.resourceType === 'CodeSystem' ? resource.valueSet : undefined
  return set === undefined ? [url] : [url, parseCanonical(set).url]
}

/** The EU's ids as addresses below their system: whose it is to give them owns that. */
const euNames = ({ identifier }: ValueSet): string[] =>
  (Array.isArray(identifier) ? identifier : []).flatMap((each) =>
    each?.system === euValueSetIds ? [`${euValueSetIds}/${String(each.value ?? '')}`] : [],
  )

const urns: Record<string, string> = { oid: 'urn:oid:', uuid: 'urn:uuid:' }

/** An id of a kind that nobody can own by prefix has no spelling that is judged. */
function uniqueName({ type, value }: NonNullable<NamingSystem['uniqueId']>[number]): string {
  if (type === 'uri') return value
  const prefix = urns[type]
  return prefix === undefined ? '' : value.startsWith(prefix) ? value : `${prefix}${value}`
}

/** Why a resource is not a principal's that names what it is about by a canonical, beside its references; undefined when it names its own. */
export function namedFault(resource: Resource, { ownership }: Pick<Principal, 'ownership'>): string | undefined {
  if (ownership === 'all') return undefined
  const isOwn = (name: string | undefined) => ownership.canonicalPrefixes.some((prefix) => isBelow(name ?? '', prefix))
  return namesIn(resource).every(isOwn) ? undefined : 'it names a canonical that is below none of its prefixes'
}

function namesIn(resource: Resource): (string | undefined)[] {
  if (resource.resourceType === 'Provenance')
    return resource.target.flatMap(({ identifier }) => (identifier ? [identifier.value] : []))
  if (resource.resourceType !== 'Basic') return []
  return artefactsOf(resource).flatMap(({ valueCanonical: name }) => (name === undefined ? [] : [name]))
}

/** Rule sets are selected by what they state (`$evaluate`): one that states nothing decides for every country. */
const isForEverybody = (resource: Resource): boolean =>
  resource.resourceType === 'PlanDefinition' && !((resource.jurisdiction?.length ?? 0) > 0)

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

/** What an assessment is about (CRMI, ArtifactAssessment in R4 as Basic). */
const assessed = 'http://hl7.org/fhir/uv/crmi/StructureDefinition/crmi-artifactAssessmentArtifact'

/** References to what a resource is about, of types that belong with it; undefined for others. One that is none is empty. */
export function subjectsOf(resource: Resource): string[] | undefined {
  if (resource.resourceType === 'Provenance') return resource.target.map(({ reference }) => reference ?? '')
  if (resource.resourceType !== 'Basic') return undefined
  const { subject } = resource
  const references = artefactsOf(resource).flatMap(({ valueReference }) => valueReference ?? [])
  return [...(subject ? [subject] : []), ...references].map(({ reference }) => reference ?? '')
}

const artefactsOf = ({ extension = [] }: Basic) => extension.filter(({ url }) => url === assessed)
