/** What operations of the lifecycle take and answer in common. */
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { input, output } from '../../fhir/declare-parameter.ts'
import { FhirError, issue, operationOutcome } from '../../fhir/error.ts'
import { asResource } from '../../fhir/json.ts'
import {
  booleanParameter,
  type Change,
  type Changed,
  type OperationCall,
  type OperationReply,
  type ParameterDeclaration,
  textParameter,
} from '../../fhir/operation.ts'
import type { Bundle, BundleEntry, Issue, Resource } from '../../fhir/types.ts'
import { canonicalBytes, canonicalizations } from '../../provenance/signature/canonicalization.ts'

/** The parameter by which an artefact is named at type level. */
export const idParameter = input(
  'id',
  'string',
  'The logical id of the artefact; at instance level the address has it.',
)

/** The Bundle that all of them answer. */
export const returned = output('return', 'Bundle', 'What was written (transaction-response)', '1..1')

/** Parameters for writes that are signed: what will be stored is asked for first, and then had stored as it was answered. */
export const signingParameters: ParameterDeclaration[] = [
  input(
    'prepareOnly',
    'boolean',
    'Store nothing: answer what would be stored (a collection), for each artefact a Binary with the bytes that are to be signed, and in Bundle.identifier the value for `prepared`.',
  ),
  input(
    'prepared',
    'string',
    'Value that a call with prepareOnly answered: the call stores exactly that, or nothing (409).',
  ),
]

/** System of the identifier of what was prepared. */
const preparedSystem = 'http://vidimus.org/fhir/NamingSystem/prepared-publication'

/** A value that fixes what is stored: the date of the first call, and a hash of all resources. */
const preparedPattern = /^(\d{4}-\d{2}-\d{2})\.([0-9a-f]{64})$/

/** A change whose resource is known to the last byte. */
export type Planned = Change & { resource: Resource; id: string }

/**
 * The day that counts as today: that of the first call, where two are needed.
 * @throws FhirError 400 for a value that no call with prepareOnly answered
 */
export function today({ parameters }: OperationCall, now: () => Date): string {
  const prepared = textParameter(parameters, 'prepared')
  if (prepared === undefined) return now().toISOString().slice(0, 10)
  const [, day] = preparedPattern.exec(prepared) ?? []
  if (day !== undefined) return day
  const text = 'prepared is the value that a call with prepareOnly answered in Bundle.identifier.'
  throw new FhirError(400, issue('value', { text, expression: "Parameters.parameter.where(name='prepared')" }))
}

/**
 * Stores what an operation came to, or answers it to be signed.
 * @throws FhirError 409 when it is not what was prepared; what the writes are refused for
 */
export async function carryOut(
  call: OperationCall,
  planned: readonly Planned[],
  { day, remarks = [] }: { day: string; remarks?: Issue[] },
): Promise<OperationReply> {
  if (!call.commit) throw new Error('The operation has no way to write.')
  const token = `${day}.${digestOf(planned)}`
  const prepared = textParameter(call.parameters, 'prepared')
  if (booleanParameter(call.parameters, 'prepareOnly')) {
    await call.check?.([...planned])
    return { resource: preparation(planned, token) }
  }
  if (prepared !== undefined && prepared !== token) {
    const text =
      'What would be stored now is not what was prepared: the artefact, what it refers to or the parameters have changed. Prepare it again, and sign that.'
    throw new FhirError(409, issue('conflict', { text, expression: "Parameters.parameter.where(name='prepared')" }))
  }
  return { resource: written(await call.commit([...planned]), remarks) }
}

const digestOf = (planned: readonly Planned[]): string =>
  sha256Hex(planned.map(({ resource }) => sha256Hex(canonicalBytes(resource, 'static'))).join('\n'))

/** What would be stored, and the bytes of each that a signature covers. */
function preparation(planned: readonly Planned[], token: string): Bundle {
  const entry = planned.flatMap(({ type, id, resource }): BundleEntry[] => {
    const data = canonicalBytes(resource, 'static').toString('base64')
    const contentType = `application/fhir+json;canonicalization=${canonicalizations.static}`
    const link = [{ relation: 'describes', url: `${type}/${id}` }]
    return [{ resource }, { link, resource: asResource({ resourceType: 'Binary', contentType, data }) }]
  })
  return { resourceType: 'Bundle', type: 'collection', identifier: { system: preparedSystem, value: token }, entry }
}

/** What was written, as a transaction answers it. */
export function written(changed: readonly Changed[], remarks: Issue[]): Bundle {
  const statuses = { created: '201 Created', updated: '200 OK', unchanged: '200 OK', deleted: '204 No Content' }
  const entry = changed.map(({ outcome, version }, at): BundleEntry => {
    const { type, id, versionId, lastUpdated, resource } = version
    const location = `${type}/${id}/_history/${versionId}`
    return {
      ...(resource ? { resource } : {}),
      response: {
        status: statuses[outcome],
        location,
        etag: `W/"${versionId}"`,
        lastModified: lastUpdated,
        ...(at === 0 && remarks.length > 0 ? { outcome: operationOutcome(remarks) } : {}),
      },
    }
  })
  return { resourceType: 'Bundle', type: 'transaction-response', entry }
}
