/**
 * What is wrong with a terminology artefact before anybody asks it anything. Errors are what can never be answered;
 * what is not here yet, or is here in parts, is a warning, for artefacts come in any order.
 */
import type { OperationBudget } from '../../fhir/operation.ts'
import type { Issue, Resource } from '../../fhir/types.ts'
import type { Artefacts } from '../request/artefacts.ts'
import { createScope, type Scope } from '../request/scope.ts'
import { checkCodeSystem } from './code-system.ts'
import { checkConceptMap } from './concept-map.ts'
import { checkValueSet } from './value-set.ts'

/**
 * Judges a CodeSystem, ValueSet or ConceptMap; any other resource has no issues.
 * @param beside resources that are to be stored with it, seen before stored ones; `budget` pays, without one it is done in one go
 * @throws FhirError 422 where the budget is spent, 5xx when what it names cannot be read
 */
export async function checkTerminology(
  resource: Resource,
  beside: Resource[],
  { artefacts, budget }: { artefacts: Artefacts; budget?: OperationBudget | undefined },
): Promise<Issue[]> {
  artefacts.refresh()
  const scope: Scope = createScope(artefacts, [resource, ...beside.filter((each) => each !== resource)])
  switch (resource.resourceType) {
    case 'CodeSystem':
      return checkCodeSystem(resource)
    case 'ValueSet':
      return checkValueSet(resource, scope, budget)
    case 'ConceptMap':
      return checkConceptMap(resource, scope, budget)
    default:
      return []
  }
}
