import type { Operation } from '../fhir/operation.ts'
import { batchValidateCode } from './batch-validate-code.ts'
import { checkEclOperation } from './check-ecl.ts'
import { compare } from './compare.ts'
import type { OperationContext } from './context.ts'
import { convert } from './convert.ts'
import { cql } from './cql.ts'
import { evaluateOperation } from './evaluate.ts'
import { expand } from './expand.ts'
import { importOperation } from './import/import.ts'
import { verifierKit } from './kit/verifier-kit.ts'
import { libraryEvaluate } from './library-evaluate.ts'
import { lifecycleOperations } from './lifecycle/lifecycle.ts'
import { lookup } from './lookup.ts'
import { preferredId } from './naming/preferred-id.ts'
import { dataRequirements } from './package/data-requirements.ts'
import { packageOperation } from './package/package.ts'
import { applyActivity, applyPlan, applyPlanAsBundle } from './plan/apply.ts'
import { verifySignatureOperation } from './provenance/verify-signature.ts'
import { subsumes } from './subsumes.ts'
import { transform } from './transform.ts'
import { translateOperation } from './translate.ts'
import { trustStatusOperation } from './trust/trust-status.ts'
import { verifyTrustOperation } from './trust/verify-trust.ts'
import { trustedReference } from './trusted-reference.ts'
import { snapshot } from './validate/snapshot.ts'
import { validate } from './validate/validate.ts'
import { validateInCodeSystem, validateInValueSet } from './validate-code.ts'
import { versions } from './versions.ts'

/** Every operation that the server offers: a new one is one file and one line here. */
export const operations: Operation<OperationContext>[] = [
  evaluateOperation,
  cql,
  libraryEvaluate,
  expand,
  validateInValueSet,
  validateInCodeSystem,
  batchValidateCode,
  lookup,
  subsumes,
  translateOperation,
  versions,
  compare,
  checkEclOperation,
  preferredId,
  importOperation,
  transform,
  convert,
  applyPlan,
  applyPlanAsBundle,
  applyActivity,
  packageOperation,
  dataRequirements,
  verifierKit,
  trustedReference,
  verifyTrustOperation,
  trustStatusOperation,
  verifySignatureOperation,
  ...lifecycleOperations,
  validate,
  snapshot,
]
