import { stringifyJson } from '../base/json.ts'
import { keepLast, type Soon } from '../base/keep.ts'
import { badRequest, FhirError, issue } from '../fhir/error.ts'
import type { Parameters, PlanDefinition } from '../fhir/types.ts'
import type { KeySource } from '../trust/keys/trusted-key.ts'
import type { RevocationLists } from '../trust/revocation/revocation-lists.ts'
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

type NamedPlans = () => Soon<PlanDefinition[]>

/** Who asks, and what it may cost; by default one that nobody else waits for. */
interface Asker extends Partial<Pick<JobCall, 'client' | 'isGone'>> {
  /** Does work of one of several credentials when its turn has come. */
  inTurn?: InTurn
}

/** What the place of a call adds to its parameters. */
interface EvaluateCall extends Asker {
  /** Accept-Language. */
  language?: string | undefined
  /** The PlanDefinitions that the path names (instance level), as they stand when they are asked for. */
  plans?: NamedPlans | undefined
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
  evaluate(request: EvaluateRequest, plans?: NamedPlans, asker?: Asker): Promise<Evaluation>
}

/** Composes recognise → decode → verify → map → run rules → decide. */
export function createEvaluate(environment: EvaluateEnvironment): Evaluate {
  const artefactsOf = environment.contentOf && artefactFinder(environment.contentOf, environment.contentRevision)
  const judgeOnce = async ({ environment, request, plans, asker }: Asked): Promise<Evaluation> => {
    const { client = '', isGone, inTurn = atOnce } = asker
    const { credential, further, image } = request
    const document = request.identity && readIdentityDocument(request.identity)
    const question = await readQuestion(environment, request, plans ? await plans() : [])
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
  const evaluate: Evaluate['evaluate'] = async (request, plans, asker = {}) => {
    refuseUnsupported(environment, request)
    const isAskedOutside = request.followLinks || request.image !== undefined
    const asked = { environment: isAskedOutside ? askingOnce(environment) : environment, request, plans, asker }
    const before = standingOf(environment)
    const evaluation = await judgeOnce(asked)
    return isStanding(before, environment) ? evaluation : judgeAgain(evaluation, () => judgeOnce(asked), environment)
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

/** One question, and what it is judged with. */
interface Asked {
  environment: EvaluateEnvironment
  request: EvaluateRequest
  plans: NamedPlans | undefined
  asker: Asker
}

/** What a verdict rests on, and what is replaced as a whole when it changes. */
interface Standing {
  revision: number | undefined
  keys: KeySource
  revocations: RevocationLists | undefined
}

const standingOf = ({ contentRevision, keys, revocations }: EvaluateEnvironment): Standing => ({
  revision: contentRevision?.(),
  keys: keys(),
  revocations: revocations?.(),
})

const isStanding = (before: Standing, { contentRevision, keys, revocations }: EvaluateEnvironment): boolean =>
  before.revision === contentRevision?.() && before.keys === keys() && before.revocations === revocations?.()

/** Most times that one question is judged. */
const mostTimes = 5

/**
 * Judges a question again that content, keys or revocations have changed under: a verdict of which a part was made before and a part
 * after would be one that nobody ever published. It is answered once nothing has changed meanwhile, or the same came out twice, which
 * was so in between.
 * @throws FhirError 503 where each time something else comes out
 */
async function judgeAgain(
  first: Evaluation,
  judge: () => Promise<Evaluation>,
  environment: EvaluateEnvironment,
): Promise<Evaluation> {
  let text = stringifyJson(evaluationReply(first))
  for (let times = 2; times <= mostTimes; times++) {
    const before = standingOf(environment)
    const next = await judge()
    if (isStanding(before, environment)) return next
    const nextText = stringifyJson(evaluationReply(next))
    if (nextText === text) return next
    text = nextText
  }
  const why = 'What the verdict rests on has changed again and again while it was made'
  throw new FhirError(503, issue('transient', why), { 'Retry-After': '1' })
}

/** The same, by which each link is followed and each picture read once, however often a question is judged: a passcode counts every time. */
function askingOnce(environment: EvaluateEnvironment): EvaluateEnvironment {
  const { followLink, readImage } = environment
  const followed = new Map<string, ReturnType<NonNullable<typeof followLink>>>()
  let reading: ReturnType<NonNullable<typeof readImage>> | undefined
  const own = { ...environment }
  if (followLink)
    own.followLink = (link, ask) => {
      const key = JSON.stringify([link, ask])
      const following = followed.get(key) ?? followLink(link, ask)
      followed.set(key, following)
      return following
    }
  if (readImage)
    own.readImage = (...image) => {
      reading ??= readImage(...image)
      return reading
    }
  return own
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
