import { alpha2FromAlpha3 } from '../base/iso-3166.ts'
import type { JsonObject } from '../base/json-value.ts'
import type { Soon } from '../base/keep.ts'
import type { EventKind } from '../credentials/credential-format.ts'
import { incomplete, issue, notFound } from '../fhir/error.ts'
import type { Bundle, Issue, PlanDefinition } from '../fhir/types.ts'
import {
  fitsUse,
  type Plans,
  periodRemark,
  type RuleCall,
  type RuleSource,
  type Rules,
  readAskedUses,
  readPlan,
  statusRemark,
} from '../rules/rules.ts'
import { certificateKinds, contentAbout, coreDataSetsAbout } from './certificate-kinds.ts'
import type { Evaluation } from './evaluation.ts'
import type { EvaluateRequest } from './request.ts'
import { issuerCodes, type Verification } from './verify/verification.ts'

/** What running rules needs of the server. */
export interface RuleSurroundings {
  rules: Rules
  /** The rule sets: those that apply by themselves, and those that a canonical names. */
  plans: Plans
  /** Whether there is a Library of that canonical. */
  hasLibrary(canonical: string): Promise<boolean>
}

/** The rules that a request names, and what it asks the verdict for. */
interface NamedRules {
  /** Empty when it leaves the choice to the server. */
  sources: RuleSource[]
  /** Codes of uses that are asked for; empty = the question names none. */
  uses: ReadonlySet<string>
  /** What is to be said about them, such as that one is a draft. */
  remarks: Issue[]
}

/**
 * Finds what a request names and holds its names against it. A question about rules that do not exist is wrong whatever the
 * credential says, so it is answered first.
 * @throws FhirError 404 for an artefact that the server does not have, 422 for a define or CQL parameter that no rule has and a use that
 * nobody knows
 */
export function readNamedRules(
  surroundings: RuleSurroundings,
  request: EvaluateRequest,
  given: PlanDefinition[],
): Soon<NamedRules> {
  const uses = readAskedUses(request.useContexts)
  const { planDefinitions, libraries, parameters } = request
  // Nearly every question names nothing, and then nobody is asked.
  const names = given.length + planDefinitions.length + libraries.length
  if (names === 0 && !parameters) return { sources: [], uses, remarks: [] }
  return findNamedRules(surroundings, request, { given, uses })
}

async function findNamedRules(
  surroundings: RuleSurroundings,
  request: EvaluateRequest,
  { given, uses }: { given: PlanDefinition[]; uses: ReadonlySet<string> },
): Promise<NamedRules> {
  const plans = [...given]
  for (const canonical of request.planDefinitions) {
    const found = await surroundings.plans.named(canonical, request.clock)
    if (found.length === 0) throw unknownArtefact('PlanDefinition', canonical)
    plans.push(...found.filter((each) => !plans.includes(each)))
  }
  for (const canonical of request.libraries) {
    if (!(await surroundings.hasLibrary(canonical))) throw unknownArtefact('Library', canonical)
  }
  const libraries = request.libraries.map((library) => ({ library, expressions: request.expressions }))
  const sources: RuleSource[] = [...plans.map((plan) => ({ plan })), ...libraries]
  const { parameters } = request
  await surroundings.rules.checkQuestion(
    sources.length > 0 ? sources : await candidates(surroundings, request, uses),
    parameters,
  )
  return { sources, uses, remarks: plans.flatMap((each) => planRemarks(each, { clock: request.clock, uses })) }
}

/** 404 that names an artefact which the request names and the server does not have. */
export const unknownArtefact = (type: string, canonical: string) =>
  notFound({
    text: `${type} ${shownCanonical(canonical)} is not known to this server`,
    expression: 'Parameters.parameter',
  })

/** A canonical as a message may repeat it: what is no address may be the text of a credential in the wrong place. */
const shownCanonical = (canonical: string) =>
  /^(?:https?:\/\/|urn:)[^\s<>"]{1,250}$/.test(canonical) ? canonical : '(which is no canonical URL)'

/** Every rule that might run by default, whatever the credential turns out to be; asked for when there are parameters to hold against it. */
async function candidates(
  surroundings: RuleSurroundings,
  request: EvaluateRequest,
  uses: ReadonlySet<string>,
): Promise<RuleSource[]> {
  if (!request.parameters) return []
  const { jurisdiction, clock } = request
  const plans = await surroundings.plans.select({ jurisdiction, clock, uses, kinds: undefined, isIssuerUnknown: true })
  return plans.map((plan) => ({ plan }))
}

/**
 * Who names a rule may run a draft of it, one that is not in force, or, where he names no use, one for some use; the reply says so. That
 * one is for another use than asked is a failure and no remark: {@link notForThis}.
 */
function planRemarks(plan: PlanDefinition, { clock, uses }: { clock: Date; uses: ReadonlySet<string> }): Issue[] {
  const name = `PlanDefinition ${plan.url ?? plan.id}${plan.version ? `|${plan.version}` : ''}`
  const own = readPlan(plan).uses.value.join(', ')
  const use = issue('informational', {
    severity: 'warning',
    text: `${name} is for ${own}, and the question names no use`,
  })
  return [
    ...statusRemark(name, plan.status),
    ...periodRemark(name, plan, clock),
    ...(own !== '' && uses.size === 0 ? [use] : []),
  ]
}

/** Why a rule set that is named is not run: it is for another use than the question asks for. */
function notForThis(source: RuleSource, { uses }: NamedRules): Issue | undefined {
  if (!('plan' in source) || uses.size === 0 || fitsUse(source.plan, uses)) return undefined
  const own = readPlan(source.plan).uses.value.join(', ')
  const text = `the rule was not run: it is for ${own}, and the question asks for ${[...uses].join(', ')}`
  return issue('business-rule', { severity: 'warning', text })
}

/** Verified credentials, of one person, and what the maps made of them. */
interface Judged {
  request: EvaluateRequest
  /** One, unless several are judged together. */
  verifications: Pick<Verification, 'issuer' | 'isIssuerUnknown' | 'events' | 'period' | 'inputs'>[]
  named: NamedRules
  /** The resources that rules run over, or why they cannot run. */
  content: Bundle | { notRun: Issue }
  /** The events as logical models, beside `content`. */
  coreDataSets: JsonObject[]
}

/** Runs every rule that was named or applies, or lists each with the reason why it is not run. */
export async function judge(
  surroundings: RuleSurroundings,
  judged: Judged,
): Promise<Pick<Evaluation, 'rules' | 'issues' | 'obstacles' | 'valueSets'>> {
  const { named, content } = judged
  const found = named.sources.length > 0 ? named.sources : selected(surroundings, judged)
  const sources = found instanceof Promise ? await found : found
  const valueSets = new Set<string>()
  const callFor = ruleCalls(judged, valueSets)
  const rules: Evaluation['rules'] = []
  for (const source of sources) {
    const other = notForThis(source, named)
    const ran = 'notRun' in content ? content : other ? { notRun: other } : seenBy(source, judged, content)
    const results =
      'notRun' in ran
        ? await surroundings.rules.listRules(source, ran.notRun, judged.request.language)
        : await surroundings.rules.evaluateRules(source, callFor(ran))
    rules.push(...results)
  }
  const obstacles = judged.verifications.every(({ events }) => events.length > 0) ? [] : [noEvents]
  const issues = [...named.remarks]
  for (const rule of rules) issues.push(...ruleIssues(rule))
  if (rules.every(({ informative }) => informative)) issues.push(rules.length === 0 ? noRule : noDecidingRule)
  issues.push(...obstacles)
  return {
    rules,
    issues: distinct(issues),
    obstacles,
    valueSets: valueSets.size < 2 ? [...valueSets] : [...valueSets].sort(),
  }
}

const noRule = issue('not-found', { severity: 'warning', text: 'No rule of this server applies to this credential' })
const noDecidingRule = issue('not-found', {
  severity: 'warning',
  text: 'No rule that decides applies to this credential: those that ran inform',
})

/** What a rule sees: one that was named all of the content, one that was selected what it is about. */
function seenBy(source: RuleSource, { named, coreDataSets }: Judged, data: Bundle): Seen {
  const all = { data, coreDataSets }
  if (named.sources.length > 0 || !('plan' in source)) return all
  const { kinds } = readPlan(source.plan)
  if (kinds.faults.length > 0) return all
  return { data: contentAbout(kinds.value, data), coreDataSets: coreDataSetsAbout(kinds.value, coreDataSets) }
}

/** What is given to one rule. */
interface Seen {
  data: Bundle
  coreDataSets: JsonObject[]
}

const noEvents = issue('not-supported', {
  severity: 'warning',
  text: 'The credential certifies no vaccination, test or recovery, so rules about them say nothing of it',
})

function selected(
  surroundings: RuleSurroundings,
  { request, verifications, named: { uses }, content }: Judged,
): Soon<RuleSource[]> {
  const certified: string[] = []
  const issuers: string[] = []
  let isIssuerUnknown = false
  for (const { events, issuer, isIssuerUnknown: isUnknown } of verifications) {
    for (const kind of events) if (!certified.includes(kindNames[kind])) certified.push(kindNames[kind])
    issuers.push(...issuerCodes(issuer))
    isIssuerUnknown ||= isUnknown
  }
  const kinds = certificateKinds(certified, 'notRun' in content ? undefined : content)
  const plans = surroundings.plans.select({
    jurisdiction: request.jurisdiction,
    issuerCountry: issuers,
    isIssuerUnknown,
    // Of a credential whose content is not known any kind may apply.
    kinds: kinds.length === 0 && 'notRun' in content ? undefined : kinds,
    uses,
    clock: request.clock,
  })
  return plans instanceof Promise ? plans.then(asSources) : asSources(plans)
}

const asSources = (plans: PlanDefinition[]): RuleSource[] => plans.map((plan) => ({ plan }))

/** The kinds of the code system of certificate kinds, by what a credential certifies. */
const kindNames: Record<EventKind, string> = {
  v: 'vaccination',
  t: 'test',
  r: 'recovery',
  s: 'patient-summary',
}

/** What every rule of one judgement is run over, but for what it sees. */
function ruleCalls({ request, verifications }: Judged, valueSets: Set<string>): (seen: Seen) => RuleCall {
  // A CertLogic rule reads one EU certificate: of credentials that certify more it would decide without having seen that.
  const [verification] = verifications
  const inputs = verifications.length === 1 ? verification?.inputs : undefined
  const isOne = inputs !== undefined && inputs.length <= 1
  const payload = isOne ? inputs[0]?.certLogic : undefined
  const asked = (valueSet: string) => void valueSets.add(valueSet)
  const external = () => (verification && isOne ? envelopeClaims(request, verification) : {})
  return ({ data, coreDataSets }) => {
    const call: RuleCall = { data, coreDataSets, clock: request.clockText, asked, external }
    if (payload !== undefined) call.payload = payload
    if (request.parameters) call.parameters = request.parameters
    if (request.language) call.language = request.language
    return call
  }
}

/** What is to be said of a rule: why it failed, or what it lacked; and remarks. */
function ruleIssues({
  issue: failed,
  result,
  message,
  action,
  expression,
  planDefinition,
  library,
  informative,
  remarks,
}: Evaluation['rules'][number]): Issue[] {
  if (result !== null && !failed) return remarks ?? []
  const own: Issue[] = []
  if (failed) own.push(failed)
  else if (result === null) {
    const name = `rule "${action || expression}" of ${planDefinition || library}`
    own.push(incomplete(`${name}: ${message ?? 'not determined'}`))
  }
  // What decides nothing is no warning about the verdict.
  const told = informative ? own.map((each): Issue => ({ ...each, severity: 'information' })) : own
  return [...told, ...(remarks ?? [])]
}

function distinct(issues: Issue[]): Issue[] {
  if (issues.length < 2) return issues
  const known = new Map(issues.map((each) => [JSON.stringify(each), each]))
  return [...known.values()]
}

/** What CertLogic rules see of the envelope (EU DCC validation rules, `external`): countries as alpha-2, times as ISO 8601. */
function envelopeClaims(
  { jurisdiction }: EvaluateRequest,
  { issuer, period }: Judged['verifications'][number],
): JsonObject {
  const external: JsonObject = {}
  const issuing = alpha2(issuer?.name ?? issuer?.participant)
  if (issuing) external.issuerCountryCode = issuing
  const verifying = alpha2(jurisdiction)
  if (verifying) external.countryCode = verifying
  for (const [name, claim] of [
    ['exp', period.expires],
    ['iat', period.issuedAt],
  ] as const) {
    if (typeof claim === 'number' && Math.abs(claim) <= latestSecond)
      external[name] = new Date(claim * 1000).toISOString()
  }
  return external
}

function alpha2(country: string | undefined): string | undefined {
  const code = country?.trim().toUpperCase() ?? ''
  return /^[A-Z]{2}$/.test(code) ? code : alpha2FromAlpha3(code)
}

/** The last second that a JavaScript date can tell. */
const latestSecond = 8.64e12
