import { stringifyJson } from '../base/json.ts'
import { jsonSize } from '../base/json-size.ts'
import { artefactName } from '../fhir/artefact.ts'
import { shapeIssues } from '../fhir/check/input-resource.ts'
import { checkDeclared } from '../fhir/check/parameters.ts'
import { primitiveFault } from '../fhir/elements.ts'
import { badRequest, FhirError, issue, operationOutcome, unprocessable } from '../fhir/error.ts'
import { isOfType, parseJson } from '../fhir/json.ts'
import {
  booleanParameter,
  defineOperation,
  firstParameter,
  type OperationBudget,
  type OperationCall,
  type OperationReply,
  parameterValue,
  textParameter,
  textParameters,
} from '../fhir/operation.ts'
import type { Parameter, Parameters, PlanDefinition, Resource } from '../fhir/types.ts'
import { createBudget, requestLimits } from '../workers/budget.ts'
import { createGathering } from '../workers/turns.ts'
import type { OperationContext } from './context.ts'
import { evaluateParameters } from './evaluate-parameters.ts'
import { evaluationDetails } from './input/evaluate-audit.ts'
import { instanceOf } from './input/instance-resource.ts'

const ndjson = 'application/fhir+ndjson'
/** More lines than this in one request are refused: a queue sends several requests. */
const maximumLines = 10_000
/** One credential in all its chunks, with anchors and parameters, is far smaller; reading more costs time for nothing. */
const maximumQuestionBytes = 1_000_000
/** A picture of 10 MB (docs/security.md) in base64. */
const maximumImageBytes = 13_400_000
/** The lines of a queue together: some thousand questions. */
const maximumQueueBytes = 5_000_000

/** `$evaluate`: a verdict on a scanned credential; the contract is fixed (README, `$evaluate`). */
export const evaluateOperation = defineOperation<OperationContext>({
  name: 'evaluate',
  title: 'Evaluate a health certificate',
  description:
    'Decodes and verifies the text of a scanned health certificate, maps it into the WHO DDCC core data set and FHIR, runs the business rules and answers with a decision and why.',
  system: true,
  type: ['PlanDefinition'],
  instance: ['PlanDefinition'],
  accepts: [ndjson],
  bodyLimitBytes: maximumQuestionBytes,
  attachmentBodyLimitBytes: maximumQuestionBytes + maximumImageBytes,
  rawBodyLimitBytes: maximumQueueBytes,
  personal: true,
  audited: evaluationDetails,
  strict: true,
  parameters: evaluateParameters,
  examples: {
    scanned: {
      summary: 'A scanned code, judged by the rules that apply at a border',
      value: {
        resourceType: 'Parameters',
        parameter: [
          { name: 'credential', valueString: 'HC1:… (the text of the code, exactly as scanned)' },
          { name: 'jurisdiction', valueCode: 'CH' },
        ],
      },
    },
    several: {
      summary: 'Two codes of one traveller, held against the passport',
      value: {
        resourceType: 'Parameters',
        parameter: [
          { name: 'credential', valueString: 'HC1:… (the first dose)' },
          { name: 'furtherCredential', part: [{ name: 'credential', valueString: 'shc:/… (the second dose)' }] },
          {
            name: 'identity',
            part: [
              { name: 'name', valueString: 'SPECIMEN ADA' },
              { name: 'birthDate', valueDate: '1985-03-14' },
            ],
          },
        ],
      },
    },
  },
  async handle(call, context) {
    if (call.body) {
      // A place that is none is one fault of the request, and not one of each line.
      if (momentOf(call.parameters) === undefined) await namedByPlace(call, context)
      return evaluateLines(call, context)
    }
    checkQuestion(call.parameters)
    if (isOfOne(call.parameters)) await gathered()
    const asker = askerOf(call, call.budget?.())
    return {
      resource: await asOfThen(call, context, (then) => answer(call.parameters, { call, context: then, asker })),
    }
  },
})

/** More at once are no cheaper, and each of them would wait for all. */
const mostAtOnce = 16

/** There is one thread, whoever shares it. */
const gathered = createGathering(mostAtOnce)

/** Whether a question is about one credential; what several take is counted, and is counted only while nobody else has a turn. */
function isOfOne({ parameter = [] }: Parameters): boolean {
  for (const { name } of parameter) if (name === 'furtherCredential' || name === 'credentialImage') return false
  return true
}

/** Where and by whom a question is asked. */
interface Asked {
  call: OperationCall
  context: OperationContext
  asker: ReturnType<typeof askerOf>
}

/** Answers one question: nearly always one whose address names nothing, and which is judged by what is in force. */
function answer(question: Parameters, asked: Asked): Promise<Parameters> {
  const { call, context, asker } = asked
  const manifest = textParameter(question, 'manifest')
  if (manifest !== undefined || call.level !== 'system') return answerAs(question, asked, manifest)
  return context.evaluate.answer(question, asker)
}

async function answerAs(
  question: Parameters,
  { call, context, asker }: Asked,
  manifest: string | undefined,
): Promise<Parameters> {
  const place = await namedByPlace(call, context)
  const named = place && 'plans' in place ? { plans: () => plansOfPlace(call, context) } : place
  if (manifest === undefined) return context.evaluate.answer(question, { ...asker, ...named })
  const under = await evaluationUnder(manifest, question, { context, place })
  return told(await under.evaluate.answer(question, { ...asker, ...named }), under.name)
}

/** Has a question answered by the server as it was at `asOf`, where that is given. */
function asOfThen(
  call: OperationCall,
  context: OperationContext,
  work: (place: OperationContext) => Promise<Parameters>,
): Promise<Parameters> {
  const at = momentOf(call.parameters)
  if (at === undefined) return work(context)
  return context.evaluateAsOf({ at, client: call.client ?? '' }, async (then) =>
    withRemarks(await work({ ...context, ...then }), then.remarks),
  )
}

/**
 * The moment as of which a question is to be answered; undefined: now.
 * @throws FhirError 400 for no moment, and for what cannot be had as of one
 */
export function momentOf(parameters: Parameters): Date | undefined {
  const text = textParameter(parameters, 'asOf')
  if (text === undefined) return undefined
  const expression = "Parameters.parameter.where(name='asOf')"
  const at = new Date(text)
  if (primitiveFault('instant', text) !== undefined || Number.isNaN(at.getTime()))
    throw badRequest(
      { text: 'asOf is no moment: an instant is wanted, like 2026-03-01T12:00:00Z', expression },
      'value',
    )
  if (booleanParameter(parameters, 'followLinks')) {
    const text = 'followLinks is not possible with asOf: what a link led to then is not known'
    throw badRequest({ text, expression: "Parameters.parameter.where(name='followLinks')" }, 'not-supported')
  }
  return at
}

/** The reply with what is not as it was then, for people. */
function withRemarks(reply: Parameters, remarks: readonly string[]): Parameters {
  if (remarks.length === 0) return reply
  const issues = remarks.map((text) => ({ ...issue('informational', text), severity: 'information' as const }))
  const parameter = [...(reply.parameter ?? [])]
  const place = parameter.findIndex(({ name }) => name === 'outcome')
  const known = parameter[place]?.resource
  const outcome = operationOutcome([...(isOfType(known, 'OperationOutcome') ? known.issue : []), ...issues])
  parameter.splice(place < 0 ? parameter.length : place, place < 0 ? 0 : 1, { name: 'outcome', resource: outcome })
  return { ...reply, parameter }
}

/** By what a question with a manifest is answered: in a store in which what that names has no other version. */
function evaluationUnder(
  manifest: string,
  parameters: Parameters,
  { context, place }: { context: OperationContext; place: NamedByPlace },
): ReturnType<OperationContext['evaluateUnder']> {
  const rules = [...textParameters(parameters, 'planDefinition'), ...textParameters(parameters, 'library')]
  const ofPlace = place === undefined ? [] : 'plans' in place ? place.plans.map(artefactName) : place.planDefinitions
  const named = [...rules, ...ofPlace, ...textParameters(parameters, 'structureMap')]
  const hasRules = rules.length + ofPlace.length > 0
  return context.evaluateUnder(manifest, { named, hasRules })
}

/** The reply names the manifest that it was made under. */
const told = (reply: Parameters, manifest: string): Parameters => ({
  ...reply,
  parameter: [...(reply.parameter ?? []), { name: 'manifest', valueCanonical: manifest }],
})

/** Which rules the place of the call names. */
type NamedByPlace = { plans: PlanDefinition[] } | { planDefinitions: string[] } | undefined

/** The PlanDefinition that the path (instance) or `url` (type level) names; undefined at system level. */
async function namedByPlace(call: OperationCall, context: OperationContext): Promise<NamedByPlace> {
  if (call.level === 'system') return undefined
  const plan = await instanceOf(call, context, 'PlanDefinition')
  if (plan) return { plans: [plan] }
  const url = textParameter(call.parameters, 'url')
  if (!url) throw badRequest('url is required: the canonical of the PlanDefinition to evaluate', 'required')
  return { planDefinitions: [url] }
}

/** The PlanDefinition of the path as it stands now: it may have changed since the question came. */
async function plansOfPlace(call: OperationCall, context: OperationContext): Promise<PlanDefinition[]> {
  const plan = await instanceOf(call, context, 'PlanDefinition')
  return plan ? [plan] : []
}

/** What the call says of who asks, and how its work takes turns with that of others. */
function askerOf({ acceptLanguage, client = '', isGone }: OperationCall, budget: OperationBudget | undefined) {
  const asker = { language: acceptLanguage, client, isGone }
  return budget ? { ...asker, inTurn: <T>(work: () => Promise<T>) => budget.runAsync(work) } : asker
}

/** The lines of one body together may use so many times what one may. */
const wholeFactor = 10

/** What stands in the address of a request with many lines. */
const ofAddress: readonly string[] = ['url', 'asOf']

/** NDJSON: one Parameters a line, answered line by line in order; a bad line gets its own OperationOutcome. */
function evaluateLines(call: OperationCall, context: OperationContext): OperationReply {
  const [stray] = (call.parameters.parameter ?? []).filter(({ name }) => !ofAddress.includes(name))
  if (stray) throw badRequest(`The parameter ${stray.name} must stand in each line, not in the address`)
  const lines = linesOf(new TextDecoder().decode(call.body?.bytes))
  const { cpuMilliseconds, replyBytes } = context.limits
  const whole = createBudget({
    client: call.client ?? '',
    limits: { ...requestLimits, cpuMilliseconds: cpuMilliseconds * wholeFactor },
  })
  async function* answers(): AsyncGenerator<string> {
    let left = replyBytes
    for (const line of lines) {
      const part = whole.part(cpuMilliseconds)
      const asker = askerOf(call, part)
      const answerOne = (question: Parameters) => {
        momentOf({ ...question, parameter: [...(question.parameter ?? []), ...(call.parameters.parameter ?? [])] })
        return asOfThen(call, context, (then) => answer(question, { call, context: then, asker }))
      }
      const answered = left > 0 ? part.runAsync(() => answerLine(line, answerOne)) : Promise.reject(tooMuch())
      const text = `${stringifyJson(await answered.catch(outcomeOf))}\n`
      left -= Buffer.byteLength(text)
      yield text
    }
  }
  return { raw: { contentType: ndjson, body: answers() } }
}

const tooMuch = () => unprocessable('the answers before this one are as much as one reply may hold', 'too-costly')

/** Every second line may be blank; beyond that the body is too long, whatever stands there. */
function linesOf(text: string): string[] {
  const most = 2 * maximumLines
  const all = text.split(/\r?\n/, most + 1)
  const lines = all.filter((line) => line.trim() !== '')
  if (lines.length === 0) throw badRequest('The body has no line to evaluate')
  if (lines.length > maximumLines || all.length > most)
    throw badRequest(`At most ${maximumLines} lines are evaluated in one request`, 'too-long')
  return lines
}

/** What is wrong with one line is the answer to that line. */
function outcomeOf(error: unknown): Resource {
  if (error instanceof FhirError) return operationOutcome(error.issues)
  throw error
}

/** Reads one line as a question and has it answered. */
async function answerLine(line: string, answer: (question: Parameters) => Promise<Resource>): Promise<Resource> {
  if (line.length > maximumQuestionBytes)
    throw badRequest(`A line is longer than ${maximumQuestionBytes} characters`, 'too-long')
  const question = parseJson(line)
  if (!isOfType(question, 'Parameters')) throw badRequest('Each line must be a Parameters resource')
  if (firstParameter(question, 'asOf')) throw badRequest('asOf stands in the address, for all lines, not in a line')
  checkParameters(question)
  return answer(question)
}

/**
 * Holds a question that came some other way than as the body of a request against what `$evaluate` declares.
 * @throws FhirError 400, 413 or 422, as a request gets it
 */
export function checkParameters(question: Parameters): void {
  const faults = shapeIssues(question)
  if (faults.length > 0) throw new FhirError(400, faults)
  // `url` stands in the address.
  checkDeclared(evaluateOperation, question, 'system')
  checkQuestion(question)
}

/** A card has some dozen chunks, a request some dozen rules: what repeats without end costs without end. */
const maximumParameters = 500

/** Characters of what is handed to rules as parameters. */
const maximumRuleParameters = 50_000

/** Fewest characters that a parameter has beside its value, in JSON. */
const aroundValue = 24

/** Characters of parameters and their parts, but for pictures and resources: at most as many as the body that they came in. */
function lengthOfTexts(parameters: Parameter[]): number {
  let length = aroundValue * parameters.length
  for (const each of parameters) {
    if (each.part) length += lengthOfTexts(each.part)
    const value = each.part ? undefined : parameterValue(each)
    if (typeof value === 'string') length += value.length
  }
  return length
}

function checkQuestion(question: Parameters): void {
  const expression = 'Parameters.parameter'
  const given = question.parameter ?? []
  let parts = given.length
  for (const { part } of given) if (part) parts += part.length
  if (parts > maximumParameters)
    throw badRequest({ text: `More than ${maximumParameters} parameters`, expression }, 'too-costly')
  // A body is let in that is long for a picture's sake: nothing else may be.
  if (lengthOfTexts(given) > maximumQuestionBytes) {
    const text = `What stands beside a picture is longer than ${maximumQuestionBytes} characters`
    throw new FhirError(413, issue('too-long', { text, expression }))
  }
  const forRules = firstParameter(question, 'parameters')?.resource
  if (jsonSize(forRules, maximumRuleParameters) > maximumRuleParameters) {
    const text = `The parameters for rules are larger than ${maximumRuleParameters} characters`
    throw badRequest({ text, expression }, 'too-costly')
  }
}
