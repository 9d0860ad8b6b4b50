import { FhirError, isError, issue, operationOutcome } from '../fhir/error.ts'
import { checkResource } from '../fhir/structure.ts'
import type { Issue, Resource } from '../fhir/types.ts'
import type { StoredVersion, Written } from '../storage/storage.ts'
import type { FhirReply, FhirRequest } from './exchange.ts'
import type { Facade } from './facade.ts'
import { versionHeaders } from './precondition.ts'
import { preferences } from './prefer.ts'

/**
 * Judges a resource before it is stored.
 * @returns warnings and information
 * @throws FhirError 422 with everything that was found, when any of it is an error
 */
export async function checkBeforeWrite(facade: Facade, resource: Resource): Promise<Issue[]> {
  const found = checkResource(resource, { tolerant: tolerantTypes.has(resource.resourceType) })
  if (found.some(isError)) throw new FhirError(422, found)
  const issues = await facade.hooks.checkWrite(resource)
  if (issues.some(isError)) throw new FhirError(422, issues)
  return [...found, ...issues]
}

/** Their spelling in later versions of FHIR is read too: their compilers judge what they know. */
const tolerantTypes = new Set(['StructureMap'])

/** What the client's copy says about versions is not ours; profiles, tags and security labels are kept. */
export function withoutVersion(resource: Resource, id: string): Resource {
  const copy: Resource = { ...resource, id }
  if (!resource.meta) return copy
  const { versionId: _versionId, lastUpdated: _lastUpdated, ...meta } = resource.meta
  if (Object.keys(meta).length > 0) copy.meta = meta
  else delete copy.meta
  return copy
}

/**
 * Refuses a new resource whose `url` and `version` are those of a stored one: two artefacts that cannot be told
 * apart. An update in place, or one that names its own id, is its author's decision.
 * @throws FhirError 422
 */
export async function checkCanonicalIsNew(facade: Facade, resource: Resource): Promise<void> {
  const { url, version } = canonicalOf(resource)
  if (url === undefined) return
  for (const stored of await facade.storage.findCanonical(resource.resourceType, url)) {
    if (canonicalOf(stored).version !== version) continue
    const name = version === undefined ? url : `${url}|${version}`
    const text = `${name} is stored already as ${stored.resourceType}/${stored.id}; update that one or change the version.`
    throw new FhirError(422, issue('duplicate', { text, expression: `${resource.resourceType}.url` }))
  }
}

/** The answer to a write, as `Prefer` wants it. */
export function writeReply(facade: Facade, request: FhirRequest, written: Written, warnings: Issue[]): FhirReply {
  const { version, outcome } = written
  const wanted = preferences(request.headers.prefer).return
  const location = `${facade.settings.baseUrl}/${version.type}/${version.id}/_history/${version.versionId}`
  const headers: Record<string, string> = { ...versionHeaders(version), 'Cache-Control': 'no-store' }
  headers[outcome === 'created' ? 'Location' : 'Content-Location'] = location
  const reply: FhirReply = { status: outcome === 'created' ? 201 : 200, headers }
  if (wanted === 'OperationOutcome') reply.resource = outcomeOf(version, outcome, warnings)
  else if (wanted === 'representation' && version.resource) reply.resource = version.resource
  return reply
}

function outcomeOf(version: StoredVersion, outcome: Written['outcome'], warnings: Issue[]): Resource {
  const text = `${version.type}/${version.id} was ${outcome === 'unchanged' ? 'left unchanged' : outcome}.`
  return operationOutcome([issue('informational', { severity: 'information', text }), ...warnings])
}

function canonicalOf(resource: Resource): { url: string | undefined; version: string | undefined } {
  const url = 'url' in resource ? resource.url : undefined
  const version = 'version' in resource ? resource.version : undefined
  return { url, version: version === undefined ? undefined : String(version) }
}
