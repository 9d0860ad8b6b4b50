import { parseCanonical } from '../../fhir/canonical.ts'
import { operationOutcome } from '../../fhir/error.ts'
import { textParameter } from '../../fhir/operation.ts'
import type { CodeSystem, Issue, Parameter, Parameters } from '../../fhir/types.ts'
import type { CodeSystemHead } from '../code-system/code-system.ts'
import { supplemented } from '../code-system/supplement-lookup.ts'
import { agreed, requireSameArtefact } from '../request/agreement.ts'
import { systemIdentity } from '../request/aliases.ts'
import type { Languages } from '../request/languages.ts'
import { messageOf, otherIssue, txIssue } from '../request/messages.ts'
import { booleanParameter, type Request, resourceParameter } from '../request/request.ts'
import { compileRequested, queryOf, requestedLanguages, requestedSupplements } from '../request/requested-set.ts'
import { artefactWarnings } from '../request/resource-status.ts'
import { type CodedValue, codelessIssue, type Question, questionOf } from '../request/value.ts'
import type { UnknownSystem } from '../request/version-check.ts'
import { loaded, type Work } from '../request/work.ts'
import { type CompiledSet, contentOf } from '../value-set/clause.ts'
import { findEnumerated } from '../value-set/clause-members.ts'
import { systemsWithCode } from '../value-set/find-member.ts'
import type { ValueSetQuery } from '../value-set/query.ts'
import { checkConcept, checkUse, replyDisplay, type ValidationOptions } from './concept-check.ts'
import { asRemark, type Judgement, judge, locateSystem, unknownCode } from './judge.ts'

/**
 * A coding that is judged costs as much as so many clauses: most of it is what is said about it.
 */
const costPerCoding = 100

/** `ValueSet/$validate-code` (https://hl7.org/fhir/R4/valueset-operation-validate-code.html). */
export function* validateInValueSet(request: Request): Work<Parameters> {
  const question = questionOf(request.parameters)
  const { set, languages } = yield* compileRequested(request)
  if (!areHere(request, question)) yield* loadSystems(request, question)
  const query = queryOf(request, set.canonical)
  const options = validationOptions(request, languages)
  const { long } = contentOf(set)
  if (long.length > 0)
    yield* findEnumerated(long, query, new Set([undefined, ...question.values.map(({ version }) => version)]))
  const [only] = question.values
  if (
    only &&
    !question.codeableConcept &&
    only.system === undefined &&
    booleanParameter(request.parameters, 'inferSystem')
  ) {
    return reply(question, [inferred(set, only, query, options)], { set, options })
  }
  const judgements: Judgement[] = []
  for (const value of question.values) {
    judgements.push(judge(set, value, query, options))
    if (query.pass(set.clauses + costPerCoding)) yield
  }
  return reply(question, judgements, { set, options })
}

/** Loads the code systems of the values; where there is none, what else may go by that url. */
function* loadSystems({ scope }: Request, { values }: Question): Work<void> {
  const systems = new Set(values.flatMap(({ system }) => system ?? []))
  yield* loaded(
    scope,
    [...systems].map((url) => ({ type: 'CodeSystem', url })),
  )
  const unknown = [...systems].filter((url) => scope.systemsHere(url).length === 0)
  yield* loaded(
    scope,
    unknown.map((url) => ({ type: 'ValueSet', url })),
  )
}

/** Whether every code system of the values is known already. */
const areHere = ({ scope }: Request, { values }: Question): boolean =>
  values.every(
    ({ system }) =>
      system === undefined || (scope.has({ type: 'CodeSystem', url: system }) && scope.systemsHere(system).length > 0),
  )

/** What a validation in a code system is asked. */
interface SystemQuestion {
  question: Question
  /** The code system that is asked for, as `url|version`, and as the resource itself. */
  canonical: { url: string; version?: string } | undefined
  brought: CodeSystem | undefined
  supplements: CodeSystem[]
  options: ValidationOptions
}

/** `CodeSystem/$validate-code`: whether the system has the code, and the display fits. */
export function* validateInCodeSystem(request: Request): Work<Parameters> {
  const { parameters } = request
  const brought = resourceParameter(parameters, 'codeSystem', 'CodeSystem')
  const named = textParameter(parameters, 'url')
  const versionName = 'version'
  if (brought)
    requireSameArtefact(brought, { url: named, version: textParameter(parameters, versionName), versionName })
  const url = named ?? brought?.url
  const canonical = url === undefined ? undefined : parseCanonical(url)
  agreed('version of the code system', [
    { at: 'url', says: canonical?.version },
    { at: versionName, says: textParameter(parameters, versionName) },
  ])
  const question = questionOf(parameters, canonical?.url)
  const languages = requestedLanguages(request)
  const query = queryOf(request, url ?? '')
  const options = validationOptions(request, languages)
  const supplements = yield* requestedSupplements(request, languages)
  yield* loadSystems(request, question)
  const judgements: Judgement[] = []
  for (const asked of question.values) {
    const version = asked.version ?? canonical?.version ?? textParameter(parameters, 'version')
    judgements.push(judgeInSystem({ ...asked, version }, { question, canonical, brought, supplements, options }, query))
    if (query.pass(costPerCoding)) yield
  }
  return reply(question, judgements, { options })
}

function judgeInSystem(asked: CodedValue, given: SystemQuestion, query: ValueSetQuery): Judgement {
  const { question, canonical, brought, supplements, options } = given
  // A code system that is named by its resource is meant in that very version, whatever newer ones are stored.
  const isBrought = asked.version === undefined && asked.system === brought?.url
  const value = isBrought ? { ...asked, version: brought?.version } : asked
  const judgement: Judgement = { value, isMember: false, isOpen: false, issues: [], unknown: [] }
  if (value.code === '') return { ...judgement, issues: [codelessIssue(value)] }
  const unfit = unfitSystem(question, value, canonical?.url)
  if (unfit) return { ...judgement, issues: [unfit] }
  const found = locateSystem(judgement, query)
  if (!found) {
    const unknown = judgement.unknown.map(
      (each): UnknownSystem => ({ ...each, parameter: 'x-caused-by-unknown-system' }),
    )
    return { ...judgement, unknown }
  }
  const provider = supplemented(found, supplements)
  judgement.version = provider.head.version
  const ref = provider.locate(value.code)
  if (ref === undefined) {
    judgement.issues.push(...unknownCode(value, provider, query))
    judgement.isMember = provider.head.content === 'fragment'
    return judgement
  }
  judgement.isMember = true
  judgement.located = { provider, ref, code: provider.code(ref) }
  judgement.issues.push(
    ...checkUse(value, judgement.located, options),
    ...checkConcept(value, judgement.located, options),
  )
  for (const { severity, text } of options.membershipOnly ? [] : (provider.remarks?.(ref) ?? [])) {
    judgement.issues.push(
      otherIssue('informational', text, { severity, type: 'process-note', expression: value.at('code') }),
    )
  }
  return judgement
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

/** `valueSetMode` as the HL7 validator writes it, and as it should be written. */
const MEMBERSHIP_ONLY = new Set(['CHECK_MEMERSHIP_ONLY', 'CHECK_MEMBERSHIP_ONLY'])

function validationOptions({ parameters }: Request, languages: Languages | undefined): ValidationOptions {
  return {
    languages,
    lenient:
      booleanParameter(parameters, 'lenient-display-validation') === true ||
      textParameter(parameters, 'mode') === 'lenient-display-validation',
    membershipOnly:
      booleanParameter(parameters, 'valueset-membership-only') === true ||
      MEMBERSHIP_ONLY.has(textParameter(parameters, 'valueSetMode') ?? ''),
    activeOnly: booleanParameter(parameters, 'activeOnly') === true,
    abstractAllowed: booleanParameter(parameters, 'abstract') !== false,
  }
}

/** A code without system: the one system of the set that has it. */
function inferred(set: CompiledSet, value: CodedValue, query: ValueSetQuery, options: ValidationOptions): Judgement {
  const { found, searched, unknown } = systemsWithCode(set, value.code, query)
  const [system, ...others] = found
  if (system !== undefined && others.length === 0) return judge(set, { ...value, system }, query, options)
  const judgement = judge(set, value, query, options)
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
    for (const { located } of judgements)
      if (located && heads.at(-1) !== located.provider.head) heads.push(located.provider.head)
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
  const message = result && issues.length === 0 ? '' : messageWith(result ? [] : judgements, issues)
  if (message !== '') parameter.push({ name: 'message', valueString: message })
  if (shown) addState(parameter, shown)
  for (const { parameter: name, canonical } of uniqueUnknown(judgements))
    parameter.push({ name, valueCanonical: canonical })
  return { resourceType: 'Parameters', parameter }
}

/** Why concepts are not in the set, and the texts of issues. */
function messageWith(judgements: Judgement[], issues: Issue[]): string {
  const reasons = judgements.flatMap(({ reason }) => reason ?? [])
  return [...reasons, messageOf(issues)].filter((each) => each !== undefined).join('; ')
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
  const said = new Set<string | undefined>()
  const unique = issues.map(asRemark).filter(({ expression, details }) => {
    const isNew = expression !== undefined || !said.has(details?.text)
    said.add(details?.text)
    return isNew
  })
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
  const { provider, ref, code, isMeant } = located
  const status = provider.status(ref)
  // A status explains why the use of a concept should be reviewed; a property of that name may mean anything.
  const isInactive = provider.isInactive(ref) && !isMeant
  if (isInactive) parameter.push({ name: 'inactive', valueBoolean: true })
  if (status === 'deprecated' || (isInactive && status !== undefined && status !== 'active'))
    parameter.push({ name: 'status', valueCode: status })
  // An expression without its terms is no other code.
  if (code !== value.code && !provider.remarks) parameter.push({ name: 'normalized-code', valueCode: code })
}

const NONE_UNKNOWN: UnknownSystem[] = []

function uniqueUnknown(judgements: Judgement[]): UnknownSystem[] {
  if (judgements.every(({ unknown }) => unknown.length === 0)) return NONE_UNKNOWN
  const all = new Map<string, UnknownSystem>()
  for (const { unknown } of judgements) {
    for (const each of unknown) {
      const key = `${each.parameter} ${each.canonical}`
      if (!all.has(key)) all.set(key, each)
    }
  }
  return [...all.values()]
}
