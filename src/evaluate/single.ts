import type { Soon } from '../base/keep.ts'
import type { CertificateInput } from '../credentials/credential-format.ts'
import { credentialFormats } from '../credentials/credentials.ts'
import { FhirError, incomplete, issue } from '../fhir/error.ts'
import type { Bundle, Issue, PlanDefinition } from '../fhir/types.ts'
import { anchorKeySource } from '../trust/keys/anchors.ts'
import type { EvaluateEnvironment } from './environment.ts'
import { decide, type Evaluation, withRemarks } from './evaluation.ts'
import { isSamePerson } from './map/check-mapped.ts'
import { mapContent } from './map/map-content.ts'
import type { Mapped } from './map/mapped.ts'
import { seededUuids } from './map/seeded-uuids.ts'
import type { EvaluateRequest } from './request.ts'
import { judge, readNamedRules, unknownArtefact } from './run-rules.ts'
import type { Verification } from './verify/verification.ts'
import { verifyCredential } from './verify/verify.ts'

/** A question whose names were found: what each of its credentials is judged with. */
export interface Question {
  environment: EvaluateEnvironment
  request: EvaluateRequest
  named: Awaited<ReturnType<typeof readNamedRules>>
  /** What is done about the links of a credential that was verified, or is nothing but a link; without it they are left. */
  follow?: Follow
}

/** Follows the links of a credential and judges what lies behind them, into the evaluation. */
export type Follow = (question: Question, credential: Verified) => Promise<void>

/** A credential after its checks, whatever they said. */
export interface Verified {
  verification: Verification
  evaluation: Evaluation
}

/**
 * Finds what a question names, whatever its credentials are.
 * @throws FhirError 404 for an artefact that the server does not have, 422 for a name that no rule has
 */
export async function readQuestion(
  environment: EvaluateEnvironment,
  request: EvaluateRequest,
  given: PlanDefinition[],
): Promise<Question> {
  for (const canonical of request.structureMaps) {
    if (!(await environment.mapping.findMap(canonical))) throw unknownArtefact('StructureMap', canonical)
  }
  const named = readNamedRules(environment, request, given)
  return { environment, request, named: named instanceof Promise ? await named : named }
}

/** Judges the one credential of a question, from its text to the word: the way of nearly every question. */
export async function evaluateSingle(question: Question): Promise<Evaluation> {
  const verified = verifySingle(question)
  const verification = verified instanceof Promise ? await verified : verified
  const evaluation = begin(question, verification)
  const { follow, request } = question
  if (request.followLinks && follow && verification.links.length > 0)
    await follow(question, { verification, evaluation })
  else if (verification.status === 'VERIFIED') await judgeVerified(question, { verification, evaluation })
  return evaluation
}

/** The one place where what was sent is verified: texts, or the bytes of raw transport. */
export function verifySingle({ environment, request }: Question): Soon<Verification> {
  const { credential, trustAnchors, trustDomains, clock } = request
  const { revocationFailure = 'warn', domainMismatch = 'warn' } = environment.settings
  // A request with anchors is judged by them alone.
  const keys = trustAnchors.length > 0 ? anchorKeySource(trustAnchors) : environment.keys()
  const revocations = trustAnchors.length > 0 ? undefined : environment.revocations?.()
  const { formats = credentialFormats } = environment
  const context = { formats, keys, revocations, clock, trustDomains, revocationFailure, domainMismatch }
  return verifyCredential(credential, context)
}

/** What is known of a credential as soon as it is verified, or is not: nothing of its content. */
export function begin({ request }: Question, verification: Verification): Evaluation {
  const { status, format, issuer, checks, obstacles } = verification
  return {
    decision: status === 'VERIFIED' ? 'undetermined' : 'unverified',
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
    linked: [],
    evaluations: [],
  }
}

/** Maps the content of a verified credential, runs the rules over it and decides. */
export async function judgeVerified(question: Question, { verification, evaluation }: Verified): Promise<void> {
  const { environment, request, named } = question
  const content = await mapInto(evaluation, question, verification.inputs)
  const judgement = await judge(environment, {
    request,
    verifications: [verification],
    named,
    content,
    coreDataSets: evaluation.coreDataSets,
  })
  evaluation.rules = judgement.rules
  evaluation.valueSets = judgement.valueSets
  evaluation.issues.push(...judgement.issues)
  evaluation.obstacles.push(...judgement.obstacles)
  evaluation.decision = decide(true, evaluation)
}

/**
 * Maps the verified content: what rules may run over, or why they may not. A map that fails leaves the credential verified, and its
 * rules without result: over content that is not whole a rule would answer another question.
 */
export async function mapInto(
  evaluation: Evaluation,
  { environment, request }: Question,
  inputs: CertificateInput[],
): Promise<Bundle | { notRun: Issue }> {
  if (inputs.length === 0) {
    const text = 'The credential has no content of its own that maps and rules could read'
    const known = evaluation.obstacles.length > 0 ? [...evaluation.obstacles] : [incomplete(text)]
    return notRun(evaluation, known)
  }
  const costly = tooManyEvents([inputs])
  if (costly) return notRun(evaluation, [costly])
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
  evaluation.subject = mapped.subject
  evaluation.issues.push(...mapped.warnings, ...mapped.doubts)
  evaluation.obstacles.push(...mapped.doubts)
  // What FHIR would refuse was left out: the rest stays, and so does the verdict on the credential.
  evaluation.checks = withRemarks(evaluation.checks, 'payload', mapped.leftOut)
  for (const text of mapped.leftOut)
    evaluation.issues.push(issue('value', { severity: 'warning', text: `payload: ${text}` }))
  const isOther = request.structureMaps.length > 0 && !isSamePerson(mapped, await mapContent(inputs, [], mapping))
  if (isOther) evaluation.subject = undefined
  if (mapped.obstacles.length > 0) return notRun(evaluation, mapped.obstacles)
  if (isOther) return notRun(evaluation, [incomplete('The chosen maps tell another person than the credential does')])
  if (!mapped.bundle) return notRun(evaluation, [incomplete('The maps made no FHIR resources of the content')])
  const unfit = unfitness(mapped.bundle)
  if (unfit !== undefined) return notRun(evaluation, [incomplete(unfit)])
  return mapped.bundle
}

/** Most events of one judgement. Rules hold each against each, so that some hundred would keep the server from everybody else for seconds. */
const mostEvents = 100

/** Why what credentials certify is not judged; undefined where it is not too much. */
export function tooManyEvents(inputs: readonly (readonly CertificateInput[])[]): Issue | undefined {
  const count = inputs.flat().reduce((sum, { events }) => sum + events, 0)
  if (count <= mostEvents) return undefined
  return issue('too-costly', {
    severity: 'warning',
    text: `More than ${mostEvents} events are certified: so many are not judged at once`,
  })
}

/** Rules may not run: why stands among the issues and makes `accepted` impossible. */
function notRun(evaluation: Evaluation, why: Issue[]): { notRun: Issue } {
  const told = why.filter((each) => !evaluation.issues.some((known) => known.details?.text === each.details?.text))
  evaluation.issues.push(...told)
  evaluation.obstacles.push(...why)
  return ruleNotRun(why)
}

/** Why a rule has no result: it was not run. */
export function ruleNotRun(why: Issue[]): { notRun: Issue } {
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
  let patients = 0
  let hasEvent = false
  for (const { resource } of entry) {
    if (!resource) continue
    if (resource.resourceType === 'Patient') patients++
    else if (!withoutEvent.has(resource.resourceType)) hasEvent = true
  }
  if (patients !== 1) return `The maps made ${patients === 0 ? 'no Patient' : `${patients} Patients`} of the content`
  return hasEvent ? undefined : 'The maps made no event of the content'
}

function failedChecks(verification: Verification): Issue[] {
  const issues: Issue[] = []
  for (const { name, outcome, detail } of verification.checks) {
    if (outcome !== 'fail' && outcome !== 'warn') continue
    const severity = outcome === 'fail' ? 'error' : 'warning'
    issues.push(issue('security', { severity, text: `${name}: ${detail ?? outcome}` }))
  }
  return issues
}
