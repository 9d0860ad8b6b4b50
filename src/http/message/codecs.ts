import { stringifyJson } from '../../base/json.ts'
import type { Resource } from '../../fhir/types.ts'
import { writeXml } from '../../fhir/xml/write.ts'

export { parseJson } from '../../fhir/read-json.ts'
export { parseXmlSteps } from '../../fhir/xml/read.ts'
export { writeXmlSteps } from '../../fhir/xml/write.ts'

/** A resource as FHIR JSON text; decimals stand as they were read. */
export function formatJson(resource: Resource, pretty: boolean): string {
  return stringifyJson(resource, pretty ? 2 : undefined)
}

/** A resource as FHIR XML text. @throws FhirError 422 for elements that R4 does not have */
export function formatXml(resource: Resource, pretty: boolean): string {
  return writeXml(resource, { pretty })
}
