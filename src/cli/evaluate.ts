import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { parseJson } from '../base/json.ts'
import { JsonError } from '../base/json-error.ts'
import { type Config, readConfig } from '../config.ts'
import type { Evaluation } from '../evaluate/evaluation.ts'
import { evaluationReply } from '../evaluate/reply.ts'
import { type EvaluateRequest, readEvaluateRequest } from '../evaluate/request.ts'
import { shapeIssues } from '../fhir/check/input-resource.ts'
import { badRequest, FhirError, issue } from '../fhir/error.ts'
import { isOfType } from '../fhir/json.ts'
import type { Parameter, Parameters, UsageContext } from '../fhir/types.ts'
import type { VidimusServer } from '../server.ts'
import { type CommandResult, exitCodes } from './exit-codes.ts'
import { type Explained, explainPicture, explainTexts, explanationAsJson, printedExplanation } from './explain-input.ts'
import type { Verdicts } from './kit/verdicts.ts'
import { printedEvaluation } from './print-evaluation.ts'
import { readCredential } from './read-credential.ts'
import { terminalText } from './table.ts'

interface EvaluateOptions {
  at?: string
  asOf?: string
  plan?: string[]
  library?: string[]
  expression?: string[]
  map?: string[]
  jurisdiction?: string
  use?: string[]
  domain?: string[]
  anchor?: string[]
  with?: string
  language?: string
  explain?: boolean
  showContent?: boolean
  json?: boolean
  kit?: string
  kitKey?: string[]
}

const statusOfDecision = {
  accepted: exitCodes.done,
  rejected: exitCodes.negative,
  undetermined: exitCodes.undetermined,
  unverified: exitCodes.unverified,
}

/**
 * `vidimus evaluate <file|->`: a verdict on one credential, with the store and trust lists of the configuration, or by a verifier kit.
 * @param byKit whether it is the command of kits, which take the one that is installed
 */
export function addEvaluate(program: Command, result: CommandResult, byKit = false): void {
  // Without a default, which the help would show as an empty list.
  const collect = (value: string, list: string[] = []) => [...list, value]
  const evaluate = program.command('evaluate')
  evaluate
    .description(
      'gives a verdict on a scanned credential, as a text or a picture; exit status 0 accepted, 1 rejected, 3 undetermined, 4 unverified, 2 wrong use',
    )
    .argument(
      '<file...>',
      'file with the text or a picture, or - for standard input; several texts for a chunked SMART Health Card',
    )
    .option('--at <dateTime>', 'the clock, instead of now')
    .option('--as-of <instant>', 'answer as a server over this DATA_DIR would have at that moment; also the clock')
    .option('--plan <canonical>', 'PlanDefinition to run (repeatable)', collect)
    .option('--library <canonical>', 'Library to run (repeatable)', collect)
    .option('--expression <name>', 'define of the library (repeatable)', collect)
    .option('--map <canonical>', 'StructureMap to use instead of the default chain (repeatable)', collect)
    .option('--jurisdiction <code>', 'verifying jurisdiction, ISO 3166-1')
    .option('--use <code>', 'what the verdict is for: entry, transit, venue, care (repeatable)', collect)
    .option('--domain <code>', 'restrict trusted keys to this GDHCN domain (repeatable)', collect)
    .option(
      '--anchor <file>',
      'certificate (PEM or DER) or JWK trusted instead of the configured lists (repeatable)',
      collect,
    )
    .option(
      '--with <file>',
      'FHIR Parameters as JSON, which are added to the question: identity, furtherCredential, parameters, followLinks, passcode, …',
    )
    .option('--language <tag>', 'language of the messages, e.g. fr; of the labels en, es, fr, pt')
    .option('--explain', 'show every layer of the text with its place and size, and where it cannot be read')
    .option('--show-content', 'with --explain: also what the layers say of the person')
    .option('--json', 'print the Parameters of the operation; with --explain {layers, evaluation}')
    .option('--kit <file>', 'the verifier kit to go by, instead of the store and the trust lists; no network is used')
    .option('--kit-key <file>', 'key that signs the kits (repeatable); default KIT_KEYS', collect)
    .action(async (files: string[], options: EvaluateOptions) => {
      if (options.showContent && !options.explain) evaluate.error('error: --show-content goes with --explain')
      result.exitCode = await evaluateFiles(files, options, byKit)
    })
}

async function evaluateFiles(files: string[], options: EvaluateOptions, byKit: boolean): Promise<number> {
  const inputs = await Promise.all(files.map(readCredential))
  const pictures = inputs.flatMap((each) => ('picture' in each ? [each.picture] : []))
  const texts = inputs.flatMap((each) => ('text' in each ? [each.text] : []))
  const [picture] = pictures
  if (picture && inputs.length > 1) throw new FhirError(400, issue('invalid', 'a picture is evaluated alone'))
  const anchors = await Promise.all(
    (options.anchor ?? []).map(async (file) => (await readFile(file)).toString('base64')),
  )
  const ownQuestion: Parameters = {
    resourceType: 'Parameters',
    parameter: [...credentialParameters(texts, picture), ...requestParameters(anchors, options)],
  }
  const question = options.with === undefined ? ownQuestion : await withParameters(ownQuestion, options.with)
  const explain = () => (picture ? explainPicture(picture) : explainTexts(texts))
  const explanation = options.explain ? await explain() : undefined
  // Told at once: the question may be refused.
  if (explanation && !options.json) console.log(`${printedExplanation(explanation, options.showContent === true)}\n`)
  // Who runs the command line is the operator: the anchors are his own files.
  const config = { ...readConfig(), allowRequestTrustAnchors: true }
  const verdicts = byKit || options.kit !== undefined ? await openKit(config, options) : await openServer(config)
  try {
    const { jurisdiction, kit } = verdicts
    const settings = { allowRequestTrustAnchors: true, jurisdiction }
    const at = await momentOfQuestion(question)
    if (at && kit !== undefined)
      throw badRequest('A kit answers as of now alone: it holds no earlier state.', 'not-supported')
    const request = readEvaluateRequest(question, settings, { now: at ?? new Date(), language: options.language })
    const evaluation = await verdicts.evaluate(request, at)
    const printed = () =>
      printedEvaluation(evaluation, options.language) + (kit === undefined ? '' : `\n\nverifier kit ${kit}`)
    console.log(options.json ? json(evaluation, explanation, { ...options, ...(kit ? { kit } : {}) }) : printed())
    return statusOfDecision[evaluation.decision]
  } finally {
    await verdicts.close()
  }
}

/** The moment of a question; the operation is loaded for it alone: a kit answers without. */
async function momentOfQuestion(question: Parameters): Promise<Date | undefined> {
  if (!question.parameter?.some(({ name }) => name === 'asOf')) return undefined
  return (await import('../operations/evaluate.ts')).momentOf(question)
}

/** The evaluation as of a moment, told what is not as it was then. */
function evaluateThen(server: VidimusServer, request: EvaluateRequest, at: Date): Promise<Evaluation> {
  return server.evaluateAsOf({ at, client: '' }, ({ evaluate, remarks }) => {
    for (const remark of remarks) console.error(remark)
    return evaluate.evaluate(request)
  })
}

// Each is loaded where it is wanted: a verdict by a kit does not wait for a server.

async function openServer(config: Config): Promise<Verdicts> {
  const { openLoadedServer } = await import('./loaded-server.ts')
  const server = await openLoadedServer(config)
  const { jurisdiction } = config
  return {
    jurisdiction,
    evaluate: (request, at) => (at ? evaluateThen(server, request, at) : server.evaluate.evaluate(request)),
    close: () => server.close(),
  }
}

async function openKit(config: Config, { kit, kitKey = [] }: EvaluateOptions): Promise<Verdicts> {
  const { openKitVerdicts } = await import('./kit/kit-verdicts.ts')
  return openKitVerdicts(config, { file: kit, keys: kitKey })
}

function json(
  evaluation: Evaluation,
  explanation: Explained | undefined,
  { showContent = false, kit }: EvaluateOptions,
): string {
  const told = evaluationReply(evaluation)
  const named: Parameter[] = kit === undefined ? [] : [{ name: 'verifierKit', valueString: kit }]
  const reply = { ...told, parameter: [...(told.parameter ?? []), ...named] }
  const shown = explanation ? { ...explanationAsJson(explanation, showContent), evaluation: reply } : reply
  return terminalText(JSON.stringify(shown, null, 2))
}

function credentialParameters([first = '', ...parts]: string[], picture: Buffer | undefined): Parameter[] {
  if (picture) return [{ name: 'credentialImage', valueAttachment: { data: picture.toString('base64') } }]
  return [
    { name: 'credential', valueString: first },
    ...parts.map((part) => ({ name: 'credentialPart', valueString: part })),
  ]
}

/**
 * The question with the parameters that a file adds, all held against what `$evaluate` declares. Throws FhirError for what it would
 * refuse, and for a file of anything else.
 */
async function withParameters(question: Parameters, file: string): Promise<Parameters> {
  const added = readJson(await readFile(file, 'utf8'), file)
  if (!isOfType(added, 'Parameters'))
    throw new FhirError(400, issue('structure', `${file} must be a Parameters resource`))
  const faults = shapeIssues(added)
  if (faults.length > 0) throw new FhirError(400, faults)
  const whole = { ...added, parameter: [...(question.parameter ?? []), ...(added.parameter ?? [])] }
  const { checkParameters } = await import('../operations/evaluate.ts')
  checkParameters(whole)
  return whole
}

function readJson(text: string, file: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new FhirError(400, issue('structure', `${file} is not JSON: ${error.message}`))
  }
}

function requestParameters(anchors: string[], options: EvaluateOptions): Parameter[] {
  const parameters: Parameter[] = []
  for (const anchor of anchors) parameters.push({ name: 'trustAnchor', valueBase64Binary: anchor })
  // What is empty is no moment, no clock and no country, and is refused: it is not the same as nothing.
  if (options.asOf !== undefined) parameters.push({ name: 'asOf', valueInstant: options.asOf })
  if (options.at !== undefined) parameters.push({ name: 'evaluationDateTime', valueDateTime: options.at })
  if (options.jurisdiction !== undefined) parameters.push({ name: 'jurisdiction', valueCode: options.jurisdiction })
  for (const plan of options.plan ?? []) parameters.push({ name: 'planDefinition', valueCanonical: plan })
  for (const library of options.library ?? []) parameters.push({ name: 'library', valueCanonical: library })
  for (const expression of options.expression ?? []) parameters.push({ name: 'expression', valueString: expression })
  for (const map of options.map ?? []) parameters.push({ name: 'structureMap', valueCanonical: map })
  for (const use of options.use ?? []) parameters.push({ name: 'useContext', valueUsageContext: usageContext(use) })
  for (const domain of options.domain ?? []) parameters.push({ name: 'trustDomain', valueCode: domain })
  return parameters
}

const usageContext = (use: string): UsageContext => ({
  code: { system: 'http://terminology.hl7.org/CodeSystem/usage-context-type', code: 'task' },
  valueCodeableConcept: { coding: [{ system: 'http://vidimus.org/fhir/CodeSystem/verdict-use', code: use }] },
})
