import { parseCanonical } from '../../fhir/canonical.ts'
import { badRequest, FhirError } from '../../fhir/error.ts'
import { firstParameter, textParameter } from '../../fhir/operation.ts'
import type { CodeableConcept, Coding, Issue, Parameters } from '../../fhir/types.ts'
import { agreed } from './agreement.ts'
import { systemIdentity } from './aliases.ts'
import { otherIssue } from './messages.ts'

/** A coded value in question, and how issues name its parts. */
export interface CodedValue {
  /** Empty for a coding without code, such as one that has only a display: it is no member of anything. */
  code: string
  system?: string | undefined
  version?: string | undefined
  display?: string | undefined
  /** FHIRPath of a part, e.g. `Coding.display`; of the whole for `''`. */
  at(part: '' | 'code' | 'system' | 'version' | 'display'): string
}

/** What a validation is asked about. */
export interface Question {
  values: CodedValue[]
  /** The concept the values are codings of, when the question came in that form. */
  codeableConcept?: CodeableConcept
}

const NOTHING =
  'Unable to find code to validate (looked for coding | codeableConcept | code+system | code+inferSystem in parameters'

/** Compared literally by tools, as the wordings of messages.ts are; what can be sent stands beside it. */
function nothingToValidate(): FhirError {
  const diagnostics = 'Send code with system or inferSystem, coding, or codeableConcept with a coding'
  return new FhirError(400, { ...otherIssue('invalid', NOTHING), diagnostics })
}

/**
 * One question at a time (https://hl7.org/fhir/R4/valueset-operation-validate-code.html: "one (and only one)"). An answer to one
 * of several would be taken for an answer to all.
 * @throws FhirError 400 naming what came together
 */
export function requireOneQuestion({ parameter = [] }: Parameters, names: readonly string[]): void {
  let first: string | undefined
  for (const { name } of parameter) {
    if (!names.includes(name)) continue
    if (first !== undefined) {
      throw badRequest({ text: `Send one of ${names.join(', ')} alone, not ${first} and ${name}`, expression: name })
    }
    first = name
  }
}

/** The system of a coding and of the parameter `system`; 400 when they are two. */
export function agreedSystem(coding: Coding | undefined, named: string | undefined): string | undefined {
  if (!coding) return named || undefined
  const statements = [
    { at: 'system', says: named },
    { at: 'coding.system', says: coding.system },
  ]
  return agreed('code system', statements, (text) => systemIdentity(parseCanonical(text).url))
}

/** The version of a coding and of a parameter; 400 when they are two. */
export function agreedVersion(coding: Coding | undefined, name: string, named: string | undefined): string | undefined {
  if (!coding) return named || undefined
  return agreed('version of the code system', [
    { at: name, says: named },
    { at: 'coding.version', says: coding.version },
  ])
}

/** Parameters that say what is to be validated. */
export const VALUE_FORMS: readonly string[] = ['code', 'coding', 'codeableConcept']

/** The value of a validation request in any of its three forms; 400 when there is none. */
export function questionOf(parameters: Parameters, defaultSystem?: string): Question {
  requireOneQuestion(parameters, VALUE_FORMS)
  const concept = firstParameter(parameters, 'codeableConcept')?.valueCodeableConcept
  if (concept) {
    if (!concept.coding?.length) throw nothingToValidate()
    checkCodings(concept.coding)
    const values = concept.coding.map((coding, index) => codedValue(coding, `CodeableConcept.coding[${index}]`))
    return { values, codeableConcept: concept }
  }
  const coding = firstParameter(parameters, 'coding')?.valueCoding
  if (coding) {
    return { values: [codingBeside(coding, parameters, defaultSystem !== undefined)] }
  }
  const code = textParameter(parameters, 'code')
  const system = textParameter(parameters, 'system') ?? defaultSystem
  if (!code || (system === undefined && textParameter(parameters, 'inferSystem') !== 'true')) {
    throw nothingToValidate()
  }
  for (const text of [code, system, textParameter(parameters, 'display')]) checkLength(text)
  const bar = system?.indexOf('|') ?? -1
  const version = namedVersion(parameters, bar < 0 ? undefined : system?.slice(bar + 1), defaultSystem !== undefined)
  const value: CodedValue = {
    code,
    system: bar < 0 ? system : system?.slice(0, bar),
    version,
    display: textParameter(parameters, 'display') || undefined,
    at: (part) => (part === '' ? 'code' : part),
  }
  return { values: [value] }
}

/** A coding; what it leaves open is what stands beside it. 400 when the two are not one. */
function codingBeside(coding: Coding, parameters: Parameters, isInSystem: boolean): CodedValue {
  const named = textParameter(parameters, 'system')
  agreedSystem(coding, named)
  const beside = parseCanonical(named ?? '')
  const version = agreed('version of the code system', [
    { at: 'system', says: beside.version },
    { at: 'systemVersion', says: textParameter(parameters, 'systemVersion') },
    { at: 'coding.version', says: coding.version },
    { at: 'version', says: isInSystem ? textParameter(parameters, 'version') : undefined },
  ])
  const value = codedValue(coding, 'Coding')
  return { ...value, system: value.system ?? (beside.url || undefined), version }
}

/** The version of the code system beside a code; 400 when several are named. */
function namedVersion(parameters: Parameters, inSystem: string | undefined, isInSystem: boolean): string | undefined {
  const own = textParameter(parameters, 'systemVersion')
  const version = isInSystem ? textParameter(parameters, 'version') : undefined
  if (own === undefined && version === undefined) return inSystem
  return agreed('version of the code system', [
    { at: 'system', says: inSystem },
    { at: 'systemVersion', says: own },
    { at: 'version', says: version },
  ])
}

/** That a coding says nothing: without a code there is nothing to validate, whatever its display. */
export function codelessIssue(value: CodedValue): Issue {
  const without = value.system === undefined ? 'neither system nor code' : `no code for the system '${value.system}'`
  const text = `Coding has ${without}, and cannot be validated. A text that is no code belongs to CodeableConcept.text`
  return otherIssue('invalid', text, { severity: 'warning', type: 'invalid-data', expression: value.at('') })
}

/** No code, canonical or display of any system is so long; messages repeat it. */
const longestText = 10_000

function checkLength(text: string | undefined): void {
  if ((text?.length ?? 0) <= longestText) return
  throw new FhirError(
    422,
    otherIssue('too-costly', `A code, system or display is longer than ${longestText} characters`),
  )
}

/** A concept has some codings, in as many systems. */
const mostCodings = 1000

/** @throws FhirError 422 too-costly for more codings than any concept has */
export function checkCodings(codings: Coding[]): void {
  if (codings.length <= mostCodings) return
  const text = `The CodeableConcept has more than ${mostCodings} codings`
  throw new FhirError(422, otherIssue('too-costly', text))
}

function codedValue(coding: Coding, path: string): CodedValue {
  for (const text of [coding.code, coding.system, coding.version, coding.display]) checkLength(text)
  return {
    code: coding.code ?? '',
    system: coding.system,
    version: coding.version,
    display: coding.display || undefined,
    at: (part) => (part === '' ? path : `${path}.${part}`),
  }
}
