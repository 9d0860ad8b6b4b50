import type { Command } from 'commander'
import { type CheckedEcl, checkEcl } from '../../terminology/vocabularies/snomed/ecl/check-ecl.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'
import { openRelease } from './release.ts'

interface Options {
  version?: string
  json?: boolean
}

/** `vidimus ecl check <expression>`: whether it can be read and evaluated, with line and column of what is wrong. */
export function addCheck(ecl: Command, result: CommandResult): void {
  ecl
    .command('check')
    .description(
      'reads an expression constraint and looks up what it names; exit status 1 when it cannot be read or evaluated. Without an imported release the syntax alone is judged',
    )
    .argument('<expression>', 'the expression, in brief or long syntax; - reads standard input')
    .option('--version <uri>', 'edition or version of SNOMED CT (default: the newest that was imported)')
    .option('--json', 'print what was found as JSON')
    .action(async (expression: string, { version, json = false }: Options) => {
      const content = await openRelease(version)
      const checked = checkEcl(await textOf(expression), content)
      if (json) console.log(JSON.stringify({ ...checked, release: content?.version }, undefined, 2))
      else for (const line of linesOf(checked, content?.version)) console.log(line)
      if (checked.remarks.some((each) => each.severity === 'error')) result.exitCode = exitCodes.negative
    })
}

/** An argument, or what stands on standard input. */
export async function textOf(argument: string): Promise<string> {
  if (argument !== '-') return argument
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

function linesOf({ brief, remarks }: CheckedEcl, release: string | undefined): string[] {
  const lines = remarks.map((each) => `${each.line}:${each.column} ${each.severity}: ${each.text}`)
  if (brief !== undefined) lines.push(brief)
  lines.push(
    release === undefined
      ? 'No release of SNOMED CT was imported: concepts were not looked up.'
      : `Checked with ${release}.`,
  )
  return lines
}
