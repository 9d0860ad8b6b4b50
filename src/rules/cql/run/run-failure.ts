import { AnnotatedError } from 'cql-execution'
import { FhirError, issue } from '../../../fhir/error.ts'
import type { Issue } from '../../../fhir/types.ts'
import { visit } from '../translate/elm.ts'
import type { CompiledLibrary } from '../translate/libraries.ts'
import { discreetReason } from './run-errors.ts'

/** What went wrong below the executor's annotations. */
export function rootCause(error: unknown): unknown {
  return error instanceof AnnotatedError && error.cause !== undefined ? rootCause(error.cause) : error
}

/** The issue of a define that failed: what, in which library, at which line. With `discreet`, the library, nothing of the data. */
export function failure(error: unknown, name: string, discreet: CompiledLibrary | undefined): Issue {
  const cause = rootCause(error)
  const place = error instanceof AnnotatedError ? placeOf(error) : undefined
  const where = place === undefined ? {} : { diagnostics: place }
  if (cause instanceof FhirError) {
    const [first] = cause.issues
    return issue(first?.code ?? 'processing', { text: `define "${name}" failed: ${cause.message}`, ...where })
  }
  const tooDeep = cause instanceof RangeError && /call stack/.test(cause.message)
  const told = cause instanceof Error ? cause.message : String(cause)
  const why = tooDeep
    ? 'it nests or recurses too deeply'
    : discreet
      ? discreetReason(cause, () => literalTexts(discreet))
      : told
  return issue(tooDeep ? 'too-costly' : 'exception', { text: `define "${name}" failed: ${why}`, ...where })
}

/** Texts that stand in a library or in one that it includes. */
function literalTexts(library: CompiledLibrary): Set<string> {
  const texts = new Set<string>()
  for (const { elm } of [library, ...library.includes])
    visit(elm.library.statements, (node) => {
      if (node.type === 'Literal' && typeof node.value === 'string') texts.add(node.value)
    })
  return texts
}

function placeOf(error: AnnotatedError): string {
  const at = /^([1-9]\d*):(\d+)/.exec(String(error.locator ?? ''))
  const place = at ? `, line ${at[1]}, column ${at[2]}` : ''
  return `library ${error.libraryName}${place}`
}
