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

/** Whether an import found a resource unfit: it may be read and mended, and is used for nothing. */
export function isRefused(resource: Resource): boolean {
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
  const { tag: _tag, ...meta } = resource.meta ?? {}
  const { meta: _meta, ...rest } = resource
  // Members were only taken away that every resource may lack.
  if (kept.length > 0) return { ...rest, meta: { ...meta, tag: kept } } as T
  return (Object.keys(meta).length > 0 ? { ...rest, meta } : rest) as T
}

/** Active artefacts first, the order kept otherwise; without those that an import refused. */
export function activeFirst<T extends Resource>(artefacts: T[]): T[] {
  const usable = artefacts.filter((each) => !isRefused(each))
  const isActive = (each: T) => statusOf(each) === 'active'
  return [...usable.filter(isActive), ...usable.filter((each) => !isActive(each))]
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
