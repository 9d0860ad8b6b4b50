import { stringifyJson } from '../base/json.ts'
import { jsonSize } from '../base/json-size.ts'
import { shapeIssues } from '../fhir/check/input-resource.ts'
import { checkDeclared } from '../fhir/check/parameters.ts'
import { input, output } from '../fhir/declare-parameter.ts'
import { badRequest, FhirError, issue, operationOutcome, unprocessable } from '../fhir/error.ts'
import { isOfType, parseJson } from '../fhir/json.ts'
import {
  defineOperation,
  firstParameter,
  type OperationBudget,
  type OperationCall,
  type OperationReply,
  type ParameterDeclaration,
  parameterValue,
  textParameter,
} from '../fhir/operation.ts'
import type { Parameter, Parameters, PlanDefinition, Resource } from '../fhir/types.ts'
import { createBudget, requestLimits } from '../workers/budget.ts'
import type { OperationContext } from './context.ts'
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

/** What `$evaluate` answers. */
const answer: ParameterDeclaration[] = [
  output('decision', 'code', 'accepted, rejected, undetermined or unverified.', '1..1'),
  output('status', 'code', 'VERIFIED, or the first thing that is wrong.', '1..1'),
  output('format', 'code', 'Format of the credential.'),
  output(
    'issuer',
    [
      output('name', 'string', 'Name of the issuer.'),
      output('participant', 'code', 'Participant of the network, by its code.'),
      output('keyId', 'string', 'Key that signed.'),
      output('trustDomain', 'code', 'GDHCN trust domain for which the key is trusted.'),
      output('keyUsage', 'code', 'What the key may sign.'),
      output('trustList', 'string', 'List that vouched for the key.'),
    ],
    'Who issued it, and which list vouched for the key.',
  ),
  output(
    'check',
    [
      output('name', 'code', 'Step of the verification.', '1..1'),
      output('outcome', 'code', 'How it ended.', '1..1'),
      output('detail', 'string', 'What was found.'),
    ],
    'One per step.',
    '0..*',
  ),
  output(
    'subject',
    [
      output('name', 'string', 'Name, as the credential has it.'),
      output('birthDate', 'string', 'Date of birth, as precise as the credential has it.'),
      output('identifier', 'string', 'Number of an identity document.'),
    ],
    'Whom to compare with an identity document.',
  ),
  output('identity', 'code', 'How the person agrees with the identity document: match, close or differs.'),
  output('coreDataSet', 'Binary', 'DDCC core data set (application/json), one per certified event.', '0..*'),
  output('content', 'Bundle', 'The FHIR resources that the rules ran over.'),
  output(
    'rule',
    [
      output('planDefinition', 'canonical', 'Rule set.'),
      output('action', 'string', 'Action of the rule set.'),
      output('library', 'canonical', 'Library of the rule.'),
      output('expression', 'string', 'Define of the library.'),
      output('result', 'boolean', 'Absent when the rule has no answer.'),
      output('message', 'string', 'What the rule says to a person.'),
      output(
        'evidence',
        [
          output('name', 'string', 'Name of the value.', '1..1'),
          output(
            'value',
            'Any',
            'A primitive value, or parts for a list (element) and an object (its members).',
            '1..1',
          ),
        ],
        'What it was decided by.',
        '0..*',
      ),
    ],
    'One per rule.',
    '0..*',
  ),
  output('structureMap', 'canonical', 'Maps that made the content, with their versions.', '0..*'),
  output('valueSet', 'canonical', 'Value sets that the rules asked, with their versions.', '0..*'),
  output('evaluationDateTime', 'dateTime', 'The clock of every time check.', '1..1'),
  output('outcome', 'OperationOutcome', 'Warnings, and the error behind a failure.'),
  output(
    'linked',
    [
      output('contentType', 'code', 'Media type of the file.', '1..1'),
      output('evaluation', 'Parameters', 'A whole reply, when the file is itself a credential.'),
      output('content', 'Bundle', 'Its resources, when it is a Bundle.'),
    ],
    'One per file behind a health link.',
    '0..*',
  ),
  output('evaluation', 'Parameters', 'One per credential, when there are several.', '0..*'),
]

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
  strict: true,
  notSupported: ['asOf', 'useContext'],
  parameters: [
    input('url', 'uri', 'At type level: canonical of the PlanDefinition to evaluate.', { scope: ['type'] }),
    { ...input('credential', 'string', 'The text of the code exactly as scanned.'), personal: true },
    input('credentialPart', 'string', 'Further chunks of a chunked SMART Health Card, any order.', {
      cardinality: '0..*',
      personal: true,
    }),
    input(
      'credentialData',
      'base64Binary',
      'Raw transport instead of a text: COSE_Sign1 or CWT bytes, plain or zlib.',
      { personal: true },
    ),
    {
      ...input('credentialImage', 'Attachment', 'A picture (PNG, JPEG, WebP) or PDF with the codes on it, instead.'),
      personal: true,
    },
    input(
      'furtherCredential',
      [
        input('credential', 'string', 'The text of the code exactly as scanned.'),
        input('credentialPart', 'string', 'Further chunks of a chunked SMART Health Card, any order.', '0..*'),
        input('credentialData', 'base64Binary', 'Raw transport instead of a text.'),
      ],
      'More credentials of the same person: the rules run once over all of their events.',
      { cardinality: '0..*', personal: true },
    ),
    input(
      'identity',
      [
        input('name', 'string', 'Name on the identity document.'),
        input('birthDate', 'date', 'Date of birth on the identity document.'),
        input('mrz', 'string', 'Its machine-readable zone (ICAO Doc 9303), with or without line ends.'),
      ],
      'The identity document to compare with; never stored.',
      { personal: true },
    ),
    input('followLinks', 'boolean', 'Fetch what a health link points to, where the server may.'),
    input('passcode', 'string', 'Opens a health link that asks for one.', { personal: true }),
    input('recipient', 'string', 'Who receives what is behind a health link.', { personal: true }),
    input('evaluationDateTime', 'dateTime', "The clock of every time check; default the server's clock."),
    input('planDefinition', 'canonical', 'Which rules to run; default: every active one that applies.', '0..*'),
    input('library', 'canonical', 'Rule libraries to run directly.', '0..*'),
    input('expression', 'string', 'Which defines of `library` to report.', '0..*'),
    input('jurisdiction', 'code', 'The verifying jurisdiction, ISO 3166-1.'),
    input('trustDomain', 'code', 'Restrict trusted keys to these GDHCN domains.', '0..*'),
    input('parameters', 'Parameters', 'CQL parameters.'),
    input('structureMap', 'canonical', 'Override of the map chain of the format.', '0..*'),
    input('trustAnchor', 'base64Binary', 'Key trusted for this request alone, when the server allows it.', '0..*'),
    ...answer,
  ],
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
    const named = await namedByPlace(call, context)
    if (call.body) return evaluateLines(call, context, named)
    checkQuestion(call.parameters)
    const resource = await context.evaluate.answer(call.parameters, { ...askerOf(call, call.budget?.()), ...named })
    return { resource }
  },
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

/** What the call says of who asks, and how its work takes turns with that of others. */
function askerOf({ acceptLanguage, client = '', isGone }: OperationCall, budget: OperationBudget | undefined) {
  const asker = { language: acceptLanguage, client, isGone }
  return budget ? { ...asker, inTurn: <T>(work: () => Promise<T>) => budget.runAsync(work) } : asker
}

/** The lines of one body together may use so many times what one may. */
const wholeFactor = 10

/** NDJSON: one Parameters a line, answered line by line in order; a bad line gets its own OperationOutcome. */
function evaluateLines(call: OperationCall, context: OperationContext, named: NamedByPlace): OperationReply {
  const [stray] = (call.parameters.parameter ?? []).filter(({ name }) => name !== 'url')
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
      const place = { ...askerOf(call, part), ...named }
      const answer = (question: Parameters) => context.evaluate.answer(question, place)
      const answered = left > 0 ? part.runAsync(() => answerLine(line, answer)) : Promise.reject(tooMuch())
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
  const parts = (question.parameter ?? []).reduce((sum, { part = [] }) => sum + 1 + part.length, 0)
  if (parts > maximumParameters)
    throw badRequest({ text: `More than ${maximumParameters} parameters`, expression }, 'too-costly')
  // A body is let in that is long for a picture's sake: nothing else may be.
  if (lengthOfTexts(question.parameter ?? []) > maximumQuestionBytes) {
    const text = `What stands beside a picture is longer than ${maximumQuestionBytes} characters`
    throw new FhirError(413, issue('too-long', { text, expression }))
  }
  const given = firstParameter(question, 'parameters')?.resource
  if (jsonSize(given, maximumRuleParameters) > maximumRuleParameters) {
    const text = `The parameters for rules are larger than ${maximumRuleParameters} characters`
    throw badRequest({ text, expression }, 'too-costly')
  }
}
