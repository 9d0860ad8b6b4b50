import type { CertificateInput, CredentialFormat } from '../credentials/credential-format.ts'
import { credentialFormats } from '../credentials/credentials.ts'
import { FhirError, issue } from '../fhir/error.ts'
import type { Bundle, Issue, Parameters, PlanDefinition } from '../fhir/types.ts'
import { anchorKeySource } from '../trust/keys/anchors.ts'
import type { KeySource } from '../trust/keys/trusted-key.ts'
import { decide, type Evaluation, withRemarks } from './evaluation.ts'
import { type Mapping, mapContent } from './map/map-content.ts'
import type { Mapped } from './map/mapped.ts'
import { seededUuids } from './map/seeded-uuids.ts'
import { personFaults, subjectOf } from './person.ts'
import { evaluationReply } from './reply.ts'
import { type EvaluateRequest, type EvaluateSettings, readEvaluateRequest } from './request.ts'
import { judge, type RuleSurroundings, readNamedRules, unknownArtefact } from './run-rules.ts'
import { type Verification, type VerificationContext, verifyCredential } from './verify/verify.ts'

/** Everything the main job needs, given by the server. */
export interface EvaluateEnvironment extends RuleSurroundings {
  settings: EvaluateSettings & Pick<VerificationContext, 'revocationFailure' | 'domainMismatch'>
  /** Default: all that the server knows. */
  formats?: readonly CredentialFormat[]
  /** The trusted keys now; replaced as a whole when a list is refreshed. */
  keys(): KeySource
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
  const { status, format, issuer, checks, obstacles } = verification
  const evaluation: Evaluation = {
    decision: 'unverified',
    status,
    format,
    issuer,
    checks,
    subject: undefined,
    coreDataSets: [],
    content: undefined,
    rules: [],
    issues: [...failedChecks(verification), ...obstacles],
    obstacles: [...obstacles],
    structureMaps: [],
    valueSets: [],
    clockText: request.clockText,
  }
  if (status !== 'VERIFIED') return evaluation
  const content = await mapInto(evaluation, { environment, request, inputs: verification.inputs })
  const judgement = await judge(environment, { request, verification, named, content })
  evaluation.rules = judgement.rules
  evaluation.valueSets = judgement.valueSets
  evaluation.issues.push(...judgement.issues)
  evaluation.obstacles.push(...judgement.obstacles)
  evaluation.decision = decide(true, evaluation)
  return evaluation
}

/** The one place where what was sent is verified: texts, or the bytes of raw transport. */
function verifyRequest(environment: EvaluateEnvironment, request: EvaluateRequest): Promise<Verification> {
  const { credential, trustAnchors, trustDomains, clock } = request
  const { revocationFailure = 'warn', domainMismatch = 'warn' } = environment.settings
  // A request with anchors is judged by them alone.
  const keys = trustAnchors.length > 0 ? anchorKeySource(trustAnchors) : environment.keys()
  const { formats = credentialFormats } = environment
  return verifyCredential(credential, { formats, keys, clock, trustDomains, revocationFailure, domainMismatch })
}

interface MappingStep {
  environment: EvaluateEnvironment
  request: EvaluateRequest
  inputs: CertificateInput[]
}

/**
 * Maps the verified content: what rules may run over, or why they may not. A map that fails leaves the credential verified, and its
 * rules without result: over content that is not whole a rule would answer another question.
 */
async function mapInto(
  evaluation: Evaluation,
  { environment, request, inputs }: MappingStep,
): Promise<Bundle | { notRun: Issue }> {
  if (inputs.length === 0) {
    const text = 'The credential has no content of its own that maps and rules could read'
    const known = evaluation.obstacles.length > 0 ? [...evaluation.obstacles] : [warning(text)]
    return notRun(evaluation, known)
  }
  const uuid = seededUuids(`${request.clockText} ${inputs.map(({ claims }) => JSON.stringify(claims)).join(' ')}`)
  const mapping = { ...environment.mapping, now: request.clock, uuid }
  let mapped: Mapped
  try {
    mapped = await mapContent(inputs, request.structureMaps, mapping)
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
  // What FHIR would refuse was left out: the rest stays, and so does the verdict on the credential.
  evaluation.checks = withRemarks(evaluation.checks, 'payload', mapped.leftOut)
  for (const text of mapped.leftOut)
    evaluation.issues.push(issue('value', { severity: 'warning', text: `payload: ${text}` }))
  const isOther = request.structureMaps.length > 0 && !(await isSamePerson(mapped, inputs, mapping))
  if (isOther) evaluation.subject = undefined
  if (mapped.obstacles.length > 0) return notRun(evaluation, mapped.obstacles)
  if (isOther) return notRun(evaluation, [warning('The chosen maps tell another person than the credential does')])
  if (!mapped.bundle) return notRun(evaluation, [warning('The maps made no FHIR resources of the content')])
  const unfit = unfitness(mapped.bundle)
  if (unfit !== undefined) return notRun(evaluation, [warning(unfit)])
  return mapped.bundle
}

/** Whether maps that the request chose tell the person that the default ones read; those that make no person do not. */
async function isSamePerson(mapped: Mapped, inputs: CertificateInput[], mapping: Mapping): Promise<boolean> {
  const own = await mapContent(inputs, [], mapping)
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
