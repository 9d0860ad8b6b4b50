import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { isJsonObject, stringifyJson } from '../base/json.ts'
import { readConfig } from '../config.ts'
import { FhirError, isError, unprocessable } from '../fhir/error.ts'
import { parseJson } from '../fhir/json.ts'
import type { Issue, StructureMap } from '../fhir/types.ts'
import {
  asAuthorSees,
  checkWithStore,
  describeRemark,
  type Maps,
  parseMap,
  printMap,
  type TraceSink,
} from '../structure-map/maps.ts'
import { type CommandResult, exitCodes } from './exit-codes.ts'
import { openLoadedServer } from './loaded-server.ts'

/** `vidimus map check|run|format`: for authors of maps, without a server. */
export function addMap(program: Command, result: CommandResult): void {
  const map = program.command('map').description('works on FHIR Mapping Language files').exitOverride()
  map
    .command('check')
    .description(
      'reports errors and warnings with their places; models, maps and value sets come from the store; exit status 1 when there are errors',
    )
    .argument('<file...>', 'maps in FML; - reads standard input')
    .option('--strict', 'the current specification alone: no lenient forms')
    .action(async (files: string[], options: { strict?: boolean }) => {
      if (!(await checkAll(files, options.strict === true))) result.exitCode = exitCodes.negative
    })
  map
    .command('format')
    .description('prints maps in the stable form')
    .argument('<file...>', 'maps in FML; - reads standard input')
    .option('--write', 'change the files instead')
    .action(async (files: string[], options: { write?: boolean }) => {
      if (options.write && files.includes('-')) map.error('error: --write changes files; standard input is none')
      for (const file of files) {
        const printed = printMap((await readMap(file)).map)
        if (options.write) await writeFile(file, printed)
        else process.stdout.write(printed)
      }
    })
  map
    .command('run')
    .description('transforms a JSON instance; other maps, value sets and models come from the store')
    .argument('<source>', 'JSON instance; - reads standard input')
    .argument('<file...>', 'maps in FML; the first is run, the others are there to be imported')
    .option('--trace', 'tell on standard error which rule made what')
    .action(run)
}

/** The text of a file; `-` is standard input. */
function readText(file: string): Promise<string> {
  return file === '-' ? text(process.stdin) : readFile(file, 'utf8')
}

/** Reads a map; the FhirError of one that is not FML names the file. */
async function readMap(file: string, strict = false): Promise<{ map: StructureMap; warnings: Issue[] }> {
  const fml = await readText(file)
  try {
    return parseMap(fml, { strict })
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    const located = error.issues.map(({ details: _, ...each }) => ({
      ...each,
      diagnostics: `${file}: ${each.diagnostics ?? error.message}`,
    }))
    throw new FhirError(error.status, located)
  }
}

async function checkAll(files: string[], strict: boolean): Promise<boolean> {
  const server = await openLoadedServer(readConfig())
  try {
    const good: boolean[] = []
    for (const file of files) good.push(await check(file, files, { strict, maps: server.maps }))
    return !good.includes(false)
  } finally {
    await server.close()
  }
}

async function check(
  file: string,
  files: string[],
  { strict, maps }: { strict: boolean; maps: Pick<Maps, 'compile'> },
): Promise<boolean> {
  const lines: string[] = []
  let good = false
  try {
    const { map, warnings } = await readMap(file, strict)
    const found = await checkWithStore(map, await readOthers(file, files), { maps })
    const issues = asAuthorSees([...warnings, ...found])
    good = !issues.some(isError)
    lines.push(...issues.map((each) => `${file}: ${each.severity}: ${each.diagnostics ?? each.details?.text}`))
    if (good) lines.push(`${file}: ${issues.length === 0 ? 'no remarks' : 'usable, with remarks'}`)
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    for (const { severity, diagnostics } of error.issues)
      lines.push(diagnostics?.replace(`${file}: `, `${file}: ${severity}: `) ?? error.message)
  }
  console.log(lines.join('\n'))
  return good
}

/** The other files, which the map may import; one that cannot be read is reported where it is checked itself. */
async function readOthers(file: string, files: string[]): Promise<StructureMap[]> {
  const others = await Promise.allSettled(files.filter((each) => each !== file).map((each) => readMap(each)))
  return others.flatMap((each) => (each.status === 'fulfilled' ? [each.value.map] : []))
}

async function run(source: string, files: string[], options: { trace?: boolean }): Promise<void> {
  const parsed = await Promise.all(files.map(async (file) => (await readMap(file)).map))
  const [first, ...supporting] = parsed as [StructureMap, ...StructureMap[]] // the argument is required
  const instance = parseJson(await readText(source))
  if (!isJsonObject(instance)) throw unprocessable(`${source} is no instance: its JSON is no object`)
  const server = await openLoadedServer(readConfig())
  try {
    const compiled = await server.maps.compile(first, supporting)
    for (const warning of compiled.warnings) console.error(`warning: ${warning.details?.text ?? warning.diagnostics}`)
    const sink: TraceSink = { event: (event) => console.error(JSON.stringify(event)) }
    console.log(
      stringifyJson(
        compiled.run(instance, {
          now: new Date(),
          uuid: () => randomUUID(),
          remark: (remark) => console.error(`warning: ${describeRemark(remark)}`),
          ...(options.trace ? { trace: sink } : {}),
        }),
        2,
      ),
    )
  } finally {
    await server.close()
  }
}
