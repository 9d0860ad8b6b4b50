/**
 * FHIRPath over FHIR R4 (https://hl7.org/fhir/R4/fhirpath.html). Always synchronous, never on the network: what is outside the instance
 * (value sets, profiles, the clock) comes in as functions. The engine is 2 MB of program and tables, which no verdict by published maps and
 * rules needs: it is read with the first expression.
 */
import { createRequire } from 'node:module'
import type { CompiledFhirPath, FhirPathOptions, TypedNode } from './compiled.ts'
import type { compileFhirPath as Compile, typed as Type } from './engine.ts'
import type { FhirPathFunctions } from './host-functions.ts'

export type { CompiledFhirPath, TypedNode } from './compiled.ts'
export type { FhirPathFunctions } from './host-functions.ts'

/** What is read late. */
interface Engine {
  compileFhirPath: typeof Compile
  typed: typeof Type
}

const require = createRequire(import.meta.url)

// Node keeps what was read.
const engine = (): Engine => require('./engine.ts')

/**
 * Compiles an expression; the 2,000 used last are kept per `functions` object. Throws FhirError 422 with line and
 * column on a syntax error or a regular expression that could run without end.
 */
export function compileFhirPath(
  expression: string,
  functions?: FhirPathFunctions,
  options?: FhirPathOptions,
): CompiledFhirPath {
  return engine().compileFhirPath(expression, functions, options)
}

/**
 * A value with its FHIR type, e.g. `typed('2021-01-01', 'date')`; a type that is not R4 leaves it untyped.
 * @param beside text of a decimal that says more than its value; id and extensions of a primitive that is no number
 */
export function typed(
  value: unknown,
  type: string,
  beside?: { exact?: string | undefined; extra?: object | undefined },
): TypedNode {
  return engine().typed(value, type, beside)
}
