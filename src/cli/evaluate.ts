import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { evaluationReply } from '../evaluate/reply.ts'
import { readEvaluateRequest } from '../evaluate/request.ts'
import type { Parameter } from '../fhir/types.ts'
import { type CommandResult, exitCodes } from './exit-codes.ts'
import { openLoadedServer } from './loaded-server.ts'
import { printedEvaluation } from './print-evaluation.ts'

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
  program
    .command('evaluate')
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
    .option('--language <tag>', 'language of the messages, e.g. fr')
    .option('--json', 'print the Parameters of the operation')
    .action(async (files: string[], options: EvaluateOptions) => {
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
    console.log(options.json ? JSON.stringify(evaluationReply(evaluation), null, 2) : printedEvaluation(evaluation))
    return statusOfDecision[evaluation.decision]
  } finally {
    await server.close()
  }
}

/** Only the line end that an editor adds is dropped: blanks belong to the code. */
async function readCredential(file: string): Promise<string> {
  const whole = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8')
  return whole.replace(/\r?\n$/, '')
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
