/** The artefact that an operation of the lifecycle is about, and what it owns. */
import {
  activeFirst,
  artefactCanonical,
  artefactName,
  isCopy,
  isRefused,
  mirroredFrom,
  statusOf,
} from '../../fhir/artefact.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import { elementInfo } from '../../fhir/elements.ts'
import { badRequest, FhirError, issue, notFound, unprocessable } from '../../fhir/error.ts'
import { asJson } from '../../fhir/json.ts'
import { type OperationCall, textParameter } from '../../fhir/operation.ts'
import { searchableTypes } from '../../fhir/search/parse-search.ts'
import type { Resource } from '../../fhir/types.ts'
import { hasLifecycle } from '../../publish/lifecycle/transitions.ts'
import type { Storage } from '../../storage/storage.ts'

/** Types whose artefacts have url, business version and status, in alphabetical order. */
export const lifecycleTypes: string[] = searchableTypes.filter(
  (type) => hasLifecycle(type) && elementInfo(type, 'version') !== undefined && elementInfo(type, 'url') !== undefined,
)

/** A stored artefact, at the version that was read. */
export interface Held {
  resource: Resource
  /** Of the store, for If-Match. */
  versionId: string
}

/**
 * The artefact that a call names, by its address or by the parameter `id`.
 * @throws FhirError 400, 403 for a copy of another participant's, 404, 410, 422 for one that an import refused
 */
export async function namedArtefact(call: OperationCall, storage: Pick<Storage, 'read'>): Promise<Held> {
  const { resourceType: type = '', level } = call
  const given = textParameter(call.parameters, 'id')
  const expression = "Parameters.parameter.where(name='id')"
  if (level === 'instance' && given !== undefined && given !== call.id)
    throw badRequest({ text: `The address names ${call.id}, and id another one.`, expression })
  const id = level === 'instance' ? call.id : given
  if (id === undefined || id === '')
    throw badRequest({ text: `id is required: which ${type} is meant?`, expression }, 'required')
  const stored = await storage.read(type, id)
  if (!stored) throw notFound({ text: `${type}/${id.slice(0, 64)} is not known to this server`, expression })
  if (!stored.resource) throw new FhirError(410, issue('deleted', { text: `${type}/${id} was deleted.`, expression }))
  refuseForeign(stored.resource)
  return { resource: stored.resource, versionId: stored.versionId }
}

function refuseForeign(resource: Resource): void {
  const participant = mirroredFrom(resource)
  const place = `${resource.resourceType}/${resource.id}`
  if (participant !== undefined)
    throw new FhirError(403, issue('forbidden', `${place} is a copy of what ${participant} publishes, who alone may.`))
  if (isRefused(resource))
    throw unprocessable(
      `${place} was stored as a draft because it is not fit to be active: mend it first.`,
      'business-rule',
    )
}

/** An element of an artefact that names another one: a relatedArtifact, or the extension of that name. */
export interface Related {
  /** FHIRPath. */
  path: string
  kind: string
  canonical: string
  isOwned: boolean
}

/** Extensions that say that a component belongs to its artefact, as the versions of CRMI and of HL7's extensions spell it. */
const ownedUrls = [
  'http://hl7.org/fhir/StructureDefinition/artifact-isOwned',
  'http://hl7.org/fhir/StructureDefinition/crmi-isOwned',
  'http://hl7.org/fhir/uv/crmi/StructureDefinition/crmi-isOwned',
]
/** For types that have no relatedArtifact in R4. */
const relatedUrl = 'http://hl7.org/fhir/StructureDefinition/artifact-relatedArtifact'

/** What an artefact says that it is composed of, or depends on. */
export function relatedArtefacts(resource: Resource): Related[] {
  const { relatedArtifact, extension } = asJson(resource)
  const type = resource.resourceType
  const own = listOf(relatedArtifact).map((each, at) => relation(each, `${type}.relatedArtifact[${at}]`))
  const extended = listOf(extension).flatMap((each, at) =>
    isObject(each) && each.url === relatedUrl
      ? [relation(each.valueRelatedArtifact, `${type}.extension[${at}].valueRelatedArtifact`)]
      : [],
  )
  return [...own, ...extended].flatMap((each) => each ?? [])
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function relation(value: unknown, path: string): Related | undefined {
  if (!isObject(value) || typeof value.resource !== 'string' || typeof value.type !== 'string') return undefined
  const isOwned = listOf(value.extension).some(
    (each) => isObject(each) && ownedUrls.includes(String(each.url)) && each.valueBoolean === true,
  )
  return { path: `${path}.resource`, kind: value.type, canonical: value.resource, isOwned }
}

/** More components than one artefact has; a circle is walked once. */
const mostComponents = 500

/** Which of the artefacts of a canonical is a component. */
type Choose = (candidates: Held[], related: Related) => Held

/**
 * An artefact and all that it owns, directly or not, the root first.
 * @throws FhirError 422 for a component that is not there, or that `choose` refuses
 */
export async function withComponents(
  root: Held,
  storage: Pick<Storage, 'findCanonical'>,
  choose: Choose,
): Promise<Held[]> {
  const tree = new Map([[nameOf(root), root]])
  for (const held of tree.values()) {
    for (const related of relatedArtefacts(held.resource)) {
      if (related.kind !== 'composed-of' || !related.isOwned) continue
      const candidates = await storedAs(related.canonical, storage)
      if (candidates.length === 0) {
        const text = `${artefactName(held.resource)} is composed of ${related.canonical}, which is not stored here.`
        throw unprocessable({ text, expression: related.path }, 'not-found')
      }
      const component = choose(candidates, related)
      if (!tree.has(nameOf(component))) tree.set(nameOf(component), component)
      if (tree.size > mostComponents)
        throw unprocessable(`The artefact owns more than ${mostComponents} others.`, 'too-costly')
    }
  }
  return [...tree.values()]
}

const nameOf = ({ resource: { resourceType, id } }: Held): string => `${resourceType}/${id}`

/** What was published here, or is drafted, under a canonical, of whatever type: active ones first, then newest first. */
export async function storedAs(canonical: string, storage: Pick<Storage, 'findCanonical'>): Promise<Held[]> {
  const { url, version } = parseCanonical(canonical)
  const found: Resource[] = []
  for (const type of lifecycleTypes) found.push(...(await storage.findCanonical(type, url)))
  return activeFirst(found)
    .filter((each) => !isCopy(each) && (version === undefined || artefactCanonical(each)?.version === version))
    .map((resource) => ({ resource, versionId: String(resource.meta?.versionId) }))
}

/** Whether an artefact has a status. */
export const stands = ({ resource }: Held, status: string): boolean => statusOf(resource) === status
