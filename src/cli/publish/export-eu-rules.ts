import { join } from 'node:path'
import type { Command } from 'commander'
import { readConfig } from '../../config.ts'
import { writeWhole } from '../../files/whole-file.ts'
import { exportEuRules } from '../../publish/export/eu-rules.ts'
import { createServer } from '../../server.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'

interface Options {
  country?: string
  out?: string
}

/** `vidimus export-eu-rules`: the way back of an import, each rule byte for byte as its author wrote it. */
export function addExportEuRules(program: Command, result: CommandResult): void {
  program
    .command('export-eu-rules')
    .description(
      'writes the active EU rules (CertLogic) of the store as their authors wrote them (docs/eu-rules.md); exit status 1 when one that was named is not there, or a library in CertLogic is no whole rule',
    )
    .argument('[identifier...]', 'only these, e.g. VR-DE-0001')
    .option('--country <code>', 'only those of a country (alpha-2), or EU')
    .option('--out <folder>', 'one file a rule, <Identifier>-<Version>.json; by default a JSON list on standard output')
    .action(async (identifiers: string[], options: Options) => {
      if (!(await exportRules(identifiers, options))) result.exitCode = exitCodes.negative
    })
}

async function exportRules(identifiers: string[], { country, out }: Options): Promise<boolean> {
  const server = await createServer(readConfig())
  try {
    const wishes = { country: country?.toUpperCase(), identifiers }
    const { rules, leftOut } = await exportEuRules(server.storage, wishes)
    const missing = identifiers.filter((name) => !rules.some(({ identifier }) => identifier === name))
    for (const { canonical, reason } of leftOut) console.error(`${canonical}: left out: ${reason}`)
    for (const name of missing) console.error(`${name}: there is no active rule of this identifier`)
    if (out === undefined) console.log(`[${rules.map(({ text }) => `\n${withoutMark(text)}`).join(',')}\n]`)
    else
      for (const { identifier, version, text } of rules) {
        await writeWhole(join(out, `${identifier}-${version}.json`), text)
        console.log(`${identifier} ${version}`)
      }
    return leftOut.length === 0 && missing.length === 0
  } finally {
    await server.close()
  }
}

/** A byte order mark has no place within a list. */
const withoutMark = (text: Buffer): string => text.toString('utf8').replace(/^\uFEFF/, '')
