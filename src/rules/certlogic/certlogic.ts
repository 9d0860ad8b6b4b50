import { type CertLogicExpression, evaluate } from 'certlogic-js'
import { validateFormat } from 'certlogic-js/dist/validation/index.js'
import { isJsonObject } from '../../base/json-object.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { formatCanonical } from '../../fhir/canonical.ts'
import { FhirError, issue, unprocessable } from '../../fhir/error.ts'
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

function contentOf(library: Library) {
  return library.content?.find((each) => each.contentType?.split(';')[0]?.trim() === certLogicType)
}

/**
 * Reads a CertLogic Library: the content is an EU rule object or a bare expression.
 * @throws FhirError 422 when it is not JSON, names another engine, or the logic is not CertLogic; one issue for each fault
 */
export function readCertLogic(library: Library): CertLogicLibrary {
  const canonical = formatCanonical(library.url ?? library.name ?? library.id, library.version)
  const content = parseContent(contentOf(library)?.data, canonical)
  const rule = isJsonObject(content) && 'Logic' in content ? content : undefined
  if (rule && rule.Engine !== 'CERTLOGIC')
    throw unprocessable({
      text: `Library ${canonical}: the rule's Engine is ${JSON.stringify(rule.Engine ?? null)}, only CERTLOGIC is run`,
      expression: 'Library.content[0].data',
    })
  const logic = rule ? rule.Logic : content
  const faults = validateFormat(logic)
  if (faults.length > 0)
    throw new FhirError(
      422,
      faults.map((each) => fault(each, canonical)),
    )
  // Just validated.
  return { canonical, rule, logic: logic as CertLogicExpression }
}

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
    return JSON.parse(
      Buffer.from(data ?? '', 'base64')
        .toString('utf8')
        .replace(/^\uFEFF/, ''),
    ) as Json
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
    const value: unknown = evaluate(library.logic, data)
    return {
      value:
        value === undefined || Number.isNaN(value)
          ? null
          : value instanceof Date
            ? value.toISOString()
            : (value as Json),
    }
  } catch (error) {
    const tooDeep = error instanceof RangeError
    const why = tooDeep ? 'it nests too deeply' : reasonOf(error)
    return { error: issue(tooDeep ? 'too-costly' : 'exception', `Library ${library.canonical} failed: ${why}`) }
  }
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
  // A Binary by its type; the union of all resources is too wide for TypeScript to narrow.
  const resource = parameter.resource as { resourceType: string; data?: string } | undefined
  const binary = resource?.resourceType === 'Binary' ? (resource.data ?? '') : undefined
  const text = binary !== undefined ? Buffer.from(binary, 'base64').toString('utf8') : value
  try {
    if (typeof text === 'string') return JSON.parse(text) as Json
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    // The message of the JSON parser quotes the text, which may be personal.
  }
  throw unprocessable({
    text: `parameter ${parameter.name} must be a Binary with JSON, or JSON text as valueString`,
    expression: 'Parameters.parameter',
  })
}
