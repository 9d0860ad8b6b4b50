import { badRequest, FhirError, issue, notFound } from '../../fhir/error.ts'
import { parseJson } from '../../fhir/json.ts'
import type { StoredVersion } from '../../storage/storage.ts'
import type { HttpContext, Interaction } from '../context.ts'
import { parseResource } from '../message/body.ts'
import { gone } from '../message/errors.ts'
import type { FhirReply, FhirRequest, RequestBody } from '../message/exchange.ts'
import { writeConditions } from '../message/head.ts'
import { checkContentType, fhirFormat, unsupportedMediaType } from '../message/media-type.ts'
import type { Patch } from '../patch/patch-jobs.ts'
import { singleMatch } from './single-match.ts'
import { checkBeforeWrite, type Judged, judgedAnew, writeOf, writeReply } from './writing.ts'

const jsonPatch = 'application/json-patch+json'

/** `PATCH [base]/[type]/[id]` by JSON Patch or FHIRPath Patch (https://hl7.org/fhir/R4/http.html#patch). */
export const patch: Interaction = (context, request, { type, id }) => {
  const change = readPatch(request.body)
  return context.inTurn(async () => {
    const version = await context.storage.read(type, id)
    if (!version) throw notFound(`There is no ${type} with the id ${id}.`)
    return applyTo(context, request, version, change)
  })
}

/** `PATCH [base]/[type]?…`: the only resource that fits. */
export const conditionalPatch: Interaction = (context, request, { type }) => {
  const change = readPatch(request.body)
  return judgedAnew(context, [type], async (judgedAt) => {
    const match = await singleMatch(context, request, type, request.query)
    if (!match) throw notFound('Nothing fits the condition.')
    return applyTo(context, request, match, { ...change, judgedAt })
  })
}

/** The result is judged like any other resource before it is stored. */
async function applyTo(
  context: HttpContext,
  request: FhirRequest,
  version: StoredVersion,
  { judgedAt, ...change }: Patch & { judgedAt?: Judged },
): Promise<FhirReply> {
  const { type, id, versionId, resource: stored } = version
  if (!stored) throw gone(type, id, versionId)
  const { ifMatch, ifNoneMatch } = writeConditions(request.headers)
  const isCurrent = (tags: readonly string[]) => tags.includes('*') || tags.includes(versionId)
  if ((ifMatch && !isCurrent(ifMatch)) || (ifNoneMatch && isCurrent(ifNoneMatch))) {
    throw new FhirError(412, issue('conflict', `The current version is ${versionId}.`))
  }
  const { client, isGone } = request.requester
  const call = { client: client(), isGone, cpuSeconds: context.limits.cpuMilliseconds / 1000 }
  const resource = await context.patches.apply(stored, change, call)
  if (resource.resourceType !== type || resource.id !== id) {
    throw new FhirError(422, issue('processing', 'A patch cannot change the type or id of a resource.'))
  }
  const warnings = await checkBeforeWrite(context, resource)
  const write = writeOf(context, { method: 'PUT', type, id }, resource)
  const [written] = await context.storage.write([{ ...write, ifMatch: [versionId], ...(judgedAt ? { judgedAt } : {}) }])
  if (!written) throw new Error('The storage did not say what it wrote.')
  return writeReply(context, request, written, warnings)
}

function readPatch(body: RequestBody | undefined): Patch {
  if (!body) throw badRequest('The request has no body; a patch is needed.', 'required')
  const { essence } = body.mediaType
  if (essence === jsonPatch && body.bytes) {
    checkContentType(body.mediaType)
    return { kind: 'json', operations: parseJson(body.bytes) }
  }
  if (!fhirFormat(essence)) {
    const accepted = [jsonPatch, 'application/fhir+json', 'application/fhir+xml']
    const text = `A patch is a JSON Patch (Content-Type: ${jsonPatch}), or a Parameters resource for FHIRPath Patch (Content-Type: application/fhir+json).`
    throw unsupportedMediaType(text, accepted)
  }
  const resource = parseResource(body)
  // An entry of a batch carries a JSON Patch as a Binary.
  if (resource.resourceType === 'Binary' && resource.contentType === jsonPatch) {
    return { kind: 'json', operations: parseJson(Buffer.from(resource.data ?? '', 'base64')) }
  }
  if (resource.resourceType !== 'Parameters') throw badRequest('A FHIRPath Patch is a Parameters resource.')
  return { kind: 'fhirpath', operations: resource }
}
