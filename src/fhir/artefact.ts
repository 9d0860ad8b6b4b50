/** What an artefact is called, and what its status lets be done with it. */
import { formatCanonical, parseCanonical } from './canonical.ts'
import type { Coding, Resource } from './types.ts'

/** `url` and business version of a canonical resource; a version inside the url counts. Undefined for what has no url. */
export function artefactCanonical(resource: Resource): { url: string; version?: string } | undefined {
  if (!('url' in resource) || typeof resource.url !== 'string' || resource.url === '') return undefined
  const [url = '', ...inside] = resource.url.split('|')
  const own = 'version' in resource && typeof resource.version === 'string' ? resource.version : ''
  const version = own || inside.join('|')
  return version ? { url, version } : { url }
}

/** `url|version` of a canonical resource, the url alone where it has no version; else `Type/id`. */
export function artefactName(resource: Resource): string {
  const canonical = artefactCanonical(resource)
  return canonical ? formatCanonical(canonical.url, canonical.version) : `${resource.resourceType}/${resource.id ?? ''}`
}

/** `status` of a resource that has one. */
export function statusOf(resource: Resource): string | undefined {
  return 'status' in resource && typeof resource.status === 'string' ? resource.status : undefined
}

/**
 * Says that an artefact is not fit to be `active`: as tag of a resource that an import stored as a draft for that reason, and in
 * the details of the issues that are the reason.
 */
export const notFit: Coding = {
  system: 'http://vidimus.org/fhir/CodeSystem/publication',
  code: 'not-fit',
  display: 'Not fit to be active',
}

const isNotFit = ({ system, code }: Coding) => system === notFit.system && code === notFit.code

/** Whether a resource may be read, and is used for nothing: an import found it unfit, or it is a rule of others that may not be run. */
export function isRefused(resource: Resource): boolean {
  if (isForeignRule(resource)) return true
  if (statusOf(resource) === 'active') return false
  return resource.meta?.tag?.some(isNotFit) === true
}

/** A copy as an import stores it when it is not fit to be active: a draft with the tag that says why. */
export function asRefused<T extends Resource>(resource: T): T {
  // Only resources that have a status are refused.
  return { ...resource, meta: { ...resource.meta, tag: [...(resource.meta?.tag ?? []), notFit] }, status: 'draft' } as T
}

/** The same without that tag; the resource itself when it has none. */
export function withoutRefusal<T extends Resource>(resource: T): T {
  const tags = resource.meta?.tag
  const kept = tags?.filter((each) => !isNotFit(each))
  if (!tags || !kept || kept.length === tags.length) return resource
  return withTags(resource, kept)
}

/** A copy with these tags and no others; of none nothing stays, nor of a meta that says nothing more. */
function withTags<T extends Resource>(resource: T, tag: readonly Coding[]): T {
  const { tag: _tag, ...others } = resource.meta ?? {}
  const { meta: _meta, ...rest } = resource
  const meta = tag.length > 0 ? { ...others, tag } : others
  // Members are only added or taken away that every resource may have or lack.
  return (Object.keys(meta).length > 0 ? { ...rest, meta } : rest) as T
}

/**
 * Active artefacts first, our own before copies, the order kept otherwise; without those that are used for nothing. A copy whose
 * url one of our own has, in whatever version and status, is left out: nobody takes a name from us, not by a higher version either.
 */
export function activeFirst<T extends Resource>(artefacts: T[]): T[] {
  const usable = artefacts.filter((each) => !isRefused(each))
  const isActive = (each: T) => statusOf(each) === 'active'
  const { own, copies } = parted(usable)
  return [
    ...own.filter(isActive),
    ...copies.filter(isActive),
    ...own.filter((each) => !isActive(each)),
    ...copies.filter((each) => !isActive(each)),
  ]
}

/** Our own before copies, the order kept otherwise; copies whose url one of our own has are left out. */
export function ownFirst<T extends Resource>(artefacts: T[]): T[] {
  const { own, copies } = parted(artefacts)
  return [...own, ...copies]
}

function parted<T extends Resource>(artefacts: T[]): { own: T[]; copies: T[] } {
  const copies = artefacts.filter(isCopy)
  if (copies.length === 0) return { own: artefacts, copies }
  const own = artefacts.filter((each) => !isCopy(each))
  const name = (each: T) => `${each.resourceType} ${artefactCanonical(each)?.url ?? ''}`
  const taken = new Set(own.map(name))
  const isUsed = (each: T) => !taken.has(name(each)) && !isBeside(each) && !aside.has(each)
  return { own, copies: copies.filter(isUsed) }
}

/**
 * Whether a canonical lets an artefact be used for a verdict: an active one always; a draft, a retired one and one of
 * unknown status only when the canonical is exactly its own (`url|version`; the bare url when it has no version).
 */
export function isNamedBy(canonical: string, artefact: Resource): boolean {
  if (isRefused(artefact)) return false
  if (statusOf(artefact) === 'active') return true
  return parseCanonical(canonical).version === artefactCanonical(artefact)?.version
}

// ---------- what is not for everybody ----------

/** System of the tags that say where a resource stands in its publication. */
const publicationSystem = 'http://vidimus.org/fhir/CodeSystem/publication'

/**
 * The tag of what is not for everybody: drafts that their authors are at work on, and what is labelled restricted. The server sets and
 * takes it, by it searches tell one from the other.
 */
export const notPublic: Coding = { system: publicationSystem, code: 'not-public', display: 'Not for everybody' }

const isNotPublicTag = ({ system, code }: Coding): boolean => system === notPublic.system && code === notPublic.code

const confidentiality = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality'

/** Whether its security labels restrict a resource to some (v3-Confidentiality: restricted, very restricted). */
const isRestricted = ({ meta }: Resource): boolean =>
  meta?.security?.some(({ system, code }) => system === confidentiality && (code === 'R' || code === 'V')) === true

/** Whether a stored resource is shown only to who may read such. */
export const isNotPublic = (resource: Resource): boolean => resource.meta?.tag?.some(isNotPublicTag) === true

/** A copy with the tag that says whether it is for everybody, or the resource itself where that is right. */
export function withPublicity<T extends Resource>(resource: T, { drafts }: { drafts: 'public' | 'not-public' }): T {
  const hides = isRestricted(resource) || (drafts === 'not-public' && statusOf(resource) === 'draft')
  if (hides === isNotPublic(resource)) return resource
  const tags = (resource.meta?.tag ?? []).filter((each) => !isNotPublicTag(each))
  return withTags(resource, hides ? [...tags, notPublic] : tags)
}

// ---------- copies of what other participants publish ----------

/** System of the tag that a copy has. */
export const mirroredSystem = 'http://vidimus.org/fhir/CodeSystem/mirrored'

/** The tag that a copy has; its code is the participant, ISO 3166-1 alpha-3 as the network spells it. */
export const mirroredTag = (participant: string): Coding => ({
  system: mirroredSystem,
  code: participant,
  display: `Copy of what ${participant} publishes`,
})

/** A further tag of a copy whose canonical another participant's copy had before: it is found by its source alone. */
export const besideTag: Coding = {
  system: 'http://vidimus.org/fhir/CodeSystem/publication',
  code: 'beside',
  display: 'Kept beside another artefact of that canonical',
}

const isMirroredTag = ({ system }: Coding): boolean => system === mirroredSystem
const isBesideTag = ({ system, code }: Coding): boolean => system === besideTag.system && code === besideTag.code

/** The participant of whom a resource is a copy; undefined for what was published here. */
export function mirroredFrom(resource: Resource): string | undefined {
  const tags = resource.meta?.tag
  // What came in over REST is checked after this is asked.
  return Array.isArray(tags) ? tags.find((each) => each && isMirroredTag(each))?.code : undefined
}

/** Whether a resource is a copy of what another participant publishes. */
export const isCopy = (resource: Resource): boolean => mirroredFrom(resource) !== undefined

/** Whether a copy stands beside that of another participant, who had the canonical before. */
export const isBeside = (resource: Resource): boolean => resource.meta?.tag?.some(isBesideTag) === true

/** Copies that are left from a time when the configuration had others' content mirrored. */
const aside = new WeakSet<Resource>()

/** Lets a copy be read, and used for nothing. */
export function setAside<T extends Resource>(resource: T): T {
  aside.add(resource)
  return resource
}

/** Tags of a resource that do not say whose copy it is. */
export const ownTags = (resource: Resource): Coding[] =>
  (resource.meta?.tag ?? []).filter((each) => !isMirroredTag(each) && !isBesideTag(each))

/** Types whose content decides verdicts. */
const ruleTypes = ['Library', 'PlanDefinition']

/**
 * Copies of rules that may be run, because the configuration names their participant as a supplier. The very objects are kept: a copy
 * that is made of one of them may not, until it is admitted itself.
 */
const supplied = new WeakSet<Resource>()

/** Lets rules of a participant be run. Only who has read the configuration may say so. */
export function admitRule<T extends Resource>(resource: T): T {
  supplied.add(resource)
  return resource
}

/** Whether a resource is a copy of another participant's rules that nobody has admitted: it may be read, and never run. */
export const isForeignRule = (resource: Resource): boolean =>
  ruleTypes.includes(resource.resourceType) && mirroredFrom(resource) !== undefined && !supplied.has(resource)

/** Types that this server works with, what depends on others after them: a rule set on its library, a library on what it includes. */
export const artefactTypes: readonly string[] = [
  'CodeSystem',
  'ValueSet',
  'ConceptMap',
  'StructureDefinition',
  'StructureMap',
  'Library',
  'PlanDefinition',
]

const brokenSignatureUrl = 'http://vidimus.org/fhir/StructureDefinition/broken-signature'

/** The artefact, marked as one whose author's signature holds no more: a modifier, which nobody may ignore. */
export function withBrokenSignature<T extends Resource>(resource: T, why: string): T {
  return { ...resource, modifierExtension: [{ url: brokenSignatureUrl, valueString: why }] }
}

/** Why an artefact must not be run although it is stored, as the rest of a sentence; undefined for all others. */
export function brokenSignature(resource: Resource): string | undefined {
  const extensions: unknown = 'modifierExtension' in resource ? resource.modifierExtension : undefined
  if (!Array.isArray(extensions)) return undefined
  const [found] = extensions.filter((each: { url?: unknown } | null) => each?.url === brokenSignatureUrl)
  return found === undefined ? undefined : `it must not be run: ${String(found.valueString)}`
}

/** For sorting: what depends on others comes after them; types that are none of {@link artefactTypes} come first. */
export const byDependency = (a: Resource, b: Resource): number =>
  artefactTypes.indexOf(a.resourceType) - artefactTypes.indexOf(b.resourceType)
