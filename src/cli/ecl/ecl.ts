import type { Command } from 'commander'
import type { CommandResult } from '../exit-codes.ts'
import { addCheck } from './check.ts'
import { addExpand } from './expand.ts'

/** `vidimus ecl check|expand`: expression constraints of SNOMED CT, for their authors (docs/ecl.md). */
export function addEcl(program: Command, result: CommandResult): void {
  const ecl = program
    .command('ecl')
    .description('checks and evaluates expression constraints of SNOMED CT over a release that was imported')
  addCheck(ecl, result)
  addExpand(ecl, result)
  for (const command of ecl.commands) command.exitOverride()
}
