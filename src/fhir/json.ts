/**
 * Between FHIR's types and JSON: the same value, seen as a resource of R4 or as a JSON object. Types of R4 have no index
 * signature, so the way from one to the other is a cast; it stands here alone.
 */
import { type JsonLimits, parseJson as parse } from '../base/json.ts'
import { JsonError } from '../base/json-error.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
import { badRequest } from './error.ts'
import type { Resource } from './types.ts'

/** Names of the resource types of R4. */
export type ResourceType = Resource['resourceType']

/** The resource type of that name. */
export type ResourceOf<T extends ResourceType> = Extract<Resource, { resourceType: T }>

/** An element or a resource as the JSON object that it is. */
export function asJson(resource: object): JsonObject {
  return resource as JsonObject
}

/**
 * A JSON object that says what resource it is. Whether it is one by its elements, `checkResource` tells.
 * @throws FhirError 400 for anything without `resourceType`
 */
export function asResource(value: unknown): Resource {
  if (isAnyResource(value)) return value
  throw badRequest('The body is not a FHIR resource: resourceType is missing.', 'structure')
}

/** Whether a value is a JSON object that says what resource it is. */
export function isAnyResource(value: unknown): value is Resource {
  return (
    typeof value === 'object' && value !== null && 'resourceType' in value && typeof value.resourceType === 'string'
  )
}

/** Whether a value is a resource of that type, by what it says. */
export function isOfType<T extends ResourceType>(value: unknown, type: T): value is ResourceOf<T> {
  return isAnyResource(value) && value.resourceType === type
}

/** Reads JSON of a request (base/json.ts); throws FhirError 400 with line, column and path where the text is refused. */
export function parseJson(input: string | Uint8Array, limits?: JsonLimits): Json {
  try {
    return parse(input, limits)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    const { message: text, code, diagnostics, expression } = error
    throw badRequest(
      { text, ...(diagnostics !== undefined ? { diagnostics } : {}), ...(expression ? { expression } : {}) },
      code,
    )
  }
}
