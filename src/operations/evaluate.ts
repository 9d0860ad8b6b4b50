import { stringifyJson } from '../base/json.ts'
import { jsonSize } from '../base/json-size.ts'
import { isOfType } from '../fhir/as-resource.ts'
import { shapeIssues } from '../fhir/check/input-resource.ts'
import { checkDeclared } from '../fhir/check/parameters.ts'
import { badRequest, FhirError, notFound, operationOutcome, unprocessable } from '../fhir/error.ts'
import {
  defineOperation,
  firstParameter,
  type OperationCall,
  type OperationReply,
  type ParameterDeclaration,
  textParameter,
} from '../fhir/operation.ts'
import { parseJson } from '../fhir/read-json.ts'
import type { Parameters, PlanDefinition, Resource } from '../fhir/types.ts'
import { createBudget, requestLimits } from '../workers/budget.ts'
import type { OperationContext } from './context.ts'

const ndjson = 'application/fhir+ndjson'
/** More lines than this in one request are refused: a queue sends several requests. */
const maximumLines = 10_000
/** One credential in all its chunks, with anchors and parameters, is far smaller; reading more costs time for nothing. */
const maximumQuestionBytes = 1_000_000
/** The lines of a queue together: some thousand questions. */
const maximumQueueBytes = 5_000_000

/** A parameter of the answer: of a type, or of parts. */
function out(
  name: string,
  [min, max]: [min: number, max: '1' | '*'],
  is: string | ParameterDeclaration[],
  documentation: string,
): ParameterDeclaration {
  const declared = { name, use: 'out' as const, min, max, documentation }
  return typeof is === 'string' ? { ...declared, type: is } : { ...declared, part: is }
}

/** What `$evaluate` answers. */
const answer: ParameterDeclaration[] = [
  out('decision', [1, '1'], 'code', 'accepted, rejected, undetermined or unverified.'),
  out('status', [1, '1'], 'code', 'VERIFIED, or the first thing that is wrong.'),
  out('format', [0, '1'], 'code', 'Format of the credential.'),
  out(
    'issuer',
    [0, '1'],
    [
      out('name', [0, '1'], 'string', 'Name of the issuer.'),
      out('participant', [0, '1'], 'code', 'Participant of the network, by its code.'),
      out('keyId', [0, '1'], 'string', 'Key that signed.'),
      out('trustDomain', [0, '1'], 'code', 'GDHCN trust domain for which the key is trusted.'),
      out('keyUsage', [0, '1'], 'code', 'What the key may sign.'),
      out('trustList', [0, '1'], 'string', 'List that vouched for the key.'),
    ],
    'Who issued it, and which list vouched for the key.',
  ),
  out(
    'check',
    [0, '*'],
    [
      out('name', [1, '1'], 'code', 'Step of the verification.'),
      out('outcome', [1, '1'], 'code', 'How it ended.'),
      out('detail', [0, '1'], 'string', 'What was found.'),
    ],
    'One per step.',
  ),
  out(
    'subject',
    [0, '1'],
    [
      out('name', [0, '1'], 'string', 'Name, as the credential has it.'),
      out('birthDate', [0, '1'], 'string', 'Date of birth, as precise as the credential has it.'),
      out('identifier', [0, '1'], 'string', 'Number of an identity document.'),
    ],
    'Whom to compare with an identity document.',
  ),
  out('coreDataSet', [0, '*'], 'Binary', 'DDCC core data set (application/json), one per certified event.'),
  out('content', [0, '1'], 'Bundle', 'The FHIR resources that the rules ran over.'),
  out(
    'rule',
    [0, '*'],
    [
      out('planDefinition', [0, '1'], 'canonical', 'Rule set.'),
      out('action', [0, '1'], 'string', 'Action of the rule set.'),
      out('library', [0, '1'], 'canonical', 'Library of the rule.'),
      out('expression', [0, '1'], 'string', 'Define of the library.'),
      out('result', [0, '1'], 'boolean', 'Absent when the rule has no answer.'),
      out('message', [0, '1'], 'string', 'What the rule says to a person.'),
      out(
        'evidence',
        [0, '*'],
        [
          out('name', [1, '1'], 'string', 'Name of the value.'),
          out(
            'value',
            [1, '1'],
            'Any',
            'A primitive value, or parts for a list (element) and an object (its members).',
          ),
        ],
        'What it was decided by.',
      ),
    ],
    'One per rule.',
  ),
  out('structureMap', [0, '*'], 'canonical', 'Maps that made the content, with their versions.'),
  out('valueSet', [0, '*'], 'canonical', 'Value sets that the rules asked, with their versions.'),
  out('evaluationDateTime', [1, '1'], 'dateTime', 'The clock of every time check.'),
  out('outcome', [0, '1'], 'OperationOutcome', 'Warnings, and the error behind a failure.'),
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
  rawBodyLimitBytes: maximumQueueBytes,
  personal: true,
  strict: true,
  notSupported: [
    'asOf',
    'credentialImage',
    'followLinks',
    'furtherCredential',
    'identity',
    'passcode',
    'recipient',
    'useContext',
  ],
  parameters: [
    {
      ...parameter('url', '0', '1', 'uri', 'At type level: canonical of the PlanDefinition to evaluate.'),
      scope: ['type'],
    },
    { ...parameter('credential', '0', '1', 'string', 'The text of the code exactly as scanned.'), personal: true },
    {
      ...parameter('credentialPart', '0', '*', 'string', 'Further chunks of a chunked SMART Health Card, any order.'),
      personal: true,
    },
    {
      ...parameter(
        'credentialData',
        '0',
        '1',
        'base64Binary',
        'Raw transport instead of a text: COSE_Sign1 or CWT bytes, plain or zlib.',
      ),
      personal: true,
    },
    parameter('evaluationDateTime', '0', '1', 'dateTime', "The clock of every time check; default the server's clock."),
    parameter('planDefinition', '0', '*', 'canonical', 'Which rules to run; default: every active one that applies.'),
    parameter('library', '0', '*', 'canonical', 'Rule libraries to run directly.'),
    parameter('expression', '0', '*', 'string', 'Which defines of `library` to report.'),
    parameter('jurisdiction', '0', '1', 'code', 'The verifying jurisdiction, ISO 3166-1.'),
    parameter('trustDomain', '0', '*', 'code', 'Restrict trusted keys to these GDHCN domains.'),
    parameter('parameters', '0', '1', 'Parameters', 'CQL parameters.'),
    parameter('structureMap', '0', '*', 'canonical', 'Override of the map chain of the format.'),
    parameter(
      'trustAnchor',
      '0',
      '*',
      'base64Binary',
      'Key trusted for this request alone, when the server allows it.',
    ),
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
  },
  async handle(call, context) {
    const named = await namedByPlace(call, context)
    if (call.body) return evaluateLines(call, context, named)
    checkQuestion(call.parameters)
    const resource = await context.evaluate.answer(call.parameters, { language: call.acceptLanguage, ...named })
    return { resource }
  },
})

function parameter(...[name, min, max, type, documentation]: [string, string, string, string, string]) {
  return { name, use: 'in' as const, min: Number(min), max, type, documentation }
}

/** Which rules the place of the call names. */
type NamedByPlace = { plans: PlanDefinition[] } | { planDefinitions: string[] } | undefined

/** The PlanDefinition that the path (instance) or `url` (type level) names; undefined at system level. */
async function namedByPlace(call: OperationCall, context: OperationContext): Promise<NamedByPlace> {
  if (call.level === 'system') return undefined
  if (call.level === 'instance') {
    const stored = (await context.storage.read('PlanDefinition', call.id ?? ''))?.resource
    if (stored?.resourceType !== 'PlanDefinition') throw notFound(`PlanDefinition/${call.id} does not exist`)
    return { plans: [stored] }
  }
  const url = textParameter(call.parameters, 'url')
  if (!url) throw badRequest('url is required: the canonical of the PlanDefinition to evaluate', 'required')
  return { planDefinitions: [url] }
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
      const answer = left > 0 ? part.runAsync(() => answerLine(line, call, context, named)) : Promise.reject(tooMuch())
      const text = `${stringifyJson(await answer.catch(outcomeOf))}\n`
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

async function answerLine(
  line: string,
  call: OperationCall,
  context: OperationContext,
  named: NamedByPlace,
): Promise<Resource> {
  if (line.length > maximumQuestionBytes)
    throw badRequest(`A line is longer than ${maximumQuestionBytes} characters`, 'too-long')
  const question = parseJson(line)
  if (!isOfType(question, 'Parameters')) throw badRequest('Each line must be a Parameters resource')
  const faults = shapeIssues(question)
  if (faults.length > 0) throw new FhirError(400, faults)
  // `url` stands in the address.
  checkDeclared(evaluateOperation, question, 'system')
  checkQuestion(question)
  return context.evaluate.answer(question, { language: call.acceptLanguage, ...named })
}

/** A card has some dozen chunks, a request some dozen rules: what repeats without end costs without end. */
const maximumParameters = 500

/** Characters of what is handed to rules as parameters. */
const maximumRuleParameters = 50_000

function checkQuestion(question: Parameters): void {
  const expression = 'Parameters.parameter'
  if ((question.parameter?.length ?? 0) > maximumParameters)
    throw badRequest({ text: `More than ${maximumParameters} parameters`, expression }, 'too-costly')
  const given = firstParameter(question, 'parameters')?.resource
  if (jsonSize(given, maximumRuleParameters) > maximumRuleParameters) {
    const text = `The parameters for rules are larger than ${maximumRuleParameters} characters`
    throw badRequest({ text, expression }, 'too-costly')
  }
}
