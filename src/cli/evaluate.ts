import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { defaultLimits } from '../credentials/credential-format.ts'
import { credentialFormats } from '../credentials/credentials.ts'
import { type Explanation, explainCredential } from '../credentials/explain.ts'
import type { Evaluation } from '../evaluate/evaluation.ts'
import { evaluationReply } from '../evaluate/reply.ts'
import { readEvaluateRequest } from '../evaluate/request.ts'
import type { Parameter } from '../fhir/types.ts'
import { type CommandResult, exitCodes } from './exit-codes.ts'
import { openLoadedServer } from './loaded-server.ts'
import { printedEvaluation } from './print-evaluation.ts'
import { layersAsJson, printedLayers } from './print-layers.ts'
import { readCredential } from './read-credential.ts'

interface EvaluateOptions {
  at?: string
  plan?: string[]
  library?: string[]
  expression?: string[]
  map?: string[]
  jurisdiction?: string
  domain?: string[]
  anchor?: string[]
  language?: string
  explain?: boolean
  showContent?: boolean
  json?: boolean
}

const statusOfDecision = {
  accepted: exitCodes.done,
  rejected: exitCodes.negative,
  undetermined: exitCodes.undetermined,
  unverified: exitCodes.unverified,
}

/** `vidimus evaluate <file|->`: a verdict on one credential, with the store and trust lists of the configuration. */
export function addEvaluate(program: Command, result: CommandResult): void {
  // Without a default, which the help would show as an empty list.
  const collect = (value: string, list: string[] = []) => [...list, value]
  const evaluate = program.command('evaluate')
  evaluate
    .description(
      'gives a verdict on the text of a scanned credential; exit status 0 accepted, 1 rejected, 3 undetermined, 4 unverified, 2 wrong use',
    )
    .argument('<file...>', 'file that holds the text, or - for standard input; several for a chunked SMART Health Card')
    .option('--at <dateTime>', 'the clock, instead of now')
    .option('--plan <canonical>', 'PlanDefinition to run (repeatable)', collect)
    .option('--library <canonical>', 'Library to run (repeatable)', collect)
    .option('--expression <name>', 'define of the library (repeatable)', collect)
    .option('--map <canonical>', 'StructureMap to use instead of the default chain (repeatable)', collect)
    .option('--jurisdiction <code>', 'verifying jurisdiction, ISO 3166-1')
    .option('--domain <code>', 'restrict trusted keys to this GDHCN domain (repeatable)', collect)
    .option(
      '--anchor <file>',
      'certificate (PEM or DER) or JWK trusted instead of the configured lists (repeatable)',
      collect,
    )
    .option('--language <tag>', 'language of the messages, e.g. fr; of the labels en, es, fr, pt')
    .option('--explain', 'show every layer of the text with its place and size, and where it cannot be read')
    .option('--show-content', 'with --explain: also what the layers say of the person')
    .option('--json', 'print the Parameters of the operation; with --explain {layers, evaluation}')
    .action(async (files: string[], options: EvaluateOptions) => {
      if (options.showContent && !options.explain) evaluate.error('error: --show-content goes with --explain')
      result.exitCode = await evaluateFiles(files, options)
    })
}

async function evaluateFiles(files: string[], options: EvaluateOptions): Promise<number> {
  const credential = await Promise.all(files.map(readCredential))
  const anchors = await Promise.all(
    (options.anchor ?? []).map(async (file) => (await readFile(file)).toString('base64')),
  )
  // Who runs the command line is the operator: the anchors are his own files.
  const server = await openLoadedServer({ ...readConfig(), allowRequestTrustAnchors: true })
  try {
    const settings = { allowRequestTrustAnchors: true, jurisdiction: server.config.jurisdiction }
    const request = readEvaluateRequest(
      { resourceType: 'Parameters', parameter: requestParameters(credential, anchors, options) },
      settings,
      { now: server.now(), language: options.language },
    )
    const evaluation = await server.evaluate.evaluate(request)
    const explanation = options.explain ? explainCredential(credential, credentialFormats, defaultLimits) : undefined
    console.log(options.json ? json(evaluation, explanation, options) : text(evaluation, explanation, options))
    return statusOfDecision[evaluation.decision]
  } finally {
    await server.close()
  }
}

type Shown = [evaluation: Evaluation, explanation: Explanation | undefined, options: EvaluateOptions]

function json(...[evaluation, explanation, { showContent = false }]: Shown): string {
  const reply = evaluationReply(evaluation)
  const shown = explanation ? { ...layersAsJson(explanation, showContent), evaluation: reply } : reply
  return JSON.stringify(shown, null, 2)
}

function text(...[evaluation, explanation, { showContent = false, language }]: Shown): string {
  const printed = printedEvaluation(evaluation, language)
  return explanation ? `${printedLayers(explanation, showContent)}\n\n${printed}` : printed
}

function requestParameters(credential: string[], anchors: string[], options: EvaluateOptions): Parameter[] {
  const [first = '', ...parts] = credential
  const parameters: Parameter[] = [{ name: 'credential', valueString: first }]
  for (const part of parts) parameters.push({ name: 'credentialPart', valueString: part })
  for (const anchor of anchors) parameters.push({ name: 'trustAnchor', valueBase64Binary: anchor })
  if (options.at) parameters.push({ name: 'evaluationDateTime', valueDateTime: options.at })
  if (options.jurisdiction) parameters.push({ name: 'jurisdiction', valueCode: options.jurisdiction })
  for (const plan of options.plan ?? []) parameters.push({ name: 'planDefinition', valueCanonical: plan })
  for (const library of options.library ?? []) parameters.push({ name: 'library', valueCanonical: library })
  for (const expression of options.expression ?? []) parameters.push({ name: 'expression', valueString: expression })
  for (const map of options.map ?? []) parameters.push({ name: 'structureMap', valueCanonical: map })
  for (const domain of options.domain ?? []) parameters.push({ name: 'trustDomain', valueCode: domain })
  return parameters
}
