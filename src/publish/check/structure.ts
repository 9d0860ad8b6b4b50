/** What no resource may be, whatever its status: with such faults it is stored in no form. */
import { checkResource } from '../../fhir/check/resource.ts'
import { issue } from '../../fhir/error.ts'
import type { Issue, Resource } from '../../fhir/types.ts'

/** Their spelling in later versions of FHIR is read too: their compilers judge what they know. */
const tolerantTypes = new Set(['StructureMap'])

/** Whether a resource is R4 by its structure, and a whole one: nobody could read it back, or it would replace the whole by a part. */
export const structureFaults = (resource: Resource): Issue[] => [
  ...partFaults(resource),
  ...checkResource(resource, { tolerant: tolerantTypes.has(resource.resourceType) }),
]

/** What was cut down (`_summary`, `_elements`) says so (https://hl7.org/fhir/R4/search.html#summary). */
function partFaults({ resourceType, meta }: Resource): Issue[] {
  const tags = Array.isArray(meta?.tag) ? meta.tag : []
  const at = tags.findIndex((each) => each?.code === 'SUBSETTED' && (each.system?.endsWith('ObservationValue') ?? true))
  if (at < 0) return []
  const text =
    'The resource is tagged SUBSETTED: it is a part of one, as _summary or _elements give it. Read it whole, and write that.'
  return [issue('business-rule', { text, expression: `${resourceType}.meta.tag[${at}]` })]
}
