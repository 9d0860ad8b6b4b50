import { parseCanonical } from '../../fhir/canonical.ts'
import { operationOutcome } from '../../fhir/error.ts'
import { firstParameter, textParameter } from '../../fhir/operation.ts'
import type { Issue, Parameter, Parameters, Resource } from '../../fhir/types.ts'
import type { Steps } from '../../workers/budget.ts'
import type { CodeSystemHead } from '../code-system/code-system.ts'
import { supplemented } from '../code-system/supplement-lookup.ts'
import { systemIdentity } from '../request/aliases.ts'
import type { Languages } from '../request/languages.ts'
import { messageOf, otherIssue, txIssue } from '../request/messages.ts'
import {
  booleanParameter,
  compileRequested,
  evaluationOf,
  type Request,
  requestedLanguages,
  requestedSupplements,
} from '../request/request.ts'
import { artefactWarnings } from '../request/resource-status.ts'
import { type CodedValue, codelessIssue, type Question, questionOf } from '../request/value.ts'
import type { UnknownSystem } from '../request/version-check.ts'
import { systemsWithCode } from '../value-set/find-member.ts'
import type { Evaluation } from '../value-set/resolve-clause.ts'
import type { CompiledSet } from '../value-set/value-set.ts'
import { checkConcept, checkUse, replyDisplay, type ValidationOptions } from './concept-check.ts'
import { asRemark, explanation, type Judgement, judge, locateSystem, unknownCode } from './judge.ts'

/** `ValueSet/$validate-code` (terminology.md §4). Run it through settle. */
export function* validateInValueSet(request: Request): Steps<Parameters> {
  const question = questionOf(request.parameters)
  const { set, languages } = compileRequested(request)
  const evaluation = evaluationOf(request, set.canonical)
  const options = validationOptions(request, languages)
  const [only] = question.values
  if (
    only &&
    !question.codeableConcept &&
    only.system === undefined &&
    booleanParameter(request.parameters, 'inferSystem')
  ) {
    return reply(question, [inferred(set, only, evaluation, options)], { set, options })
  }
  const judgements: Judgement[] = []
  for (const value of question.values) {
    judgements.push(judge(set, value, evaluation, options))
    if (evaluation.pass(set.clauses)) yield
  }
  return reply(question, judgements, { set, options })
}

/** `CodeSystem/$validate-code`: whether the system has the code, and the display fits. */
export function validateInCodeSystem(request: Request): Parameters {
  const { parameters } = request
  const given = firstParameter(parameters, 'codeSystem')?.resource as Resource | undefined
  const brought = given?.resourceType === 'CodeSystem' ? given : undefined
  const url = textParameter(parameters, 'url') ?? brought?.url
  const canonical = url === undefined ? undefined : parseCanonical(url)
  const question = questionOf(parameters, canonical?.url)
  const languages = requestedLanguages(request)
  const evaluation = evaluationOf(request, url ?? '')
  const options = validationOptions(request, languages)
  const supplements = requestedSupplements(request, languages)
  const judgements = question.values.map((asked) => {
    const value: CodedValue = {
      ...asked,
      version: asked.version ?? canonical?.version ?? textParameter(parameters, 'version'),
    }
    // A code system that is named by its resource is meant in that very version, whatever newer ones are stored.
    if (value.version === undefined && value.system === brought?.url) value.version = brought?.version
    const judgement: Judgement = { value, isMember: false, isOpen: false, issues: [], unknown: [] }
    if (value.code === '') return { ...judgement, issues: [codelessIssue(value)] }
    const unfit = unfitSystem(question, value, canonical?.url)
    if (unfit) return { ...judgement, issues: [unfit] }
    const found = locateSystem(judgement, evaluation)
    if (!found) {
      const unknown = judgement.unknown.map((each) => ({ ...each, parameter: 'x-caused-by-unknown-system' as const }))
      return { ...judgement, unknown }
    }
    const provider = supplemented(found, supplements)
    judgement.version = provider.head.version
    const ref = provider.locate(value.code)
    if (ref === undefined) {
      judgement.issues.push(unknownCode(value, provider), ...explanation(value, provider))
      judgement.isMember = provider.head.content === 'fragment'
      return judgement
    }
    judgement.isMember = true
    judgement.located = { provider, ref }
    judgement.issues.push(
      ...checkUse(value, judgement.located, options),
      ...checkConcept(value, judgement.located, options),
    )
    return judgement
  })
  return reply(question, judgements, { options })
}

/** A coding without system, or of another system than the one that is asked for; one coding of several need not be of it. */
function unfitSystem({ codeableConcept }: Question, value: CodedValue, url: string | undefined): Issue | undefined {
  const { system } = value
  if (system === undefined) {
    return txIssue('Coding_has_no_system__cannot_validate', [], { expression: value.at('') })
  }
  if (url === undefined || systemIdentity(system) === systemIdentity(url)) return undefined
  const text = `The code system '${system}' of the value is not the code system '${url}' that is asked for`
  const severity = codeableConcept ? 'information' : 'error'
  return otherIssue('invalid', text, { type: 'invalid-data', expression: value.at('system'), severity })
}

function validationOptions({ parameters }: Request, languages: Languages | undefined): ValidationOptions {
  return {
    languages,
    lenient: booleanParameter(parameters, 'lenient-display-validation') === true,
    membershipOnly: booleanParameter(parameters, 'valueset-membership-only') === true,
    activeOnly: booleanParameter(parameters, 'activeOnly') === true,
    abstractAllowed: booleanParameter(parameters, 'abstract') !== false,
  }
}

/** A code without system: the one system of the set that has it. */
function inferred(set: CompiledSet, value: CodedValue, evaluation: Evaluation, options: ValidationOptions): Judgement {
  const { found, searched, unknown } = systemsWithCode(set, value.code, evaluation)
  const [system, ...others] = found
  if (system !== undefined && others.length === 0) return judge(set, { ...value, system }, evaluation, options)
  const judgement = judge(set, value, evaluation, options)
  const issues = judgement.issues.filter((each) => each.details?.coding?.[0]?.code === 'not-in-vs')
  const expression = value.at('code')
  issues.push(
    found.length > 1
      ? txIssue(
          'Unable_to_resolve_system__value_set_has_multiple_matches',
          [value.code, set.canonical, `[${found.join(', ')}]`],
          { expression },
        )
      : txIssue('UNABLE_TO_INFER_CODESYSTEM', [value.code, set.canonical, searched.join(', ')], { expression }),
  )
  const causes = found.length > 1 ? [] : unknown
  const parameter = 'x-caused-by-unknown-system'
  return { ...judgement, issues, unknown: causes.map((canonical) => ({ parameter, canonical })) }
}

interface ReplyContext {
  set?: CompiledSet
  options: ValidationOptions
}

function reply(question: Question, judgements: Judgement[], { set, options }: ReplyContext): Parameters {
  const shown = question.codeableConcept ? judgements.find((each) => each.isMember) : judgements[0]
  const issues = allIssues(question, judgements, set)
  if (!options.membershipOnly) {
    const heads: CodeSystemHead[] = []
    for (const { located } of judgements) if (located) heads.push(located.provider.head)
    for (const { warning, type, canonical } of artefactWarnings(set, heads)) {
      issues.push(txIssue(STATUS_MESSAGES[warning], [canonical, '', type]))
    }
  }
  const result = judgements.some((each) => each.isMember) && !issues.some((each) => each.severity === 'error')
  const parameter: Parameter[] = [{ name: 'result', valueBoolean: result }]
  if (shown) addConcept(parameter, shown, options)
  else if (question.codeableConcept) parameter.push(...openParameters(judgements))
  if (question.codeableConcept)
    parameter.push({ name: 'codeableConcept', valueCodeableConcept: question.codeableConcept })
  if (issues.length > 0) parameter.push({ name: 'issues', resource: operationOutcome(issues) })
  const reasons = result ? [] : judgements.flatMap(({ reason }) => reason ?? [])
  const message = [...reasons, messageOf(issues)].filter((each) => each !== undefined).join('; ')
  if (message !== '') parameter.push({ name: 'message', valueString: message })
  if (shown) addState(parameter, shown)
  for (const { parameter: name, canonical } of uniqueUnknown(judgements))
    parameter.push({ name, valueCanonical: canonical })
  return { resourceType: 'Parameters', parameter }
}

const STATUS_MESSAGES = {
  deprecated: 'MSG_DEPRECATED',
  withdrawn: 'MSG_WITHDRAWN',
  experimental: 'MSG_EXPERIMENTAL',
  draft: 'MSG_DRAFT',
} as const

/** Of several codings each "not in the set" is a remark; without any in the set, the set as a whole has an issue. */
function allIssues(question: Question, judgements: Judgement[], set: CompiledSet | undefined): Issue[] {
  const issues: Issue[] = []
  for (const each of judgements) issues.push(...each.issues)
  if (!question.codeableConcept || !set) return issues
  const remarks = issues.map(asRemark)
  const unique = remarks.filter(
    (each, index) =>
      each.expression !== undefined ||
      remarks.findIndex((other) => other.details?.text === each.details?.text) === index,
  )
  if (judgements.some((each) => each.isMember || each.isOpen)) return unique
  return [txIssue('TX_GENERAL_CC_ERROR_MESSAGE', [set.canonical]), ...unique]
}

function addConcept(
  parameter: Parameter[],
  { value, version, located }: Judgement,
  { languages }: ValidationOptions,
): void {
  if (value.code !== '') parameter.push({ name: 'code', valueCode: value.code })
  if (value.system !== undefined) parameter.push({ name: 'system', valueUri: value.system })
  if (version !== undefined) parameter.push({ name: 'version', valueString: version })
  const display = located && replyDisplay(located, languages)
  if (display !== undefined) parameter.push({ name: 'display', valueString: display })
}

/** The version in question of a concept none of whose codings could be judged. */
function openParameters(judgements: Judgement[]): Parameter[] {
  const version = judgements.find((each) => each.isOpen && each.version !== undefined)?.version
  return version === undefined ? [] : [{ name: 'version', valueString: version }]
}

function addState(parameter: Parameter[], { value, located }: Judgement): void {
  if (!located) return
  const { provider, ref } = located
  const status = provider.status(ref)
  const code = provider.code(ref)
  // A status explains why the use of a concept should be reviewed; a property of that name may mean anything.
  const isInactive = provider.isInactive(ref)
  if (isInactive) parameter.push({ name: 'inactive', valueBoolean: true })
  if (status === 'deprecated' || (isInactive && status !== undefined && status !== 'active'))
    parameter.push({ name: 'status', valueCode: status })
  if (code !== value.code) parameter.push({ name: 'normalized-code', valueCode: code })
}

function uniqueUnknown(judgements: Judgement[]): UnknownSystem[] {
  const all: UnknownSystem[] = []
  for (const each of judgements) all.push(...each.unknown)
  if (all.length < 2) return all
  return all.filter(
    (each, index) =>
      all.findIndex((other) => other.parameter === each.parameter && other.canonical === each.canonical) === index,
  )
}
