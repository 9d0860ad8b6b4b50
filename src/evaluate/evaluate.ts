import type { MapInput } from '../credentials/map-input.ts'
import { badRequest, FhirError, issue, notFound, unprocessable } from '../fhir/error.ts'
import { isJsonObject } from '../fhir/json-object.ts'
import { isNotReady } from '../fhir/not-ready.ts'
import type { Bundle, Issue, Json, JsonObject, Parameters, PlanDefinition } from '../fhir/types.ts'
import type { RuleResult, Rules } from '../rules/rules.ts'
import type { PlanChoice } from '../rules/select-plans.ts'
import { type Decision, decide } from './decide.ts'
import type { MapChain, MapChains } from './map-chains.ts'
import { type Mapped, type Mapping, mapContent } from './map-content.ts'
import { evaluationReply } from './reply.ts'
import { type EvaluateRequest, type EvaluateSettings, readEvaluateRequest } from './request.ts'
import { seededUuids } from './seeded-uuids.ts'
import { type Subject, subjectOf } from './subject.ts'
import type { KeySource, Verification } from './verify.ts'

/** What an evaluation found (evaluate.md, Reply); names as there. */
export interface Evaluation {
  decision: Decision
  status: Verification['status']
  format: Verification['format'] | undefined
  issuer: Verification['issuer'] | undefined
  checks: Verification['checks']
  subject: Subject | undefined
  coreDataSets: JsonObject[]
  content: Bundle | undefined
  rules: RuleResult[]
  issues: Issue[]
  /** Those of the issues that make `accepted` impossible. */
  obstacles: Issue[]
  /** Canonicals with version of the StructureMaps that ran. */
  structureMaps: string[]
  /** Canonicals with version of the value sets that the rules asked. */
  valueSets: string[]
  clockText: string
}

/** Everything the main job needs, given by the server. */
export interface EvaluateEnvironment {
  settings: EvaluateSettings
  chains: MapChains
  /** The trusted keys now; replaced as a whole when a list is refreshed. */
  keys(): KeySource
  /** Keys of a request's own anchors. @throws FhirError 400 for an anchor that cannot be read */
  anchors(anchors: Uint8Array[]): KeySource
  verify(text: string[], keys: KeySource, clock: Date, trustDomains: string[]): Promise<Verification>
  /** Both shapes of verified content. */
  mapInput(verification: Verification): MapInput
  mapping: Omit<Mapping, 'now' | 'uuid'>
  rules: Rules
  /** Active PlanDefinitions that apply; chosen by jurisdiction, kind and clock. */
  selectPlans(choice: PlanChoice): Promise<PlanDefinition[]>
  /** The newest PlanDefinition of a canonical, with or without version. */
  findPlan(canonical: string): Promise<PlanDefinition | undefined>
  /** Whether there is a Library of that canonical. */
  hasLibrary(canonical: string): Promise<boolean>
  /** `url|version` of what is stored for the canonical of a value set, so that a reply can be reproduced. */
  pinValueSet(canonical: string): Promise<string>
  now(): Date
}

/** The main job as the operations see it. */
export interface Evaluate {
  /**
   * Answers one `$evaluate` question with the Parameters of the contract.
   * @throws FhirError when the question itself is wrong
   */
  answer(parameters: Parameters, call: { language?: string | undefined; plans?: PlanDefinition[] }): Promise<Parameters>
  evaluate(request: EvaluateRequest, plans?: PlanDefinition[]): Promise<Evaluation>
}

/** Composes recognise → decode → verify → map → run rules → decide. */
export function createEvaluate(environment: EvaluateEnvironment): Evaluate {
  const evaluate = (request: EvaluateRequest, plans?: PlanDefinition[]) => evaluateOne(environment, request, plans)
  return {
    evaluate,
    async answer(parameters, call) {
      const now = environment.now()
      const request = readEvaluateRequest(parameters, environment.settings, { now, language: call.language })
      return evaluationReply(await evaluate(request, call.plans))
    },
  }
}

async function evaluateOne(
  environment: EvaluateEnvironment,
  request: EvaluateRequest,
  given: PlanDefinition[] | undefined,
): Promise<Evaluation> {
  // A question about rules that do not exist is wrong whatever the credential says, so it is answered first.
  const named = given ?? (await namedPlans(environment, request.planDefinitions))
  await refuseUnknown(environment, request)
  const keys = request.trustAnchors.length > 0 ? environment.anchors(request.trustAnchors) : environment.keys()
  const verification = await environment.verify(request.credential, keys, request.clock, request.trustDomains)
  const evaluation: Evaluation = {
    decision: 'unverified',
    status: verification.status,
    format: verification.format,
    issuer: verification.issuer,
    checks: verification.checks,
    subject: undefined,
    coreDataSets: [],
    content: undefined,
    rules: [],
    issues: [...failedChecks(verification), ...verification.obstacles],
    obstacles: [...verification.obstacles],
    structureMaps: [],
    valueSets: [],
    clockText: request.clockText,
  }
  if (verification.status !== 'VERIFIED') return evaluation
  const step: Step = { environment, request, verification, input: environment.mapInput(verification) }
  await mapInto(evaluation, step)
  await runRules(evaluation, { ...step, named })
  evaluation.decision = decide(true, evaluation)
  return evaluation
}

interface Step {
  environment: EvaluateEnvironment
  request: EvaluateRequest
  verification: Verification
  input: MapInput
}

/** Maps the verified content; a map that fails leaves the credential verified and says why in `outcome`. */
async function mapInto(evaluation: Evaluation, { environment, request, verification, input }: Step): Promise<void> {
  if (verification.format === 'hcert-link') {
    const text = 'The certificate holds a link to its content, which this server does not follow'
    evaluation.issues.push(issue('informational', { severity: 'information', text }))
    return
  }
  const chain = environment.chains[verification.format ?? '']
  if (!chain && request.structureMaps.length === 0) {
    evaluation.issues.push(warning('not-supported', `No maps are configured for the format ${verification.format}`))
    return
  }
  const uuid = seededUuids(`${request.clockText} ${JSON.stringify(input.claims)}`)
  const mapping = { ...environment.mapping, now: request.clock, uuid }
  try {
    const mapped: Mapped = await mapContent(input, chain ?? noMaps, request.structureMaps, mapping)
    evaluation.coreDataSets = mapped.coreDataSets
    evaluation.content = mapped.bundle
    evaluation.structureMaps = mapped.structureMaps
    evaluation.issues.push(...mapped.warnings, ...mapped.obstacles)
    evaluation.obstacles.push(...mapped.obstacles)
    evaluation.subject = subjectOf(mapped.coreDataSets, mapped.bundle)
  } catch (error) {
    // That a map breaks on this content is an answer; the credential is verified all the same.
    if (!(error instanceof FhirError) || isNotReady(error)) throw error
    evaluation.issues.push(...error.issues)
  }
}

/** Runs what applies over the resources that the maps made; without any there is nothing to judge. */
async function runRules(
  evaluation: Evaluation,
  { environment, request, verification, input, named }: Step & { named: PlanDefinition[] },
): Promise<void> {
  const data = evaluation.content
  if (!data) return
  const payload = dccClaims(input.claims)
  const external = envelopeClaims(input.claims, request)
  const valueSets = new Set<string>()
  const call = {
    data,
    clock: request.clockText,
    asked: (valueSet: string) => valueSets.add(valueSet),
    ...(request.parameters ? { parameters: request.parameters } : {}),
    ...(request.language ? { language: request.language } : {}),
  }
  const asked = named.length > 0 || request.libraries.length > 0
  const plans = asked
    ? named
    : await environment.selectPlans({
        jurisdiction: request.jurisdiction,
        issuerCountry: verification.issuer?.participant,
        kinds: verification.events.map((kind) => kindNames[kind] ?? kind),
        clock: request.clock,
      })
  for (const plan of plans) {
    const results = await environment.rules.evaluatePlan(
      plan,
      payload === undefined ? call : { ...call, payload, external },
    )
    evaluation.rules.push(...results)
  }
  for (const library of request.libraries)
    evaluation.rules.push(...(await runLibrary(library, request, environment, call)))
  evaluation.issues.push(...evaluation.rules.flatMap((rule) => (rule.issue ? [rule.issue] : [])))
  evaluation.valueSets = (await Promise.all([...valueSets].map((each) => environment.pinValueSet(each)))).sort()
}

/** Runs a library directly: the Boolean defines asked for, or all public Boolean ones. */
async function runLibrary(
  canonical: string,
  request: EvaluateRequest,
  environment: EvaluateEnvironment,
  call: { data: Bundle; clock: string; parameters?: Parameters; language?: string; asked(valueSet: string): void },
): Promise<RuleResult[]> {
  const wanted = request.expressions.length > 0 ? { expressions: request.expressions } : {}
  const { library, results } = await environment.rules.evaluateLibrary({ library: canonical, ...wanted, ...call })
  const shown = results.filter((each) => request.expressions.includes(each.name) || isBoolean(each.value) || each.issue)
  if (request.expressions.length > 0 && shown.length === 0)
    throw badRequest(`${canonical} has none of the expressions asked for`)
  return shown.map((each) => ({
    planDefinition: '',
    action: '',
    library,
    expression: each.name,
    result: isBoolean(each.value) ? each.value : null,
    evidence: each.evidence ?? [],
    ...(each.issue ? { issue: each.issue } : {}),
  }))
}

/** @throws FhirError 404 for a map or library that the request names and the server does not have */
async function refuseUnknown(environment: EvaluateEnvironment, request: EvaluateRequest): Promise<void> {
  for (const canonical of request.structureMaps) {
    if (!(await environment.mapping.findMap(canonical))) throw unknownArtefact('StructureMap', canonical)
  }
  for (const canonical of request.libraries) {
    if (!(await environment.hasLibrary(canonical))) throw unknownArtefact('Library', canonical)
  }
}

const unknownArtefact = (type: string, canonical: string) =>
  notFound({ text: `${type} ${canonical} is not known to this server`, expression: 'Parameters.parameter' })

async function namedPlans(environment: EvaluateEnvironment, canonicals: string[]): Promise<PlanDefinition[]> {
  const plans: PlanDefinition[] = []
  for (const canonical of canonicals) {
    const plan = await environment.findPlan(canonical)
    if (!plan) throw unknownArtefact('PlanDefinition', canonical)
    if (!plan.action?.length) throw unprocessable(`PlanDefinition ${canonical} has no action to evaluate`)
    plans.push(plan)
  }
  return plans
}

function failedChecks(verification: Verification): Issue[] {
  return verification.checks.flatMap((check) => {
    if (check.outcome !== 'fail' && check.outcome !== 'warn') return []
    const severity = check.outcome === 'fail' ? ('error' as const) : ('warning' as const)
    return [issue('security', { severity, text: `${check.name}: ${check.detail ?? check.outcome}` })]
  })
}

/** The EU DCC claim object, which CertLogic rules see as `payload`. */
function dccClaims(claims: Json): Json | undefined {
  const hcert = member(claims, '-260')
  return member(hcert, '1')
}

/** What CertLogic rules see of the envelope (EU DCC validation rules, `external`): countries as alpha-2, times as ISO 8601. */
function envelopeClaims(claims: Json, { jurisdiction }: EvaluateRequest): JsonObject {
  const external: JsonObject = {}
  const issuer = member(claims, '1')
  if (typeof issuer === 'string' && /^[A-Z]{2}$/i.test(issuer)) external.issuerCountryCode = issuer.toUpperCase()
  if (jurisdiction?.length === 2) external.countryCode = jurisdiction
  for (const [name, claim] of [
    ['exp', member(claims, '4')],
    ['iat', member(claims, '6')],
  ] as const) {
    if (typeof claim === 'number' && Math.abs(claim) <= latestSecond)
      external[name] = new Date(claim * 1000).toISOString()
  }
  return external
}

/** The last second that a JavaScript date can tell. */
const latestSecond = 8.64e12

const member = (value: Json | undefined, name: string) => (isJsonObject(value) ? value[name] : undefined)
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'
const warning = (code: Issue['code'], text: string) => issue(code, { severity: 'warning', text })
const noMaps: MapChain = { coreDataSet: [], bundle: [] }
const kindNames: Record<string, string> = { v: 'vaccination', t: 'test', r: 'recovery' }
