import type { OperationBudget } from '../../fhir/operation.ts'
import type { Issue, Resource, StructureDefinition } from '../../fhir/types.ts'
import type { CodeTest } from '../../fhir/validate/bindings.ts'
import type { Validator } from '../../fhir/validate/validate.ts'

/** What operations validate with. */
export interface Validation extends Validator {
  /** A StructureDefinition by its canonical: of R4 core, or stored. */
  findDefinition(canonical: string): Promise<StructureDefinition | undefined>
  /** The codes of a value set, drafts included. @throws FhirError where they are not known */
  codesOf(valueSet: string): Promise<CodeTest>
  /**
   * Everything for which a write would be refused, or that it would be told. `isNew` is a create; `budget` pays for it; `beside` are
   * resources that are to be written in the same transaction.
   * @throws FhirError 422 too-costly where the budget is spent
   */
  judgeWrite(
    resource: Resource,
    as: {
      id?: string | undefined
      isNew: boolean
      budget?: OperationBudget | undefined
      beside?: Resource[]
    },
  ): Promise<Issue[]>
  /** Why a stored resource could not be deleted. */
  judgeDelete(resource: Resource): Issue[]
}
