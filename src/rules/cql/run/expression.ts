import { FhirError, issue, unprocessable } from '../../../fhir/error.ts'
import type { Bundle, Library, Parameters } from '../../../fhir/types.ts'
import type { JobCall } from '../../../workers/job-pool.ts'
import { ddccModel } from '../../models/shipped-models.ts'
import { reach } from '../requirements/flow.ts'
import type { LibraryIdentifier } from '../translate/cql-source.ts'
import type { Preface } from '../translate/elm.ts'
import type { Libraries } from '../translate/libraries.ts'
import type { Sandbox } from './sandbox.ts'
import type { EncodedResult } from './to-parameters.ts'

/** One `$cql` question. */
export interface CqlCall {
  expression: string
  /** Libraries that the expression may refer to: canonical, and the name it uses (default: the CQL identifier). */
  libraries?: { canonical: string; name?: string }[]
  /** A library that the expression stands in, as if it were one of its defines. */
  content?: Library
  data?: Bundle
  /** `false`: no resource of the subject came, so that an expression that retrieves anything, directly or not, has no answer. */
  hasSubject?: boolean
  subject?: string
  parameters?: Parameters
  /** FHIR dateTime. */
  clock: string
}

/** Why there is no answer where data of a subject are read of whom none came. */
export const withoutSubject = issue(
  'incomplete',
  'it reads data of the subject, and the request brought no resource of the subject; this server stores none',
)

/**
 * Evaluates a bare expression in the sandbox; the result is named `return`.
 * @throws FhirError 422 with line and column within the expression, 404 unknown library
 */
export async function evaluateCql(
  call: CqlCall,
  job: JobCall,
  { libraries, sandbox }: { libraries: Libraries; sandbox: Sandbox },
): Promise<EncodedResult> {
  const { expression, libraries: named, content, hasSubject, ...run } = call
  const includes = await Promise.all(
    (named ?? []).map(async ({ canonical, name }) => {
      const { identifier } = await libraries.resolve(canonical)
      return name === undefined ? identifier : { ...identifier, name }
    }),
  )
  // Without data there is no patient, and the executor's patient context would only cost.
  const patient = call.data !== undefined || call.subject !== undefined || includes.length > 0
  const source =
    content === undefined ? inlineLibrary(expression, includes, patient) : await extend(content, expression, libraries)
  const compiled = await libraries.compileText(source, job)
  const errors = compiled.issues.filter((each) => each.severity === 'error')
  if (errors.length > 0) throw new FhirError(422, errors)
  if (hasSubject === false && reach(compiled, ['return']).retrieves.length > 0)
    return { name: 'return', parameters: [], issue: withoutSubject }
  const { results } = await sandbox.run(compiled, { ...run, expressions: ['return'] }, job)
  const [result] = results
  if (!result) throw new Error('unreachable: a run answers every define asked for')
  return result
}

/** The text of a library with the expression as one more define. */
async function extend(content: Library, expression: string, libraries: Libraries): Promise<InlineSource> {
  const { cql, canonical } = await libraries.resolve(content)
  if (cql === undefined) throw unprocessable('content must be a Library with text/cql content', 'not-supported')
  const before = `${cql}\ndefine "return":`
  const preface = { lines: before.split('\n').length, isAuthored: true }
  return { text: `${before}\n${expression}`, canonical, preface }
}

/** An expression as a library of its own. */
export interface InlineSource {
  text: string
  canonical: string
  preface: Preface
}

/** A library around one expression, defined as `return`; the expression begins at line 1 of the author's text. */
export function inlineLibrary(
  expression: string,
  includes: (LibraryIdentifier & { name?: string })[],
  patient: boolean,
): InlineSource {
  // Without FHIR in sight `Quantity` means System.Quantity.
  const fhir = patient || /\bFHIR/.test(expression)
  const core = /\bDDCC\./.test(expression)
  const header = [
    'library Expression',
    ...(fhir ? ["using FHIR version '4.0.1'"] : []),
    ...(core ? [`using DDCC version '${ddccModel().version}'`] : []),
    ...(fhir ? ["include FHIRHelpers version '4.0.1'"] : []),
    ...includes.filter((each) => each.id !== 'FHIRHelpers').map(includeStatement),
    ...(patient ? ['context Patient'] : []),
    'define "return":',
  ]
  const preface = { lines: header.length, isAuthored: false }
  return { text: [...header, expression].join('\n'), canonical: 'Expression', preface }
}

function includeStatement({ id, version, namespace, name }: LibraryIdentifier & { name?: string }): string {
  const quoted = (text: string, mark: string) =>
    `${mark}${text.replace(/[\\'"]/g, '\\$&').replace(/[\r\n]/g, ' ')}${mark}`
  const path = [...(namespace?.split('.') ?? []), id].map((each) => quoted(each, '"')).join('.')
  const versioned = version === undefined ? '' : ` version ${quoted(version, "'")}`
  return `include ${path}${versioned} called ${quoted(name ?? id, '"')}`
}
