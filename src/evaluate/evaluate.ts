import type { JsonObject } from '../base/json-value.ts'
import type { Format } from '../credentials/credential-format.ts'
import type { MapInput } from '../credentials/map-input.ts'
import { FhirError, issue } from '../fhir/error.ts'
import type { Bundle, Issue, Parameters, PlanDefinition } from '../fhir/types.ts'
import type { RuleResult } from '../rules/rules.ts'
import { type Decision, decide } from './decide.ts'
import { withLeftOut } from './map/left-out.ts'
import type { MapChain, MapChains } from './map/map-chains.ts'
import { type MapPart, type Mapped, type Mapping, mapParts } from './map/map-content.ts'
import { personFaults } from './map/same-person.ts'
import { seededUuids } from './map/seeded-uuids.ts'
import { evaluationReply } from './reply.ts'
import { type EvaluateRequest, type EvaluateSettings, readEvaluateRequest } from './request.ts'
import { type Judged, judge, type RuleSurroundings, readNamedRules, unknownArtefact } from './run-rules.ts'
import { type Subject, subjectOf } from './subject.ts'
import type { CredentialInput, KeySource, Verification } from './verify/verify.ts'

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
export interface EvaluateEnvironment extends RuleSurroundings {
  settings: EvaluateSettings
  chains: MapChains
  /** The trusted keys now; replaced as a whole when a list is refreshed. */
  keys(): KeySource
  /** Keys of a request's own anchors. @throws FhirError 400 for an anchor that cannot be read */
  anchors(anchors: Uint8Array[]): KeySource
  verify(credential: CredentialInput, keys: KeySource, clock: Date, trustDomains: string[]): Promise<Verification>
  /** Both shapes of verified content, for each kind of certificate in it that has maps. */
  mapInputs(verification: Verification): { format: Format; input: MapInput }[]
  mapping: Omit<Mapping, 'now' | 'uuid'>
  now(): Date
}

/** What the place of a call adds to its parameters. */
interface EvaluateCall {
  /** Accept-Language. */
  language?: string | undefined
  /** PlanDefinitions that the path names (instance level). */
  plans?: PlanDefinition[]
  /** Canonicals of PlanDefinitions that `url` names (type level). */
  planDefinitions?: string[]
}

/** The main job as the operations see it. */
export interface Evaluate {
  /**
   * Answers one `$evaluate` question with the Parameters of the contract.
   * @throws FhirError when the question itself is wrong
   */
  answer(parameters: Parameters, call: EvaluateCall): Promise<Parameters>
  evaluate(request: EvaluateRequest, plans?: PlanDefinition[]): Promise<Evaluation>
}

/** Composes recognise → decode → verify → map → run rules → decide. */
export function createEvaluate(environment: EvaluateEnvironment): Evaluate {
  const evaluate = (request: EvaluateRequest, plans: PlanDefinition[] = []) => evaluateOne(environment, request, plans)
  return {
    evaluate,
    async answer(parameters, { language, plans, planDefinitions = [] }) {
      const now = environment.now()
      const request = readEvaluateRequest(parameters, environment.settings, { now, language })
      const named = [...new Set([...planDefinitions, ...request.planDefinitions])]
      return evaluationReply(await evaluate({ ...request, planDefinitions: named }, plans))
    },
  }
}

async function evaluateOne(
  environment: EvaluateEnvironment,
  request: EvaluateRequest,
  given: PlanDefinition[],
): Promise<Evaluation> {
  for (const canonical of request.structureMaps) {
    if (!(await environment.mapping.findMap(canonical))) throw unknownArtefact('StructureMap', canonical)
  }
  const named = await readNamedRules(environment, request, given)
  const verification = await verifyRequest(environment, request)
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
  const inputs = environment.mapInputs(verification)
  const content = await mapInto(evaluation, { environment, request, inputs })
  // The kind that names the credential is the one whose claims CertLogic rules read.
  const input = inputs[0]?.input ?? { claims: null, composition: null }
  const judgement = await judge(environment, { request, verification, input, named, content })
  evaluation.rules = judgement.rules
  evaluation.valueSets = judgement.valueSets
  evaluation.issues.push(...judgement.issues)
  evaluation.obstacles.push(...judgement.obstacles)
  evaluation.decision = decide(true, evaluation)
  return evaluation
}

/** The one place where what was sent is verified: texts, or the bytes of raw transport. */
async function verifyRequest(environment: EvaluateEnvironment, request: EvaluateRequest): Promise<Verification> {
  const { credential, credentialData = credential, trustAnchors, trustDomains, clock } = request
  const keys = trustAnchors.length > 0 ? environment.anchors(trustAnchors) : environment.keys()
  return environment.verify(credentialData, keys, clock, trustDomains)
}

interface MappingStep {
  environment: EvaluateEnvironment
  request: EvaluateRequest
  inputs: { format: Format; input: MapInput }[]
}

/**
 * Maps the verified content: what rules may run over, or why they may not. A map that fails leaves the credential verified, and its
 * rules without result: over content that is not whole a rule would answer another question.
 */
async function mapInto(
  evaluation: Evaluation,
  { environment, request, inputs }: MappingStep,
): Promise<Judged['content']> {
  if (inputs.length === 0) {
    const text = 'The certificate holds a link to its content, which this server does not follow'
    return notRun(evaluation, [issue('informational', { severity: 'information', text })])
  }
  const parts: MapPart[] = []
  for (const { format, input } of inputs) {
    const chain = environment.chains[format]
    if (chain || request.structureMaps.length > 0) parts.push({ input, chain: chain ?? noMaps })
    else {
      const text = `No maps are configured for the format ${format}`
      return notRun(evaluation, [issue('not-supported', { severity: 'warning', text })])
    }
  }
  const claims = parts.map(({ input }) => JSON.stringify(input.claims))
  const uuid = seededUuids(`${request.clockText} ${claims.join(' ')}`)
  const mapping = { ...environment.mapping, now: request.clock, uuid }
  let mapped: Mapped
  try {
    mapped = await mapParts(parts, request.structureMaps, mapping)
  } catch (error) {
    // That a map breaks on this content is an answer; the credential is verified all the same.
    if (error instanceof FhirError && error.status >= 500) throw error
    // The text of anything else may hold content.
    const unknown = issue('exception', 'The maps could not be run over this content')
    return notRun(evaluation, error instanceof FhirError ? error.issues : [unknown])
  }
  evaluation.coreDataSets = mapped.coreDataSets
  evaluation.content = mapped.bundle
  evaluation.structureMaps = mapped.structureMaps
  evaluation.subject = subjectOf(mapped.coreDataSets, mapped.bundle, request.clock)
  evaluation.issues.push(...mapped.warnings)
  const leftOut = withLeftOut(evaluation.checks, mapped.leftOut)
  evaluation.checks = leftOut.checks
  evaluation.issues.push(...leftOut.issues)
  const isOther = request.structureMaps.length > 0 && !(await isSamePerson(mapped, parts, mapping))
  if (isOther) evaluation.subject = undefined
  if (mapped.obstacles.length > 0) return notRun(evaluation, mapped.obstacles)
  if (isOther) return notRun(evaluation, [warning('The chosen maps tell another person than the credential does')])
  if (!mapped.bundle) return notRun(evaluation, [warning('The maps made no FHIR resources of the content')])
  const unfit = unfitness(mapped.bundle)
  if (unfit !== undefined) return notRun(evaluation, [warning(unfit)])
  return { data: mapped.bundle }
}

/** Whether maps that the request chose tell the person that the default ones read; those that make no person do not. */
async function isSamePerson(mapped: Mapped, parts: MapPart[], mapping: Mapping): Promise<boolean> {
  const own = await mapParts(parts, [], mapping)
  const [chosen, expected] = [mapped, own].map(({ coreDataSets, bundle }) =>
    subjectOf(coreDataSets, bundle, mapping.now),
  )
  if (!chosen || !expected) return false
  return personFaults([chosen, expected].map(({ name = null, birthDate = null }) => ({ name, birthDate }))).length === 0
}

/** Rules may not run: why stands among the issues and makes `accepted` impossible. */
function notRun(evaluation: Evaluation, why: Issue[]): { notRun: Issue } {
  const told = why.filter((each) => !evaluation.issues.some((known) => known.details?.text === each.details?.text))
  evaluation.issues.push(...told)
  evaluation.obstacles.push(...why)
  const text = `the rule was not run: ${why.map((each) => each.details?.text ?? each.code).join('; ')}`
  return { notRun: issue(why[0]?.code ?? 'incomplete', { severity: 'warning', text }) }
}

/** Resources that say who and where, not what happened. */
const withoutEvent = new Set(
  'Composition Device Encounter Group HealthcareService Location Organization Patient Person Practitioner PractitionerRole Provenance RelatedPerson'.split(
    ' ',
  ),
)

/** Why rules cannot judge the resources: of nobody, of several people, or of nothing that happened a rule may say anything. */
function unfitness({ entry = [] }: Bundle): string | undefined {
  const types = entry.flatMap(({ resource }) => (resource ? [resource.resourceType] : []))
  const patients = types.filter((type) => type === 'Patient').length
  if (patients !== 1) return `The maps made ${patients === 0 ? 'no Patient' : `${patients} Patients`} of the content`
  return types.every((type) => withoutEvent.has(type)) ? 'The maps made no event of the content' : undefined
}

function failedChecks(verification: Verification): Issue[] {
  return verification.checks.flatMap((check) => {
    if (check.outcome !== 'fail' && check.outcome !== 'warn') return []
    const severity = check.outcome === 'fail' ? ('error' as const) : ('warning' as const)
    return [issue('security', { severity, text: `${check.name}: ${check.detail ?? check.outcome}` })]
  })
}

const warning = (text: string) => issue('incomplete', { severity: 'warning', text })
const noMaps: MapChain = { coreDataSet: [], bundle: [] }
