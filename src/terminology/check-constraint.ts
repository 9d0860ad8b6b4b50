/** What authors are told of an expression constraint (ECL) over the release of SNOMED CT that is here. */
import { unprocessable } from '../fhir/error.ts'
import type { Artefacts } from './request/artefacts.ts'
import { createScope } from './request/scope.ts'
import { matchesVersion } from './request/versions.ts'
import { loaded, perform } from './request/work.ts'
import { type CheckedEcl, checkEcl, mostRemarks } from './vocabularies/snomed/ecl/check-ecl.ts'
import { SNOMED } from './vocabularies/snomed/version-uri.ts'

/** An expression as it was understood, and by which release its concepts were looked up; by none where there is none. */
export interface CheckedConstraint extends CheckedEcl {
  release?: string
}

/**
 * Reads an expression and looks up what it names.
 * @param version edition or version of SNOMED CT; the newest without it
 * @throws FhirError 422 for a version that is not here
 */
export async function checkConstraint(
  text: string,
  artefacts: Artefacts,
  version?: string,
): Promise<CheckedConstraint> {
  artefacts.refresh()
  const scope = createScope(artefacts, [])
  await perform(scope, loaded(scope, [{ type: 'CodeSystem', url: SNOMED }]))
  const versions = scope.systems(SNOMED)
  const found = versions.find(
    ({ head, checkConstraint: check }) => check && (version === undefined || matchesVersion(version, head.version)),
  )
  if (found?.checkConstraint) {
    const release = found.head.version
    return { ...found.checkConstraint(text), ...(release !== undefined && { release }) }
  }
  if (version !== undefined)
    throw unprocessable(`A definition for CodeSystem '${SNOMED}|${version}' could not be found`, 'not-found')
  return checkEcl(text, undefined, mostRemarks)
}
