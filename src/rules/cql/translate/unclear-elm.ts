import { FhirError } from '../../../fhir/error.ts'
import type { LogicalModel } from '../../models/logical-model.ts'
import type { LibraryIdentifier } from './cql-source.ts'
import { type Elm, includeDefinitions } from './elm.ts'
import { stepFaults } from './elm-steps.ts'
import { fhirModelInfo } from './model-info.ts'

/**
 * What the translator would have refused in CQL is refused in ELM that came without it.
 * @throws FhirError 422 with the place of each fault
 */
export function refuseUnclear(
  elm: Elm,
  includes: readonly { identifier: LibraryIdentifier; elm: Elm }[],
  models: readonly LogicalModel[],
): void {
  const included = (alias: string) => {
    const include = includeDefinitions(elm).find((each) => each.alias === alias)
    const id = include?.path.slice(include.path.lastIndexOf('/') + 1)
    return includes.find(
      ({ identifier }) =>
        identifier.id === id && (include?.version === undefined || include.version === identifier.version),
    )?.elm
  }
  const retrievable = (type: string) => {
    const [, url, name = ''] = /^\{(.*)\}(.+)$/.exec(type) ?? []
    if (url === 'http://hl7.org/fhir') return fhirModelInfo().classes.get(name)?.retrievable === true
    return models.some((each) => each.url === url && each.classes.some((known) => known.name === name))
  }
  const faults = stepFaults(elm, included, retrievable)
  if (faults.length > 0) throw new FhirError(422, faults)
}
