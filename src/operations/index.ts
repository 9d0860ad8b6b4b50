import type { Operation } from '../fhir/operation.ts'
import type { OperationContext } from './context.ts'
import { convert } from './convert.ts'
import { cql } from './cql.ts'
import { evaluateOperation } from './evaluate.ts'
import { libraryEvaluate } from './library-evaluate.ts'
import { transform } from './transform.ts'

/** Every operation that the server offers: a new one is one file and one line here. */
export const operations: Operation<OperationContext>[] = [evaluateOperation, cql, libraryEvaluate, transform, convert]
