import type { OperationBudget } from '../../fhir/operation.ts'
import type { Library, Resource } from '../../fhir/types.ts'
import type { CodeTest } from '../../fhir/validate/bindings.ts'
import type { Rules } from '../../rules/rules.ts'
import type { Maps } from '../../structure-map/maps.ts'
import type { Terminology } from '../../terminology/terminology.ts'

/** What checks look into. */
export interface CheckEnvironment {
  rules: Pick<Rules, 'inspector'>
  maps: Pick<Maps, 'compile'>
  terminology: Pick<Terminology, 'check'>
  /** The codes of a value set, drafts included: of R4 core most are. @throws FhirError where they are not known */
  codesOf(valueSet: string): Promise<CodeTest>
  /** Current resources of a canonical, without what an import refused, active ones first. */
  find(type: Resource['resourceType'], canonical: string): Promise<Resource[]>
  /** Who pays for a check; without one it is done in one go. */
  budget?: OperationBudget | undefined
}

/** The libraries among resources. */
export const librariesOf = (resources: Resource[]) =>
  resources.filter((each): each is Library => each.resourceType === 'Library')
