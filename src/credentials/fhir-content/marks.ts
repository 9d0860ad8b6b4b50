import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { holdsModifier } from './holder.ts'

/**
 * Whether an entry says more than that its resource is there (FHIR R4, Bundle.entry): what is certified has no deletions and no warnings.
 */
export function isMarked({ modifierExtension, link, search, request, response }: JsonObject): boolean {
  return [modifierExtension, request, response].some((each) => each !== undefined) || [link, search].some(holdsMark)
}

const holdsMark = (json: Json = null): boolean => holdsModifier(json) || (isJsonObject(json) && json.mode === 'outcome')

/** Whether a resource is marked as test data (HL7 ActReason HTEST, as security label or tag). */
export function isTestData({ meta }: JsonObject): boolean {
  const { security, tag } = isJsonObject(meta) ? meta : {}
  return [security ?? [], tag ?? []].flat().some((each) => isJsonObject(each) && each.code === 'HTEST')
}
