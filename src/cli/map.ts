import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { FhirError } from '../fhir/error.ts'
import { parseJson } from '../fhir/json.ts'
import type { Issue, StructureMap } from '../fhir/types.ts'
import { checkMap, parseMap, printMap, type TraceSink } from '../structure-map/maps.ts'
import type { CommandResult } from './command-line.ts'
import { exitCodes } from './exit-codes.ts'
import { openLoadedServer } from './loaded-server.ts'

/** `vidimus map check|run|format`: for authors of maps, without a server. */
export function addMap(program: Command, result: CommandResult): void {
  const map = program.command('map').description('works on FHIR Mapping Language files').exitOverride()
  map
    .command('check')
    .description('reports errors and warnings with their places; exit status 1 when there are errors')
    .argument('<file...>', 'maps in FML')
    .option('--strict', 'the current specification alone: no lenient forms')
    .action(async (files: string[], options: { strict?: boolean }) => {
      for (const file of files) if (!(await check(file, options.strict === true))) result.exitCode = exitCodes.negative
    })
  map
    .command('format')
    .description('prints maps in the stable form')
    .argument('<file...>', 'maps in FML')
    .option('--write', 'change the files instead')
    .action(async (files: string[], options: { write?: boolean }) => {
      for (const file of files) {
        const text = printMap(parseMap(await readFile(file, 'utf8')).map)
        if (options.write) await writeFile(file, text)
        else process.stdout.write(text)
      }
    })
  map
    .command('run')
    .description('transforms a JSON instance; other maps, value sets and models come from the store')
    .argument('<source>', 'JSON instance')
    .argument('<file...>', 'maps in FML; the first is run, the others are there to be imported')
    .option('--trace', 'tell on standard error which rule made what')
    .action(run)
}

async function check(file: string, strict: boolean): Promise<boolean> {
  let issues: Issue[]
  try {
    const { map, warnings } = parseMap(await readFile(file, 'utf8'), { strict })
    issues = [...warnings, ...checkMap(map)]
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    issues = error.issues
  }
  for (const each of issues) console.log(`${file}: ${each.severity}: ${each.diagnostics ?? each.details?.text}`)
  const good = !issues.some((each) => each.severity === 'error' || each.severity === 'fatal')
  if (good) console.log(`${file}: ${issues.length === 0 ? 'no remarks' : 'usable'}`)
  return good
}

async function run(source: string, files: string[], options: { trace?: boolean }): Promise<void> {
  const parsed = await Promise.all(files.map(async (file) => parseMap(await readFile(file, 'utf8')).map))
  const [first, ...supporting] = parsed as [StructureMap, ...StructureMap[]] // the argument is required
  const instance = parseJson(await readFile(source))
  const server = await openLoadedServer(readConfig())
  try {
    const compiled = await server.maps.compile(first, supporting)
    for (const warning of compiled.warnings) console.error(`warning: ${warning.details?.text ?? warning.diagnostics}`)
    const sink: TraceSink = { event: (event) => console.error(JSON.stringify(event)) }
    console.log(
      JSON.stringify(
        compiled.run(instance, {
          now: new Date(),
          uuid: () => randomUUID(),
          ...(options.trace ? { trace: sink } : {}),
        }),
        null,
        2,
      ),
    )
  } finally {
    await server.close()
  }
}
