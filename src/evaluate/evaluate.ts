import { keepLast } from '../base/keep.ts'
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
  /** Is told what was found: who counts answers need not look into a reply, whose text is made without its objects. */
  told?(found: Pick<Evaluation, 'decision' | 'format' | 'checks'>): void
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
  const artefactsOf = environment.contentOf && artefactFinder(environment.contentOf, environment.contentRevision)
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
    const artefacts = artefactsOf?.(evaluation)
    if (artefacts) evaluation.artefacts = artefacts instanceof Promise ? await artefacts : artefacts
    return evaluation
  }
  return {
    evaluate,
    async answer(parameters, call) {
      const { language, plans, planDefinitions } = call
      const now = environment.now()
      const request = readEvaluateRequest(parameters, environment.settings, { now, language })
      if (planDefinitions) request.planDefinitions = [...new Set([...planDefinitions, ...request.planDefinitions])]
      const evaluation = await evaluate(request, plans, call)
      call.told?.(evaluation)
      return evaluationReply(evaluation)
    },
  }
}

/** What an evaluation says of artefacts. */
interface Named extends Pick<Evaluation, 'structureMaps' | 'valueSets'> {
  rules: Pick<Evaluation['rules'][number], 'planDefinition' | 'library'>[]
  evaluations: Named[]
  linked: { evaluation?: Named }[]
}

type Artefacts = NonNullable<Evaluation['artefacts']>

/**
 * Finds what an evaluation and those within it name, each once. Nearly all name what the one before named: that is looked up once a
 * revision; without revisions each time.
 */
export function artefactFinder(
  contentOf: NonNullable<EvaluateEnvironment['contentOf']>,
  revision: EvaluateEnvironment['contentRevision'],
): (evaluation: Named) => Artefacts | Promise<Artefacts> {
  const last = keepLast<Artefacts>()
  return (evaluation) => {
    const named = addNames([], evaluation)
    const before = revision?.()
    const known = before === undefined ? undefined : last.get([before, ...named])
    if (known) return [...known]
    return findArtefacts(named, contentOf).then((found) => {
      if (before !== undefined && revision?.() === before) last.set([before, ...named], [...found])
      return found
    })
  }
}

/** Adds types and canonicals in turn, of an evaluation and of those of single credentials and linked files, however they lie within. */
function addNames(names: string[], { rules, structureMaps, valueSets, evaluations, linked }: Named): string[] {
  for (const { planDefinition } of rules) names.push('PlanDefinition', planDefinition)
  for (const { library } of rules) names.push('Library', library)
  for (const each of structureMaps) names.push('StructureMap', each)
  for (const each of valueSets) names.push('ValueSet', each)
  for (const each of evaluations) addNames(names, each)
  for (const { evaluation } of linked) if (evaluation) addNames(names, evaluation)
  return names
}

async function findArtefacts(
  named: readonly string[],
  contentOf: NonNullable<EvaluateEnvironment['contentOf']>,
): Promise<Artefacts> {
  const artefacts: Artefacts = []
  const asked = new Set<string>()
  for (let at = 0; at < named.length; at += 2) {
    const type = named[at] as ArtefactType
    const canonical = named[at + 1] ?? ''
    if (canonical === '' || asked.has(`${type} ${canonical}`)) continue
    asked.add(`${type} ${canonical}`)
    const known = await contentOf(type, canonical)
    if (known && !artefacts.some((each) => each.type === type && each.canonical === known.canonical))
      artefacts.push(known)
  }
  return artefacts
}

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
