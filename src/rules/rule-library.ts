import { issue } from '../fhir/error.ts'
import type { Issue } from '../fhir/types.ts'
import { certLogicType, isCertLogic } from './certlogic/certlogic.ts'
import { type Define, formatType, type TypeSpecifier } from './cql/translate/elm.ts'
import { type Answer, causeOf, type RuleResult, ruleFailure, undeterminedMessage } from './rule-result.ts'
import { certLogicDefine, type ExpressionEnvironment, type ExpressionRunner, isBoolean } from './run-expression.ts'

/** A library that was named itself, and which of its defines are wanted: none named = every public Boolean one. */
export interface NamedLibrary {
  /** Canonical. */
  library: string
  expressions: string[]
}

/** What the rules of a library are run with. */
export interface LibraryEnvironment extends Pick<ExpressionEnvironment, 'libraries' | 'findLibrary'> {
  /** `url|version` of what a canonical stands for; the canonical itself when nothing does. */
  pin(library: string): Promise<string>
}

/** One define that is a rule, or why it cannot be one. */
interface Candidate {
  language: string
  expression: string
  issue?: Issue
  /** Its type is not known: it is a rule when it gives a Boolean or nothing. */
  isUntyped?: true
}

/**
 * Runs a library's defines as rules. Which are rules is told by their types; there is at least one result, and one for every name.
 * @throws FhirError with a status from 500 on, when the server cannot answer now
 */
export async function runRuleLibrary(
  named: NamedLibrary,
  environment: LibraryEnvironment & { runner: ExpressionRunner },
): Promise<RuleResult[]> {
  const results: RuleResult[] = []
  for (const candidate of await candidates(named, environment)) {
    if (candidate.issue) {
      results.push(await failedRule(named.library, candidate, { cause: candidate.issue, environment }))
      continue
    }
    try {
      const { language, expression } = candidate
      const scope = { kinds: [], country: undefined }
      const answer = await environment.runner.evaluate({ language, expression, library: named.library }, scope)
      if (candidate.isUntyped && isOtherValue(answer)) continue
      results.push(ruleOf(answer, expression))
    } catch (error) {
      results.push(await failedRule(named.library, candidate, { cause: causeOf(error), environment }))
    }
  }
  if (results.length > 0) return results
  return [await failedRule(named.library, { language: '', expression: '' }, { cause: noRule, environment })]
}

/** The rules of a library that are not run, each without result and with the reason. At least one. */
export async function listRuleLibrary(
  named: NamedLibrary,
  why: Issue,
  environment: LibraryEnvironment,
): Promise<RuleResult[]> {
  const listed: RuleResult[] = []
  for (const each of await candidates(named, environment))
    listed.push(await failedRule(named.library, each, { cause: why, environment }))
  return listed
}

const noRule = issue('not-found', 'it has no public Boolean define, so it states nothing')

async function candidates(
  { library, expressions }: NamedLibrary,
  environment: LibraryEnvironment,
): Promise<Candidate[]> {
  const cql = 'text/cql-identifier'
  try {
    const resource = await environment.findLibrary(library)
    if (resource && isCertLogic(resource)) return [{ language: certLogicType, expression: certLogicDefine }]
    const { defines } = await environment.libraries.compile(library)
    if (expressions.length > 0) {
      const known = expressions.filter((name) => defines.some((each) => each.name === name))
      return known.map((expression) => ({ language: cql, expression }))
    }
    const found = defines.filter((each) => each.public).flatMap(candidateOf)
    return found.length > 0 ? found : [{ language: cql, expression: '', issue: noRule }]
  } catch (error) {
    const why = causeOf(error)
    const names = expressions.length > 0 ? expressions : ['']
    return names.map((expression) => ({ language: cql, expression, issue: why }))
  }
}

function candidateOf({ name, type }: Define): Candidate[] {
  const candidate = { language: 'text/cql-identifier', expression: name }
  if (type === undefined) return [{ ...candidate, isUntyped: true }]
  if (isBoolean(type)) return [candidate]
  if (!mayBeBoolean(type)) return []
  const text = `define "${name}" is ${formatType(type)}, which may hold a Boolean and need not: it cannot be told whether it is a rule`
  return [{ ...candidate, issue: issue('value', text) }]
}

/** Types whose values may be Booleans: Any, a choice with one, the boolean of FHIR. */
function mayBeBoolean(type: TypeSpecifier): boolean {
  if (type.choice) return type.choice.some((each) => isBoolean(each) || mayBeBoolean(each))
  return type.name === '{urn:hl7-org:elm-types:r1}Any' || type.name === '{http://hl7.org/fhir}boolean'
}

const isOtherValue = ({ result, issue: failed }: Answer) => result === null && failed?.code === 'value'

function ruleOf(answer: Answer, expression: string): RuleResult {
  const { library, result, evidence, explanation, issue: failed, remarks } = answer
  const name = `"${expression}" of ${library}`
  return {
    planDefinition: '',
    action: '',
    library,
    expression,
    result,
    ...(result === true
      ? {}
      : { message: result === null ? undeterminedMessage(answer) : `${expression}: not fulfilled` }),
    evidence,
    ...(explanation ? { explanation } : {}),
    ...(failed ? { issue: ruleFailure(name, failed) } : {}),
    ...(remarks ? { remarks } : {}),
  }
}

async function failedRule(
  canonical: string,
  { expression }: Candidate,
  { cause, environment }: { cause: Issue; environment: LibraryEnvironment },
): Promise<RuleResult> {
  const library = await environment.pin(canonical)
  const name = expression === '' ? library : `"${expression}" of ${library}`
  return {
    planDefinition: '',
    action: '',
    library,
    expression,
    result: null,
    message: undeterminedMessage({ missing: [], issue: cause }),
    evidence: [],
    issue: ruleFailure(name, cause),
  }
}
