/** Copies of what other participants publish. */
import type { Resource } from '../fhir/types.ts'

/** The tag of a copy has one of these as its system or its code, and the participant beside it. */
const mark = /(?:^|\/)mirrored$/

/** The participant of whom a resource is a copy; undefined for what was published here. */
export function mirroredFrom(resource: Resource): string | undefined {
  const tag = resource.meta?.tag?.find(({ system = '', code = '' }) => mark.test(system) || mark.test(code))
  return tag && (mark.test(tag.system ?? '') ? (tag.code ?? '') : (tag.display ?? ''))
}

/** Whether a resource is such a copy. */
export const isMirrored = (resource: Resource): boolean => mirroredFrom(resource) !== undefined
