/** `vidimus rules run` and `vidimus rules explain`: one rule once, over one thing. */
import { readFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { readYaml, YamlError, type YamlText } from '../../base/yaml.ts'
import { readClock } from '../../evaluate/request.ts'
import { FhirError, issue, unprocessable } from '../../fhir/error.ts'
import type { Bundle } from '../../fhir/types.ts'
import type { RuleCase } from '../../rules/cases/case-file.ts'
import { parametersOf } from '../../rules/cases/parameters.ts'
import { findSubject, knowSubject, planCanonical, type Subject } from '../../rules/cases/subject.ts'
import { libraryCanonical } from '../../rules/cql/translate/library-text.ts'
import type { Explanation } from '../../rules/explain/explanation.ts'
import type { RuleResult } from '../../rules/rules.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'
import { readBounded } from '../read-credential.ts'
import { oneLine, sign } from '../table.ts'
import { type AuthorFolder, readAuthorFolder } from './author-folder.ts'
import { openAuthorServer } from './author-server.ts'
import { CaseNotRun, type CaseRun, runCase } from './run-case.ts'

interface Options {
  folder?: string
  canonical?: string
  credential?: string[]
  data?: string
  coreDataSet?: string[]
  at?: string
  jurisdiction?: string
  use?: string
  language?: string
  parameter?: string[]
  define?: string[]
  json?: boolean
}

/** How a result is printed. */
type Printer = (results: RuleResult[]) => string[]

/** `vidimus rules run <file>` and `vidimus rules explain <file>` */
export function addRun(rules: Command, result: CommandResult): void {
  const collect = (value: string, list: string[] = []) => [...list, value]
  const add = (name: string, description: string, print: Printer) =>
    rules
      .command(name)
      .description(`${description}. Exit status 0 accepted, 1 rejected, 3 undetermined, 4 unverified, 2 wrong use`)
      .argument('<file>', 'a .cql file, or a Library or PlanDefinition as JSON; its folder is read with it')
      .option('--folder <folder>', 'folder of the rules, where it is not the one around the file')
      .option('--canonical <url>', 'base of canonicals, where the folder has no package.json that says it')
      .option(
        '--credential <file>',
        'description of a test credential in YAML, which is issued and judged (repeatable)',
        collect,
      )
      .option('--data <file>', 'FHIR Bundle as JSON, which the rules see as it is')
      .option('--core-data-set <file>', 'core data set as JSON or YAML (repeatable)', collect)
      .option('--at <dateTime>', 'the clock, instead of now')
      .option('--jurisdiction <code>', 'verifying jurisdiction, ISO 3166-1')
      .option('--use <code>', 'what the verdict is for, with --credential')
      .option('--language <tag>', 'language of the messages')
      .option('--parameter <name=value>', 'CQL parameter; the value in YAML (repeatable)', collect)
      .option('--define <name>', 'a define that is no rule, as well (repeatable)', collect)
      .option('--json', 'print JSON')
      .action(async (file: string, options: Options) => {
        result.exitCode = await runFile(file, options, print)
      })
  add('run', 'runs a rule once, over a test credential or other data, and prints its results', resultLines)
  add('explain', 'runs a rule once and tells why it came out as it did', explanationLines)
}

const statusOf = {
  accepted: exitCodes.done,
  rejected: exitCodes.negative,
  undetermined: exitCodes.undetermined,
  unverified: exitCodes.unverified,
}

async function runFile(file: string, options: Options, print: Printer): Promise<number> {
  const folder = await readAuthorFolder(options.folder ?? folderOf(file), options.canonical)
  const [fault] = folder.faults.filter((each) => resolve(each.file) === resolve(file))
  if (fault) throw unprocessable(`${fault.file}: ${fault.text}`)
  const one = await caseOf(options)
  const server = await openAuthorServer(folder, [readClock(one.clock)])
  try {
    const subject = subjectOf(file, folder)
    const known = await knowSubject(subject, server.server.rules.workshop)
    const unknown = one.parameters.find(({ name }) => !known.parameters.some((each) => each.name === name))
    if (unknown) throw unprocessable(`no rule has the parameter ${JSON.stringify(unknown.name)}`)
    const { parameters, faults } = parametersOf(one, known.parameters)
    if (faults.length > 0) throw unprocessable(faults.map(({ text }) => text).join('; '))
    const defines = (options.define ?? []).map((name) => {
      const library = known.defines.get(name)
      if (library === undefined) throw unprocessable(`there is no Boolean define ${JSON.stringify(name)}`)
      return { name, library }
    })
    const question = { case: one, ...subject, defines, ...(parameters ? { parameters } : {}) }
    const { run } = await runCase(question, server)
    return show(run, { options, print })
  } catch (error) {
    if (error instanceof CaseNotRun) throw unprocessable(error.problems.join('\n'))
    throw error
  } finally {
    await server.close()
  }
}

function show(
  { decision, notJudged, rules, defines }: CaseRun['run'],
  { options, print }: { options: Options; print: Printer },
): number {
  const results = [...rules, ...defines.values()]
  if (options.json)
    console.log(JSON.stringify({ decision, ...(notJudged ? { notJudged } : {}), rules: results }, null, 2))
  else console.log([decision.toUpperCase(), ...(notJudged ? [oneLine(notJudged)] : []), ...print(results)].join('\n'))
  return statusOf[decision]
}

/** A text in `cql/` belongs to what lies around that folder. */
function folderOf(file: string): string {
  const folder = dirname(resolve(file))
  return relative('', /[/\\]cql$/.test(folder) ? dirname(folder) : folder) || '.'
}

function subjectOf(file: string, folder: AuthorFolder): Subject {
  const path = resolve(file)
  const text = [...folder.texts].find(([, each]) => resolve(each.file) === path)?.[0]
  const resource = folder.resources.find((each) => resolve(each.file) === path)?.resource
  const name =
    text ??
    (resource?.resourceType === 'PlanDefinition'
      ? planCanonical(resource)
      : resource?.resourceType === 'Library'
        ? libraryCanonical(resource)
        : undefined)
  if (name === undefined)
    throw unprocessable(`${file} is no rule of ${folder.root}: a .cql file, a Library or a PlanDefinition`)
  const found = findSubject(name, folder)
  if (typeof found === 'string') throw unprocessable(`${file}: ${found}`)
  return found
}

const mostBytes = 4_000_000

/** The one case that the options make. */
async function caseOf(options: Options): Promise<RuleCase> {
  const {
    credential = [],
    data,
    coreDataSet = [],
    at = new Date().toISOString(),
    jurisdiction,
    use,
    language,
  } = options
  const kinds = [credential.length > 0, data !== undefined, coreDataSet.length > 0].filter(Boolean).length
  if (kinds !== 1) throw unprocessable('give one of --credential, --data and --core-data-set')
  if (use !== undefined && credential.length === 0) throw unprocessable('--use goes with --credential')
  return {
    name: 'this',
    place: '',
    data: await dataOf({ credential, data, coreDataSet }),
    clock: at,
    ...(jurisdiction === undefined ? {} : { jurisdiction }),
    ...(use === undefined ? {} : { use }),
    ...(language === undefined ? {} : { language }),
    parameters: (options.parameter ?? []).map(parameterOf),
    plans: [],
    selected: false,
    expect: { results: [], messages: [], missing: [] },
  }
}

async function dataOf({
  credential,
  data,
  coreDataSet,
}: {
  credential: string[]
  data: string | undefined
  coreDataSet: string[]
}): Promise<RuleCase['data']> {
  if (credential.length > 0) return { kind: 'credentials', credentials: await Promise.all(credential.map(read)) }
  if (data === undefined)
    return {
      kind: 'coreDataSets',
      coreDataSets: (await Promise.all(coreDataSet.map(read))).map(({ json }) => objectOf(json)),
    }
  const { json } = await read(data)
  if (!isBundle(json)) throw unprocessable(`${data} is no FHIR Bundle`)
  return { kind: 'bundle', bundle: json }
}

const isBundle = (json: unknown): json is Bundle => isJsonObject(json) && json.resourceType === 'Bundle'

function objectOf(json: Json): JsonObject {
  if (!isJsonObject(json)) throw unprocessable('a core data set is an object')
  return json
}

/** JSON is YAML, too. */
async function read(file: string): Promise<YamlText> {
  return yamlOf((file === '-' ? await readBounded(file, mostBytes) : await readFile(file)).toString('utf8'), file)
}

function yamlOf(text: string, name: string): YamlText {
  try {
    return readYaml(text, { document: 'document' })
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw new FhirError(
      400,
      error.problems.map((each) => issue('structure', `${name}: ${each}`)),
    )
  }
}

function parameterOf(text: string): RuleCase['parameters'][number] {
  const at = text.indexOf('=')
  if (at < 1) throw unprocessable(`--parameter ${text}: name=value is wanted`)
  const name = text.slice(0, at)
  return { name, value: yamlOf(text.slice(at + 1), `--parameter ${name}`).json, place: '' }
}

function resultLines(results: RuleResult[]): string[] {
  return results.flatMap((each) => [
    ...headLines(each),
    ...each.evidence.map(({ name, value }) => `      ${oneLine(name)} = ${oneLine(JSON.stringify(value))}`),
  ])
}

function headLines({ result, action, expression, message, planDefinition, library }: RuleResult): string[] {
  const outcome = result === null ? 'warn' : result ? 'pass' : 'fail'
  return [
    `  ${sign(outcome)} ${oneLine(action || expression)}: ${result}${message === undefined ? '' : ` – ${oneLine(message)}`}`,
    `      ${[planDefinition, `${library}#${expression}`].filter(Boolean).join('  ')}`,
  ]
}

/** The tree of sentences, else the values behind the result. */
function explanationLines(results: RuleResult[]): string[] {
  return results.flatMap((each) =>
    each.explanation ? [...headLines(each), ...treeLines(each.explanation, 3)] : resultLines([each]),
  )
}

function treeLines({ text, value, place, parts }: Explanation, depth: number): string[] {
  const where = place ? `  (${place.library}:${place.line}:${place.column})` : ''
  const shown = value === null || typeof value !== 'object' ? ` → ${value}` : ''
  return [
    `${'  '.repeat(depth)}${oneLine(text)}${shown}${where}`,
    ...parts.flatMap((each) => treeLines(each, depth + 1)),
  ]
}
