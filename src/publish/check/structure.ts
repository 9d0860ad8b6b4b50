import { checkResource } from '../../fhir/check/resource.ts'
import type { Issue, Resource } from '../../fhir/types.ts'

/** Their spelling in later versions of FHIR is read too: their compilers judge what they know. */
const tolerantTypes = new Set(['StructureMap'])

/** Whether a resource is R4 by its structure: with errors it is stored in no form, for nobody could read it back. */
export const structureFaults = (resource: Resource): Issue[] =>
  checkResource(resource, { tolerant: tolerantTypes.has(resource.resourceType) })
