import { FhirError, issue } from '../fhir/error.ts'
import { stringifyJson } from '../fhir/json.ts'
import type { Resource } from '../fhir/types.ts'

export { parseJson } from '../fhir/json.ts'

const notYet = () => new FhirError(406, issue('not-supported', 'XML is not available in this build.'))

export function parseXml(_bytes: Uint8Array): unknown {
  throw notYet()
}
/** A resource as FHIR JSON text; decimals stand as they were read. */
export function formatJson(resource: Resource, pretty: boolean): string {
  return stringifyJson(resource, pretty ? 2 : undefined)
}
export function formatXml(_resource: Resource, _pretty: boolean): string {
  throw notYet()
}
