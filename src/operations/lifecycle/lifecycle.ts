import type { Operation } from '../../fhir/operation.ts'
import type { OperationContext } from '../context.ts'
import { approve, reviewOperation } from './approve.ts'
import { artifactDiff } from './artifact-diff.ts'
import { clone, draft } from './draft.ts'
import { release } from './release.ts'
import { retire, revise, withdraw } from './steps.ts'

/** The operations of an artefact's life. */
export const lifecycleOperations: Operation<OperationContext>[] = [
  draft,
  clone,
  revise,
  release,
  approve,
  reviewOperation,
  retire,
  withdraw,
  artifactDiff,
]
