import { badRequest } from '../fhir/error.ts'
import type { Resource } from '../fhir/types.ts'

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw badRequest('The body is not JSON.', 'structure')
  }
}
export function parseXml(_text: string): unknown {
  throw badRequest('XML is not there yet.', 'not-supported')
}
export function formatJson(resource: Resource, pretty: boolean): string {
  return pretty ? JSON.stringify(resource, null, 2) : JSON.stringify(resource)
}
export function formatXml(_resource: Resource, _pretty: boolean): string {
  throw badRequest('XML is not there yet.', 'not-supported')
}
