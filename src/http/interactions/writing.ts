import { mirroredFrom, notFit } from '../../fhir/artefact.ts'
import { structureFaults } from '../../fhir/check/resource.ts'
import { badRequest, FhirError, isError, issue, operationOutcome } from '../../fhir/error.ts'
import type { Issue, OperationOutcome, Resource } from '../../fhir/types.ts'
import type { StoredVersion, Write, Written } from '../../storage/storage.ts'
import { judgedAnew as judgedInStore } from '../../storage/write.ts'
import type { HttpContext, OneAtATime } from '../context.ts'
import type { FhirReply, FhirRequest } from '../message/exchange.ts'
import { preferences, versionHeaders } from '../message/head.ts'

/**
 * Judges a resource before it is stored, among the others of its transaction.
 * @returns warnings and information
 * @throws FhirError 422 with everything that was found, when any of it is an error
 */
export async function checkBeforeWrite(
  context: HttpContext,
  resource: Resource,
  beside: Resource[] = [],
): Promise<Issue[]> {
  const found = structureFaults(resource)
  if (found.some(isError)) throw new FhirError(422, found)
  const issues = await context.hooks.checkWrite(resource, beside)
  if (issues.some(isError)) throw new FhirError(422, issues)
  return [...found, ...issues]
}

/** What the client's copy says about versions is not ours; profiles, tags and security labels are kept. */
function withoutVersion(resource: Resource, id: string): Resource {
  const copy: Resource = { ...resource, id }
  if (!resource.meta) return copy
  const { versionId: _versionId, lastUpdated: _lastUpdated, ...meta } = resource.meta
  if (Object.keys(meta).length > 0) copy.meta = meta
  else delete copy.meta
  return copy
}

/** A write of a resource as it was received, to go to the storage. */
export function writeOf(
  context: HttpContext,
  { method, type, id }: { method: 'POST' | 'PUT'; type: string; id: string },
  resource: Resource,
): Write {
  const write: Write = { method, type, id, resource: withoutVersion(resource, id) }
  return context.hooks.publishedWrite?.(write) ?? write
}

/**
 * Refuses a new resource whose `url` and `version` are those of a stored one: two artefacts that cannot be told
 * apart. An update in place, or one that names its own id, is its author's decision.
 * @throws FhirError 422
 */
export async function checkCanonicalIsNew(context: HttpContext, resource: Resource): Promise<void> {
  const { url, version } = canonicalOf(resource)
  if (url === undefined) return
  for (const stored of await context.storage.findCanonical(resource.resourceType, url)) {
    // A copy of another participant's takes no name from anybody who publishes here.
    if (canonicalOf(stored).version !== version || mirroredFrom(stored) !== undefined) continue
    const name = version === undefined ? url : `${url}|${version}`
    const text = `${name} is stored already as ${stored.resourceType}/${stored.id}; update that one or change the version.`
    throw new FhirError(422, issue('duplicate', { text, expression: `${resource.resourceType}.url` }))
  }
}

/**
 * The id that the resource of a conditional update brings along must be that of what it updates, or a free one.
 * @throws FhirError 400 another id than the match's, 409 the id of another resource
 */
export async function checkOwnId(context: HttpContext, resource: Resource, match: StoredVersion | undefined) {
  const { id, resourceType: type } = resource
  if (id === undefined || id === match?.id) return
  if (match) throw badRequest({ text: 'The id of the body is not that of the match.', expression: `${type}.id` })
  if ((await context.storage.read(type, id))?.resource)
    throw new FhirError(409, issue('conflict', 'Nothing fits the condition, but the id of the body is taken.'))
}

/**
 * The answer to a write, as `Prefer` wants it. What is to be said of the resource is never left out: it stands in the header
 * `Warning` (RFC 7234, 5.5) and in the outcome of a Bundle's entry. Where rules or maps cannot be run as they are, and the client
 * does not say what it wants to see, the OperationOutcome is the body; drafts of other types are often just not finished.
 */
export function writeReply(context: HttpContext, request: FhirRequest, written: Written, warnings: Issue[]): FhirReply {
  const { version, outcome } = written
  const wanted = preferences(request.headers.prefer)
  const location = `${context.settings.baseUrl}/${version.type}/${version.id}/_history/${version.versionId}`
  const headers: Record<string, string> = { ...versionHeaders(version), 'Cache-Control': 'no-store' }
  headers[outcome === 'created' ? 'Location' : 'Content-Location'] = location
  const reply: FhirReply = { status: outcome === 'created' ? 201 : 200, headers }
  if (warnings.length > 0) {
    headers.Warning = warningHeader(warnings)
    reply.outcome = outcomeOf(version, outcome, warnings)
  }
  const isFault =
    compiledTypes.has(version.type) &&
    warnings.some(({ details }) => details?.coding?.some(({ code }) => code === notFit.code))
  if (wanted.return === 'OperationOutcome' || (isFault && !wanted.isReturnStated))
    reply.resource = outcomeOf(version, outcome, warnings)
  else if (wanted.return === 'representation' && version.resource) reply.resource = version.resource
  return reply
}

/** Types whose content is a program. */
const compiledTypes = new Set(['Library', 'PlanDefinition', 'StructureMap'])

/** Most warnings in a header, and characters of each: the outcome tells them whole. */
const headerWarnings = 5
const headerCharacters = 300

function warningHeader(issues: Issue[]): string {
  const texts = issues.slice(0, headerWarnings).map(({ details, diagnostics, code }) => {
    const place = /\bline \d+, column \d+/.exec(diagnostics ?? '')?.[0]
    return `${place ? `${place}: ` : ''}${details?.text ?? diagnostics ?? code}`
  })
  const more = issues.length - texts.length
  if (more > 0) texts.push(`${more} more; Prefer: return=OperationOutcome tells all`)
  return texts.map((text) => `199 vidimus "${headerText(text)}"`).join(', ')
}

/** Text of anybody in a quoted string of a header. */
const headerText = (text: string) =>
  text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .slice(0, headerCharacters)
    .replace(/["\\]/g, '\\$&')

function outcomeOf(version: StoredVersion, outcome: Written['outcome'], warnings: Issue[]): OperationOutcome {
  const text = `${version.type}/${version.id} was ${outcome === 'unchanged' ? 'left unchanged' : outcome}.`
  return operationOutcome([issue('informational', { severity: 'information', text }), ...warnings])
}

function canonicalOf(resource: Resource): { url: string | undefined; version: string | undefined } {
  const url = 'url' in resource ? resource.url : undefined
  const version = 'version' in resource ? resource.version : undefined
  return { url, version: version === undefined ? undefined : String(version) }
}

/** By what something was judged that is about to be written, see {@link Write.judgedAt}. */
export type Judged = NonNullable<Write['judgedAt']>

/** Tries when other processes write in between; each looks at what they wrote. */
const mostTries = 8

/**
 * Search and write as one step, one after the other here, and among all processes that write to the store.
 * @param attempt hands `judgedAt` on with what it writes
 * @throws FhirError 409 when others always come first
 */
export function judgedAnew<T>(
  context: HttpContext,
  types: readonly string[],
  attempt: (judgedAt: Judged, tries: number) => Promise<T>,
): Promise<T> {
  return context.inTurn(() =>
    judgedInStore(context.storage, { types, mostTries }, (judgement, tries) => attempt([judgement], tries)),
  )
}

/** Writes go one after the other; one that fails does not hold up the next. */
export function oneAtATime(): OneAtATime {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const result = last.then(task)
    last = result.catch(() => undefined)
    return result
  }
}
