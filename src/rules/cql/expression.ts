import { FhirError } from '../../fhir/error.ts'
import type { Bundle, Issue, Parameters } from '../../fhir/types.ts'
import type { LibraryIdentifier } from './cql-source.ts'
import type { Libraries } from './libraries.ts'
import { type DefineResult, type RunEnvironment, runLibrary } from './run.ts'

/** One `$cql` question. */
export interface CqlCall {
  expression: string
  /** Libraries that the expression may refer to: canonical, and the name it uses (default: the CQL identifier). */
  libraries?: { canonical: string; name?: string }[]
  data?: Bundle
  subject?: string
  parameters?: Parameters
  /** FHIR dateTime. */
  clock: string
}

/** Its answer: one define named `return`. */
export interface CqlResult {
  result: DefineResult
  issues: Issue[]
}

/**
 * Evaluates a bare expression.
 * @throws FhirError 422 with line and column within the expression, 404 unknown library
 */
export async function evaluateCql(call: CqlCall, libraries: Libraries, run: RunEnvironment): Promise<CqlResult> {
  const includes = await Promise.all(
    (call.libraries ?? []).map(async ({ canonical, name }) => {
      const { identifier } = await libraries.resolve(canonical)
      return name === undefined ? identifier : { ...identifier, name }
    }),
  )
  // Without data there is no patient, and the executor's patient context would only cost.
  const patient = call.data !== undefined || call.subject !== undefined || includes.length > 0
  const compiled = await libraries.compileText(inlineLibrary(call.expression, includes, patient))
  const errors = compiled.issues.filter((each) => each.severity === 'error')
  if (errors.length > 0) throw new FhirError(422, errors)
  const { results, issues } = await runLibrary(compiled, { ...call, expressions: ['return'] }, run)
  const [result] = results
  if (!result) throw new Error('unreachable: a run answers every define asked for')
  return { result, issues }
}

/** A library around one expression, defined as `return`; the expression begins at line 1 of the author's text. */
export function inlineLibrary(
  expression: string,
  includes: (LibraryIdentifier & { name?: string })[],
  patient: boolean,
): { text: string; canonical: string; linesBefore: number } {
  const header = [
    'library Expression',
    "using FHIR version '4.0.1'",
    "include FHIRHelpers version '4.0.1'",
    ...includes.filter((each) => each.id !== 'FHIRHelpers').map(includeStatement),
    ...(patient ? ['context Patient'] : []),
    'define "return":',
  ]
  return { text: [...header, expression].join('\n'), canonical: 'Expression', linesBefore: header.length }
}

function includeStatement({ id, version, name }: LibraryIdentifier & { name?: string }): string {
  const quoted = (text: string, mark: string) =>
    `${mark}${text.replace(/[\\'"]/g, '\\$&').replace(/[\r\n]/g, ' ')}${mark}`
  const versioned = version === undefined ? '' : ` version ${quoted(version, "'")}`
  return `include ${quoted(id, '"')}${versioned} called ${quoted(name ?? id, '"')}`
}
