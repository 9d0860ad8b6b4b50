import type { CertLogicExpression } from 'certlogic-js'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { keepPerObject } from '../../base/keep.ts'
import { brokenSignature } from '../../fhir/artefact.ts'
import { formatCanonical } from '../../fhir/canonical.ts'
import { FhirError, type IssueDetail, issue, unprocessable } from '../../fhir/error.ts'
import { isOfType, parseJson } from '../../fhir/json.ts'
import { parameterValue } from '../../fhir/operation.ts'
import type { Issue, Library, Parameter, Parameters } from '../../fhir/types.ts'
import { CertLogicCost, CertLogicFault, evaluateCorrected, spendSteps } from './corrections.ts'
import { accessFaults, dataAccesses, type LogicFault, logicFaults } from './logic-faults.ts'
import { versionFaults } from './versions.ts'

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
 * Reads a CertLogic Library: the content is an EU rule object or a bare expression. What was read is kept with the resource, which does
 * not change.
 * @throws FhirError 422 when it is not JSON, names another engine or a version of it that is not known, or the logic is not CertLogic;
 * one issue for each fault
 */
export function readCertLogic(library: Library): CertLogicLibrary {
  const read = readOnce(library)
  if ('issues' in read) throw new FhirError(422, read.issues)
  return read
}

/** A rule is asked more often than it is written. */
const readOnce = keepPerObject((library: Library): CertLogicLibrary | { issues: Issue[] } => {
  const canonical = formatCanonical(library.url ?? library.name ?? library.id, library.version)
  const at = (text: string, more: Partial<IssueDetail> = {}) => ({
    text: `Library ${canonical}: ${text}`,
    expression: 'Library.content[0].data',
    ...more,
  })
  const broken = brokenSignature(library)
  if (broken !== undefined) return { issues: [issue('business-rule', `Library ${canonical}: ${broken}`)] }
  const content = parseContent(contentOf(library)?.data)
  if (content instanceof FhirError) {
    const [first] = content.issues
    const diagnostics = [first?.diagnostics ?? first?.details?.text ?? content.message].flat().join()
    return { issues: [issue('processing', at(`the ${certLogicType} content is not JSON`, { diagnostics }))] }
  }
  const rule = isJsonObject(content) && 'Logic' in content ? content : undefined
  const versions = rule ? versionFaults(rule) : []
  if (versions.length > 0) return { issues: versions.map(({ text }) => issue('processing', at(`the rule's ${text}`))) }
  const logic = rule ? rule.Logic : content
  const faults = logicFaults(logic)
  // What is no CertLogic reads nothing that could be told.
  if (faults.length === 0) faults.push(...accessFaults(dataAccesses(logic ?? null)))
  if (isExpression(logic, faults)) return { canonical, rule, logic }
  const shown = (path: string) => `at ${rule ? 'Logic' : ''}${path}`.slice(0, 200)
  return { issues: faults.map(({ path, text }) => issue('invalid', at(text, { diagnostics: shown(path) }))) }
})

/** What has no faults is CertLogic. */
const isExpression = (_logic: unknown, faults: LogicFault[]): _logic is CertLogicExpression => faults.length === 0

/** Read strictly: a member that stands there twice would be one rule for us and another for others. */
function parseContent(data: string | undefined): Json | FhirError {
  try {
    return parseJson(Buffer.from(data ?? '', 'base64'))
  } catch (error) {
    if (error instanceof FhirError) return error
    throw error
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
  try {
    return { value: toJson(evaluateCorrected(library.logic, data)) }
  } catch (error) {
    const tooDeep = error instanceof RangeError
    const why = tooDeep ? 'it nests too deeply' : reasonOf(error)
    const code = tooDeep || error instanceof CertLogicCost ? 'too-costly' : 'exception'
    return { error: issue(code, `Library ${library.canonical} failed: ${why}`) }
  }
}

/** What an evaluation gives: parts of the data, or dates that were made of them. Lists may hold one thing many times over. */
function toJson(value: unknown): Json {
  spendSteps(1)
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
export const pathsOf = (logic: CertLogicExpression): string[] => [
  // What has been validated holds JSON alone.
  ...new Set(dataAccesses(logic as Json).map(({ reads }) => reads)),
]

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
    if (typeof text === 'string') return parseJson(text)
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    // The message names members of the data, which may be personal.
  }
  throw unprocessable({
    text: `parameter ${parameter.name} must be a Binary with JSON, or JSON text as valueString`,
    expression: 'Parameters.parameter',
  })
}
