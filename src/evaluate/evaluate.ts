import { badRequest } from '../fhir/error.ts'
import type { Parameters, PlanDefinition } from '../fhir/types.ts'
import type { JobCall } from '../workers/job-pool.ts'
import type { ArtefactType, EvaluateEnvironment } from './environment.ts'
import type { Evaluation } from './evaluation.ts'
import { compareIdentity, readIdentityDocument } from './identity/identity.ts'
import { followLinks } from './linked/follow-links.ts'
import { evaluationReply } from './reply.ts'
import { type EvaluateRequest, readEvaluateRequest } from './request.ts'
import { evaluateImage } from './several/image.ts'
import { evaluateTogether, type InTurn } from './several/together.ts'
import { evaluateSingle, readQuestion } from './single.ts'

/** Who asks, and what it may cost; by default one that nobody else waits for. */
interface Asker extends Partial<Pick<JobCall, 'client' | 'isGone'>> {
  /** Does work of one of several credentials when its turn has come. */
  inTurn?: InTurn
}

/** What the place of a call adds to its parameters. */
interface EvaluateCall extends Asker {
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
  evaluate(request: EvaluateRequest, plans?: PlanDefinition[], asker?: Asker): Promise<Evaluation>
}

/** Composes recognise → decode → verify → map → run rules → decide. */
export function createEvaluate(environment: EvaluateEnvironment): Evaluate {
  const evaluate = async (request: EvaluateRequest, plans: PlanDefinition[] = [], asker: Asker = {}) => {
    const { client = '', isGone, inTurn = atOnce } = asker
    const { credential, further, image } = request
    refuseUnsupported(environment, request)
    const document = request.identity && readIdentityDocument(request.identity)
    const question = await readQuestion(environment, request, plans)
    if (request.followLinks) question.follow = followLinks({ client, isGone, inTurn })
    const evaluation = image
      ? await evaluateImage(question, image, { client, isGone, inTurn })
      : further.length > 0
        ? await evaluateTogether(question, [credential, ...further], inTurn)
        : await evaluateSingle(question)
    if (document) compareIdentity(evaluation, document)
    if (environment.contentOf) evaluation.artefacts = await artefactsOf(evaluation, environment.contentOf)
    return evaluation
  }
  return {
    evaluate,
    async answer(parameters, { language, plans, planDefinitions = [], ...asker }) {
      const now = environment.now()
      const request = readEvaluateRequest(parameters, environment.settings, { now, language })
      const named = [...new Set([...planDefinitions, ...request.planDefinitions])]
      return evaluationReply(await evaluate({ ...request, planDefinitions: named }, plans, asker))
    },
  }
}

/** What an evaluation and those within it name, each once. */
async function artefactsOf(evaluation: Evaluation, contentOf: NonNullable<EvaluateEnvironment['contentOf']>) {
  const named: [ArtefactType, string][] = allWithin(evaluation).flatMap(({ rules, structureMaps, valueSets }) => [
    ...rules.map(({ planDefinition }): [ArtefactType, string] => ['PlanDefinition', planDefinition]),
    ...rules.map(({ library }): [ArtefactType, string] => ['Library', library]),
    ...structureMaps.map((each): [ArtefactType, string] => ['StructureMap', each]),
    ...valueSets.map((each): [ArtefactType, string] => ['ValueSet', each]),
  ])
  const artefacts: NonNullable<Evaluation['artefacts']> = []
  for (const [type, canonical] of new Map(named.map((each) => [each.join(' '), each])).values()) {
    const known = canonical === '' ? undefined : await contentOf(type, canonical)
    if (known && !artefacts.some((each) => each.type === type && each.canonical === known.canonical))
      artefacts.push(known)
  }
  return artefacts
}

/** An evaluation with those of single credentials and of linked files, however they lie within one another. */
const allWithin = (evaluation: Evaluation): Evaluation[] => [
  evaluation,
  ...evaluation.evaluations.flatMap(allWithin),
  ...evaluation.linked.flatMap((file) => (file.evaluation ? allWithin(file.evaluation) : [])),
]

const atOnce: InTurn = (work) => work()

/** What this server cannot do is refused by name: left out it would be a question that nobody answered. */
function refuseUnsupported(environment: EvaluateEnvironment, request: EvaluateRequest): void {
  if (request.followLinks && !environment.followLink) {
    const text = 'followLinks is not possible: this server does not use the network (NETWORK=off)'
    throw badRequest({ text, expression: "Parameters.parameter.where(name='followLinks')" }, 'not-supported')
  }
  if (request.image && !environment.readImage) {
    const text = 'The parameter credentialImage is not supported by this server.'
    throw badRequest({ text, expression: "Parameters.parameter.where(name='credentialImage')" }, 'not-supported')
  }
}
