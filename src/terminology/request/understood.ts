/** What makes an artefact mean something else than its words: nobody who does not know it may use the artefact. */
import { keepPerObject } from '../../base/keep.ts'
import { FhirError } from '../../fhir/error.ts'
import type { Resource } from '../../fhir/types.ts'
import { otherIssue } from './messages.ts'

/** Members that change the meaning of what they stand in (https://hl7.org/fhir/R4/extensibility.html#modifierExtension, resource.html). */
const MODIFIERS = ['modifierExtension', 'implicitRules', '_implicitRules']

/** Parts that are resources of their own, or text. */
const APART = ['contained', 'text', 'meta']

/**
 * The place of the first modifier in an artefact, as FHIRPath; undefined when there is none. The expansion of a value set that has a
 * definition says nothing of what it means, and is left aside.
 */
export const modifierIn = keepPerObject((artefact: Resource): string | undefined => {
  const aside = 'compose' in artefact && artefact.compose ? [...APART, 'expansion'] : APART
  return find(artefact, artefact.resourceType, aside)
})

function find(value: unknown, at: string, aside: readonly string[] = []): string | undefined {
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) {
      const found = find(each, `${at}[${index}]`)
      if (found) return found
    }
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined || aside.includes(name)) continue
    const found = MODIFIERS.includes(name) ? `${at}.${name}` : find(member, `${at}.${name}`)
    if (found) return found
  }
  return undefined
}

/** @throws FhirError 422 when an artefact holds a modifier: none is known here */
export function refuseModifiers(artefact: Resource, name: string): void {
  const expression = modifierIn(artefact)
  if (!expression) return
  const text = `${artefact.resourceType} ${name} has ${expression}, which is not understood and may change what it means`
  throw new FhirError(422, otherIssue('not-supported', text, { type: 'vs-invalid', expression }))
}
