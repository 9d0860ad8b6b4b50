/** A question to an operation of the artefact that a page shows. */
import { ask, type Reply } from '../../api/client.ts'
import { pathOf } from '../page/addresses.ts'
import type { PartProps } from '../page/part-props.ts'

/** What an operation is given beside its artefact: each by its name and type (https://hl7.org/fhir/R4/parameters.html). */
export interface Given {
  name: string
  valueString?: string
  valueCode?: string
  valueUri?: string
  valueInteger?: number
  valueBoolean?: boolean
}

interface Asking {
  /** `$expand` and the like. */
  operation: string
  /** Parameter that takes the artefact itself. */
  itself: string
  given: readonly Given[]
  signal: AbortSignal
}

/** The version that is there now is named by its address; an old one is nowhere to be named: it goes along. */
export function askArtefact(
  { which, resource }: PartProps,
  { operation, itself, given, signal }: Asking,
): Promise<Reply<unknown>> {
  if (which.versionId === undefined) {
    const query = new URLSearchParams(given.map(({ name, ...value }) => [name, String(Object.values(value)[0] ?? '')]))
    return ask(`${pathOf(which)}/${operation}?${query}`, { signal })
  }
  const parameter = [{ name: itself, resource: resource.value }, ...given]
  return ask(`/${which.type}/${operation}`, { method: 'POST', body: { resourceType: 'Parameters', parameter }, signal })
}
