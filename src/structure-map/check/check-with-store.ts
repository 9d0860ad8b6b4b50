import { FhirError, isError } from '../../fhir/error.ts'
import type { Issue, StructureMap } from '../../fhir/types.ts'
import { finish } from '../../workers/budget.ts'
import type { Maps, Slices } from '../compiled-map.ts'
import { checkMapSteps } from './check-map.ts'

/**
 * Everything that is wrong with a map, with what it names looked up: what {@link checkMap} says, and what compiling it says.
 * @param budget who pays for it; without one it is done in one go
 * @throws FhirError 5xx when that cannot be told now
 */
export async function checkWithStore(
  map: StructureMap,
  supporting: StructureMap[],
  { maps, budget }: { maps: Pick<Maps, 'compile'>; budget?: Slices | undefined },
): Promise<Issue[]> {
  const steps = checkMapSteps(map)
  const faults = budget ? await budget.runSteps(steps) : finish(steps)
  try {
    return [...faults, ...(await maps.compile(map, supporting, budget)).warnings]
  } catch (error) {
    if (!(error instanceof FhirError) || error.status >= 500) throw error
    // What keeps it from being compiled has been told with its place, if it stands in the map itself.
    return faults.some(isError) ? faults : [...faults, ...error.issues]
  }
}

/** Lenient forms that are a matter of style: what they say is done. */
const harmless = /^fml-lenient-(?!unknown-|type-mismatch)/

/**
 * The issues as an author has to take them: whatever makes a rule fail, do nothing or write what it does not say is an error, also what
 * may yet come with another package, such as a model or a concept map.
 */
export function asAuthorSees(issues: Issue[]): Issue[] {
  return issues.map((each) => (isError(each) || isHarmless(each) ? each : { ...each, severity: 'error' }))
}

function isHarmless({ code, details }: Issue): boolean {
  return code !== 'not-found' && (details?.coding ?? []).every((coding) => harmless.test(coding.code ?? ''))
}
