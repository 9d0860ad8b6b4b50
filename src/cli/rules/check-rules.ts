/** `vidimus rules check`: everything that can be said of rules without running them. */
import type { Command } from 'commander'
import { isError } from '../../fhir/error.ts'
import { lintRules } from '../../rules/cases/lint.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'
import { oneLine } from '../table.ts'
import { type FileFault, readAuthorFolder } from './author-folder.ts'
import { openAuthorServer } from './author-server.ts'
import { faultLine } from './print-suite.ts'
import { artefactFaults, caseFaults } from './suite.ts'

interface Options {
  canonical?: string
  strict?: boolean
  json?: boolean
}

/** A finding, and how grave it is. */
interface Finding extends FileFault {
  severity: 'error' | 'warning'
}

/** `vidimus rules check [folder]` */
export function addCheck(rules: Command, result: CommandResult): void {
  rules
    .command('check')
    .description(
      'translates every rule of a folder and tells every fault with its place: what would not be published, rules that never apply, unused defines, parameters without default, messages and translations that are missing, value sets that are not known, cases that are not understood. Exit status 0 no errors; 1 errors; 2 wrong use',
    )
    .argument('[folder]', 'folder of the rules', 'rules')
    .option('--canonical <url>', 'base of canonicals, where the folder has no package.json that says it')
    .option('--strict', 'warnings count as errors')
    .option('--json', 'print JSON')
    .action(async (folder: string, options: Options) => {
      const findings = await check(folder, options)
      if (options.json)
        console.log(
          JSON.stringify(
            findings.map(({ issues: _, ...each }) => each),
            null,
            2,
          ),
        )
      else for (const each of findings) console.log(findingLine(each))
      const errors = findings.filter(({ severity }) => severity === 'error').length
      const warnings = findings.length - errors
      if (!options.json) console.log(`${errors} errors, ${warnings} warnings`)
      if (errors > 0 || (options.strict && warnings > 0)) result.exitCode = exitCodes.negative
    })
}

/** As compilers tell it: place, severity, text. */
function findingLine({ severity, text, ...at }: Finding): string {
  return faultLine({ ...at, text: `${severity}: ${oneLine(text)}` })
}

async function check(path: string, { canonical }: Options): Promise<Finding[]> {
  const folder = await readAuthorFolder(path, canonical)
  const found: Finding[] = folder.faults.map((each) => ({ ...each, severity: 'error' as const }))
  const server = await openAuthorServer(folder, [])
  try {
    for (const each of await artefactFaults(folder, server))
      found.push({ ...each, severity: each.issues?.some(isError) ? 'error' : 'warning' })
    for (const each of await caseFaults(folder, server)) found.push({ ...each, severity: 'error' })
    const files = new Map(folder.resources.map(({ file, resource }) => [resource, file]))
    for (const { of, ...each } of await lintRules(folder, server.server.rules.workshop, new Date())) {
      const file = ('library' in of ? folder.texts.get(of.library)?.file : files.get(of.plan)) ?? path
      found.push({ ...each, file, severity: 'warning' })
    }
  } finally {
    await server.close()
  }
  return distinct(found).sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : lineOf(a) - lineOf(b)))
}

const lineOf = ({ place }: Finding) => Number(/^line (\d+)/.exec(place ?? '')?.[1] ?? 0)

/** A fault of an included library is told with each that includes it. */
function distinct(found: Finding[]): Finding[] {
  return [...new Map(found.map((each) => [findingLine(each), each])).values()]
}
