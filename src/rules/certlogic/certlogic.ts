import { type CertLogicExpression, evaluate } from 'certlogic-js'
import { validateFormat } from 'certlogic-js/dist/validation/index.js'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { brokenSignature } from '../../fhir/artefact.ts'
import { formatCanonical } from '../../fhir/canonical.ts'
import { FhirError, issue, unprocessable } from '../../fhir/error.ts'
import { isOfType } from '../../fhir/json.ts'
import { parameterValue } from '../../fhir/operation.ts'
import type { Issue, Library, Parameter, Parameters } from '../../fhir/types.ts'
import { CertLogicFault, correctCertLogic } from './corrections.ts'

/** Content type of a Library whose content is a CertLogic rule or bare expression. */
export const certLogicType = 'application/certlogic+json'

/** A CertLogic Library, read and validated. */
export interface CertLogicLibrary {
  /** `url|version` */
  canonical: string
  /** The whole EU rule, when the content is one. */
  rule: JsonObject | undefined
  logic: CertLogicExpression
}

/** Whether a Library is written in CertLogic. */
export function isCertLogic(library: Library): boolean {
  return contentOf(library) !== undefined
}

/** The text of a Library in CertLogic, byte for byte; undefined for another. */
export function certLogicText(library: Library): Buffer | undefined {
  const content = contentOf(library)
  return content && Buffer.from(content.data ?? '', 'base64')
}

function contentOf(library: Library) {
  return library.content?.find((each) => each.contentType?.split(';')[0]?.trim() === certLogicType)
}

/**
 * Reads a CertLogic Library: the content is an EU rule object or a bare expression.
 * @throws FhirError 422 when it is not JSON, names another engine, or the logic is not CertLogic; one issue for each fault
 */
export function readCertLogic(library: Library): CertLogicLibrary {
  const canonical = formatCanonical(library.url ?? library.name ?? library.id, library.version)
  const broken = brokenSignature(library)
  if (broken !== undefined) throw unprocessable(`Library ${canonical}: ${broken}`, 'business-rule')
  const content = parseContent(contentOf(library)?.data, canonical)
  const rule = isJsonObject(content) && 'Logic' in content ? content : undefined
  if (rule && rule.Engine !== 'CERTLOGIC')
    throw unprocessable({
      text: `Library ${canonical}: the rule's Engine is ${JSON.stringify(rule.Engine ?? null)}, only CERTLOGIC is run`,
      expression: 'Library.content[0].data',
    })
  const logic = rule ? rule.Logic : content
  const faults = validateFormat(logic)
  if (!isExpression(logic, faults))
    throw new FhirError(
      422,
      faults.map((each) => fault(each, canonical)),
    )
  return { canonical, rule, logic }
}

/** What has no faults is CertLogic. */
const isExpression = (_logic: unknown, faults: unknown[]): _logic is CertLogicExpression => faults.length === 0

function fault(error: { expr: unknown; message: string }, canonical: string): Issue {
  const place = JSON.stringify(error.expr) ?? 'undefined'
  return issue('invalid', {
    text: `Library ${canonical}: ${error.message}`,
    diagnostics: `at ${place.length > 200 ? `${place.slice(0, 200)}…` : place}`,
    expression: 'Library.content[0].data',
  })
}

function parseContent(data: string | undefined, canonical: string): Json {
  try {
    const content: Json = JSON.parse(
      Buffer.from(data ?? '', 'base64')
        .toString('utf8')
        .replace(/^\uFEFF/, ''),
    )
    return content
  } catch (error) {
    const detail = error instanceof SyntaxError ? error.message : String(error)
    throw unprocessable({
      text: `Library ${canonical}: the ${certLogicType} content is not JSON`,
      diagnostics: detail,
      expression: 'Library.content[0].data',
    })
  }
}

/** Outcome of one evaluation: a value, or the reason why there is none. */
export type CertLogicOutcome = { value: Json } | { error: Issue }

/**
 * Evaluates a rule over `{payload, external}`; pure. What CertLogic calls undefined is null. The reason of a failure never quotes the data.
 */
export function evaluateCertLogic(
  library: CertLogicLibrary,
  data: { payload?: Json; external?: Json },
): CertLogicOutcome {
  correctCertLogic()
  try {
    return { value: toJson(evaluate(library.logic, data)) }
  } catch (error) {
    const tooDeep = error instanceof RangeError
    const why = tooDeep ? 'it nests too deeply' : reasonOf(error)
    return { error: issue(tooDeep ? 'too-costly' : 'exception', `Library ${library.canonical} failed: ${why}`) }
  }
}

/** What an evaluation gives: parts of the data, or dates that were made of them. */
function toJson(value: unknown): Json {
  if (typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number') return Number.isNaN(value) ? null : value
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value !== 'object' || value === null) return null
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, toJson(each)]))
}

/** The evaluator puts the value at fault behind a colon or in quotation marks of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof CertLogicFault) return error.message
  const [text = ''] = error instanceof Error ? error.message.split(': ') : []
  if (/^can't parse/.test(text)) return 'a date of birth is no date'
  return /^(?:an? |all |operands? |right-hand |date argument |if-guard |"(?:amount|unit|UVCI)" )/.test(text)
    ? text
    : 'its logic cannot be evaluated over these data'
}

/** Paths that a logic reads with `var`, each once. */
export function pathsOf(logic: CertLogicExpression): string[] {
  const paths = new Set<string>()
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) for (const each of node) visit(each)
    else if (typeof node === 'object' && node !== null) {
      for (const [operator, operand] of Object.entries(node)) {
        if (operator === 'var' && typeof operand === 'string') paths.add(operand)
        else visit(operand)
      }
    }
  }
  visit(logic)
  return [...paths]
}

/**
 * `payload` and `external` of the operation's parameters: a Binary with JSON, or JSON text; JSON `null` as payload means that there is none.
 * @throws FhirError 422 for what is not JSON
 */
export function readCertLogicData(parameters: Parameters | undefined): { payload?: Json; external?: Json } {
  const data: { payload?: Json; external?: Json } = {}
  for (const name of ['payload', 'external'] as const) {
    const parameter = parameters?.parameter?.find((each) => each.name === name)
    if (!parameter) continue
    const value = parseData(parameter)
    if (value !== null) data[name] = value
  }
  return data
}

function parseData(parameter: Parameter): Json {
  const value = parameterValue(parameter)
  const binary = isOfType(parameter.resource, 'Binary') ? (parameter.resource.data ?? '') : undefined
  const text = binary !== undefined ? Buffer.from(binary, 'base64').toString('utf8') : value
  try {
    if (typeof text === 'string') {
      const data: Json = JSON.parse(text)
      return data
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    // The message of the JSON parser quotes the text, which may be personal.
  }
  throw unprocessable({
    text: `parameter ${parameter.name} must be a Binary with JSON, or JSON text as valueString`,
    expression: 'Parameters.parameter',
  })
}
