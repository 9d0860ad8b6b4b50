/** Finds the root of a package or analysis, and what it leans on, in a store. */
import { artefactName, isNamedBy, isRefused, statusOf } from '../../fhir/artefact.ts'
import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import { elementInfo } from '../../fhir/elements.ts'
import { badRequest, notFound, unprocessable } from '../../fhir/error.ts'
import { asResource, type ResourceType } from '../../fhir/json.ts'
import { searchableTypes } from '../../fhir/search/parse-search.ts'
import type { Resource, ValueSet } from '../../fhir/types.ts'
import { findByCanonical, findMaps } from '../../storage/find-artefacts.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Terminology } from '../../terminology/terminology.ts'
import type { Found, TreeEnvironment } from '../dependencies/dependency-tree.ts'
import type { NamedReference } from '../dependencies/named.ts'
import type { CanonicalReference } from '../dependencies/reference.ts'
import { bound, type VersionBindings } from './bindings.ts'

const hasUrl = (type: string) => elementInfo(type, 'url') !== undefined && elementInfo(type, 'status') !== undefined

/** Types of the store that have a canonical url and a publication status: what can be packaged. */
export const canonicalTypes: readonly ResourceType[] = searchableTypes.filter(
  (type): type is ResourceType => hasUrl(type) && type !== 'Endpoint',
)

/** Whether a type is one of {@link canonicalTypes}. */
export const isCanonicalType = (type: string): type is ResourceType => canonicalTypes.some((each) => each === type)

/** How a request names a root at type level. */
export interface RootName {
  id?: string | undefined
  /** `url` or `url|version`. */
  url?: string | undefined
  version?: string | undefined
  /** `value` or `system|value`. */
  identifier?: string | undefined
}

/**
 * The artefact of a type that is named. One that is not active is found when it is named exactly: by id, or with its version.
 * @throws FhirError 400 when none or several names are given, 404 when nothing has the name, 422 when several have, or it may not be used
 */
export async function findRoot(type: string, name: RootName, storage: Storage): Promise<Resource> {
  const given = (['id', 'url', 'identifier'] as const).filter((each) => name[each] !== undefined)
  if (given.length !== 1) {
    const text = `Name the ${type} by one of id, url and identifier${given.length > 1 ? `, not by ${given.join(' and ')}` : ''}.`
    throw badRequest({ text, expression: 'Parameters.parameter' }, given.length === 0 ? 'required' : 'invalid')
  }
  const { id, url, identifier } = name
  if (id !== undefined) return byId(type, id, name.version, storage)
  return url === undefined
    ? byIdentifier(type, identifier ?? '', name.version, storage)
    : byUrl(type, url, name.version, storage)
}

async function byId(type: string, id: string, version: string | undefined, storage: Storage): Promise<Resource> {
  const resource = (await storage.read(type, id))?.resource
  if (!resource || (version !== undefined && !isNamedBy(formatCanonical('x', version), withVersion(resource))))
    throw notFound(`${type}/${id}${version === undefined ? '' : ` of version ${version}`} is not known to this server`)
  return usableRoot(resource)
}

/** Judged by its version alone. */
const withVersion = (resource: Resource): Resource => asResource({ ...resource, status: 'draft' })

async function byUrl(type: string, given: string, said: string | undefined, storage: Storage): Promise<Resource> {
  const { url, version = said } = parseCanonical(given)
  if (said !== undefined && said !== version)
    throw badRequest({
      text: `url names the version ${version}, and version ${said}`,
      expression: 'Parameters.parameter',
    })
  const canonical = formatCanonical(url, version)
  const found = isCanonicalType(type) ? await findByCanonical(storage, type, canonical) : []
  const fit = found.find((each) => isNamedBy(canonical, each))
  if (fit) return fit
  const [other] = found
  if (other) {
    const text = `${type} ${canonical} is not active on this server; name ${artefactName(other)} for what is ${statusOf(other) ?? 'without status'}`
    throw notFound({ text, expression: 'Parameters.parameter' })
  }
  const [refused] = await storage.findCanonical(type, canonical)
  if (refused) return usableRoot(refused)
  throw notFound({ text: `${type} ${canonical} is not known to this server`, expression: 'Parameters.parameter' })
}

/** Artefacts looked at under one identifier. */
const mostOfOneIdentifier = 50

async function byIdentifier(
  type: string,
  identifier: string,
  version: string | undefined,
  storage: Storage,
): Promise<Resource> {
  const conditions = [{ parameter: 'identifier', values: [{ value: identifier }] }]
  const query = { type, conditions, sort: [], count: mostOfOneIdentifier, total: 'none' as const }
  const { matches } = await storage.search(query)
  const stored = matches.flatMap(({ resource }) => resource ?? [])
  const fit = stored.filter((each) => {
    if (isRefused(each)) return false
    return version === undefined ? statusOf(each) === 'active' : 'version' in each && each.version === version
  })
  const [first, ...others] = fit
  if (!first) {
    const text = `No ${type} with that identifier${version === undefined ? ' is active here' : ` and the version ${version} is here`}`
    throw notFound({ text, expression: 'Parameters.parameter' })
  }
  if (others.length === 0) return first
  const text = `Several have that identifier: ${fit.slice(0, 5).map(artefactName).join(', ')}`
  throw unprocessable({ text, expression: 'Parameters.parameter' }, 'multiple-matches')
}

function usableRoot(resource: Resource): Resource {
  if (!isRefused(resource)) return resource
  const text = `${artefactName(resource)} can be read here, and is used for nothing: it was stored as not fit to be active, or is a copy of another participant's rules`
  throw unprocessable({ text, expression: 'Parameters.parameter' }, 'business-rule')
}

/** What {@link finder} looks into. */
export interface FinderEnvironment {
  storage: Storage
  terminology: Pick<Terminology, 'check'>
  bindings: VersionBindings
  /** A root that is not active may lean on what is not active either. */
  root: Resource
}

/** Looks a reference up: active ones first, another one where the root lets it count. */
export function finder(environment: FinderEnvironment): TreeEnvironment['find'] {
  const known = new Map<string, Promise<Found[]>>()
  return (reference: NamedReference) => {
    if (reference.isGenerated) return Promise.resolve([{ known: 'this server makes it itself' }])
    if (reference.unknown !== undefined) return Promise.resolve([{ absent: reference.unknown }])
    const canonical = bound(reference.canonical, environment.bindings)
    const key = JSON.stringify([reference.types, canonical])
    const found = known.get(key) ?? look({ ...reference, canonical }, environment)
    known.set(key, found)
    if (known.size > mostLookups)
      throw unprocessable(`The artefact names more than ${mostLookups} others.`, 'too-costly')
    return found
  }
}

/** Different canonicals that are looked up for one root. */
const mostLookups = 10_000

async function look(reference: CanonicalReference, environment: FinderEnvironment): Promise<Found[]> {
  const { canonical, types, element } = reference
  if (element === 'ImplementationGuide.definition.resource.reference') return [await component(canonical, environment)]
  const wanted = types.length > 0 ? types : canonicalTypes
  if (types[0] === 'StructureMap' && canonical.includes('*')) return wildcard(canonical, environment)
  const why: string[] = []
  for (const type of wanted.filter(isCanonicalType)) {
    const found = await findByCanonical(environment.storage, type, canonical)
    const fit = found.find((each) => counts(each, canonical, environment.root))
    if (fit) return [{ resource: fit }]
    why.push(...(await obstacle(type, canonical, found, environment)))
  }
  const [first] = why
  if (first !== undefined) return [{ absent: first }]
  return [(await knownToTerminology(reference, environment)) ?? { absent: 'it is not known to this server' }]
}

/** A draft is taken by a root that is none of what is published, and where it is named exactly. */
function counts(artefact: Resource, canonical: string, root: Resource): boolean {
  const status = statusOf(artefact)
  if (status === 'active') return true
  const isExact = isNamedBy(canonical, artefact)
  if (status === 'retired' && isExact) return true
  return statusOf(root) !== 'active' && (isExact || parseCanonical(canonical).version === undefined)
}

async function obstacle(
  type: string,
  canonical: string,
  found: Resource[],
  { storage }: FinderEnvironment,
): Promise<string[]> {
  const [first] = found
  if (first) return [`it is ${statusOf(first) ?? 'without status'} here, and not active`]
  const refused = (await storage.findCanonical(type, canonical)).some(isRefused)
  return refused ? ['what is stored here is not fit to be used, or may not be run here'] : []
}

async function component(reference: string, { storage, root }: FinderEnvironment): Promise<Found> {
  const [, type = '', id = ''] = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/.exec(reference) ?? []
  const resource = type === '' ? undefined : (await storage.read(type, id))?.resource
  if (!resource) return { absent: 'it is not known to this server' }
  if (isRefused(resource)) return { absent: 'what is stored here is not fit to be used' }
  const status = statusOf(resource)
  if (status === undefined || status === 'active' || statusOf(root) !== 'active') return { resource }
  return { absent: `it is ${status} here, and not active` }
}

async function wildcard(canonical: string, { storage, root }: FinderEnvironment): Promise<Found[]> {
  const maps = await findMaps(storage, canonical)
  const fit = maps.filter((each) => statusOf(each) === 'active' || statusOf(root) !== 'active')
  return fit.length > 0 ? fit.map((resource) => ({ resource })) : [{ absent: 'no map of this server fits it' }]
}

/** Code systems and value sets that answer without being stored: UCUM, languages, media types, those that a url stands for. */
async function knownToTerminology(
  { canonical, types }: CanonicalReference,
  { terminology }: FinderEnvironment,
): Promise<Found | undefined> {
  const { url, version } = parseCanonical(canonical)
  const system = { system: url, ...(version === undefined ? {} : { version }) }
  const drawings = { CodeSystem: system, ValueSet: { valueSet: [canonical] } }
  for (const [type, include] of Object.entries(drawings)) {
    if (!types.includes(type)) continue
    const drawn: ValueSet = { resourceType: 'ValueSet', status: 'draft', compose: { include: [include] } }
    const issues = await terminology.check(drawn)
    if (issues.length === 0) return { known: 'the terminology of this server has it built in' }
  }
  return undefined
}
