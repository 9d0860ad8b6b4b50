import { FhirError, issue } from '../fhir/error.ts'
import type { Resource, StructureMap } from '../fhir/types.ts'
import { formatJson, formatXml } from './codecs.ts'
import type { ReplyFormat } from './negotiation.ts'

/** A written body and its content type. */
export interface Rendered {
  contentType: string
  body: string
}

/**
 * Writes a resource in the negotiated format.
 * @param printMap writes a StructureMap in the Mapping Language
 * @throws FhirError 406 when the Mapping Language was asked for and the resource is no StructureMap
 */
export function render(resource: Resource, format: ReplyFormat, printMap: (map: StructureMap) => string): Rendered {
  const contentType = `${format.contentType}; charset=utf-8`
  if (format.kind === 'xml') return { contentType, body: formatXml(resource, format.pretty) }
  if (format.kind === 'json') return { contentType, body: formatJson(resource, format.pretty) }
  if (resource.resourceType === 'StructureMap') return { contentType, body: printMap(resource) }
  throw new FhirError(
    406,
    issue('not-supported', `A ${resource.resourceType} cannot be written in the Mapping Language.`),
  )
}
