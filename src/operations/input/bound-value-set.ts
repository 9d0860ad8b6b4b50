import { ownFirst } from '../../fhir/artefact.ts'
import { badRequest, FhirError, issue } from '../../fhir/error.ts'
import { isOfType } from '../../fhir/json.ts'
import { textParameter } from '../../fhir/operation.ts'
import type { Parameters, StructureDefinition } from '../../fhir/types.ts'
import type { Storage } from '../../storage/storage.ts'

/**
 * Parameters in which `context` (`StructureDefinition url#element`, https://hl7.org/fhir/R4/valueset-operation-expand.html)
 * is resolved to `url`; as they are without it. 400 when they name a value set themselves, too, 404 for a structure that is not
 * stored, 422 for an element that is unknown or bound to nothing.
 */
export async function withBoundValueSet(parameters: Parameters, storage: Storage): Promise<Parameters> {
  const context = textParameter(parameters, 'context')
  const named = (parameters.parameter ?? []).some(({ name }) => name === 'url' || name === 'valueSet')
  if (context === undefined) return parameters
  if (named) {
    const text = 'Send one of url, valueSet and context: each names the value set in question'
    throw badRequest({ text, expression: 'context' })
  }
  const [url = '', element] = context.split('#')
  if (!element)
    throw badRequest(`context must be a StructureDefinition and an element of it (url#path), not '${context}'`)
  const [found] = ownFirst(await storage.findCanonical('StructureDefinition', url))
  if (!isOfType(found, 'StructureDefinition')) {
    const text = `A definition for the StructureDefinition '${url}' could not be found`
    throw new FhirError(404, issue('not-found', { text }))
  }
  const valueSet = bindingOf(found, element)
  if (valueSet === undefined) {
    const text = `The element '${element}' of the StructureDefinition '${url}' is not bound to a value set`
    throw new FhirError(422, issue('not-found', { text }))
  }
  return { ...parameters, parameter: [...(parameters.parameter ?? []), { name: 'url', valueUri: valueSet }] }
}

function bindingOf({ snapshot, differential }: StructureDefinition, wanted: string): string | undefined {
  const elements = [...(snapshot?.element ?? []), ...(differential?.element ?? [])]
  const fitting = elements.filter(({ id, path }) => id === wanted || path === wanted)
  return fitting.find(({ binding }) => binding?.valueSet)?.binding?.valueSet
}
