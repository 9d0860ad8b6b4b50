import { badRequest, FhirError, issue, notFound } from '../../fhir/error.ts'
import { parseJson } from '../../fhir/read-json.ts'
import type { StoredVersion } from '../../storage/storage.ts'
import type { Facade } from '../context.ts'
import type { Interaction } from '../interaction.ts'
import { gone } from '../message/errors.ts'
import type { FhirReply, FhirRequest, RequestBody } from '../message/exchange.ts'
import { checkContentType, fhirMediaTypes, unsupportedMediaType } from '../message/media-type.ts'
import { ifMatchVersion } from '../message/precondition.ts'
import { parseResource } from '../message/resource-body.ts'
import type { Patch } from '../patch/patch-jobs.ts'
import { singleMatch } from './single-match.ts'
import { checkBeforeWrite, writeOf, writeReply } from './writing.ts'

const jsonPatch = 'application/json-patch+json'

/** `PATCH [base]/[type]/[id]` by JSON Patch or FHIRPath Patch (https://hl7.org/fhir/R4/http.html#patch). */
export const patch: Interaction = (facade, request, { type, id }) => {
  const change = readPatch(request.body)
  return facade.inTurn(async () => {
    const version = await facade.storage.read(type, id)
    if (!version) throw notFound(`There is no ${type} with the id ${id}.`)
    return applyTo(facade, request, version, change)
  })
}

/** `PATCH [base]/[type]?…`: the only resource that fits. */
export const conditionalPatch: Interaction = (facade, request, { type }) => {
  const change = readPatch(request.body)
  return facade.inTurn(async () => {
    const match = await singleMatch(facade, type, request.query)
    if (!match) throw notFound('Nothing fits the condition.')
    return applyTo(facade, request, match, change)
  })
}

/** The result is judged like any other resource before it is stored. */
async function applyTo(
  facade: Facade,
  request: FhirRequest,
  version: StoredVersion,
  change: Patch,
): Promise<FhirReply> {
  const { type, id, versionId, resource: stored } = version
  if (!stored) throw gone(type, id, versionId)
  const wanted = ifMatchVersion(request.headers['if-match'])
  if (wanted !== undefined && wanted !== versionId) {
    throw new FhirError(412, issue('conflict', `The current version is ${versionId}.`))
  }
  const { client, isGone } = request.requester
  const call = { client: client(), isGone, cpuSeconds: facade.limits.cpuMilliseconds / 1000 }
  const resource = await facade.patches.apply(stored, change, call)
  if (resource.resourceType !== type || resource.id !== id) {
    throw new FhirError(422, issue('processing', 'A patch cannot change the type or id of a resource.'))
  }
  const warnings = await checkBeforeWrite(facade, resource)
  const write = writeOf(facade, { method: 'PUT', type, id }, resource)
  const [written] = await facade.storage.write([{ ...write, ifMatch: versionId }])
  if (!written) throw new Error('The storage did not say what it wrote.')
  return writeReply(facade, request, written, warnings)
}

function readPatch(body: RequestBody | undefined): Patch {
  if (!body) throw badRequest('The request has no body; a patch is needed.', 'required')
  const { essence } = body.mediaType
  if (essence === jsonPatch && body.bytes) {
    checkContentType(body.mediaType)
    return { kind: 'json', operations: parseJson(body.bytes) }
  }
  if (!(essence in fhirMediaTypes)) {
    const accepted = [jsonPatch, 'application/fhir+json', 'application/fhir+xml']
    throw unsupportedMediaType('A patch is a JSON Patch, or a Parameters resource for FHIRPath Patch.', accepted)
  }
  const resource = parseResource(body)
  // An entry of a batch carries a JSON Patch as a Binary.
  if (resource.resourceType === 'Binary' && resource.contentType === jsonPatch) {
    return { kind: 'json', operations: parseJson(Buffer.from(resource.data ?? '', 'base64')) }
  }
  if (resource.resourceType !== 'Parameters') throw badRequest('A FHIRPath Patch is a Parameters resource.')
  return { kind: 'fhirpath', operations: resource }
}
