import type { Command } from 'commander'
import type { CommandResult } from '../exit-codes.ts'
import { addCheck } from './check-rules.ts'
import { addNew } from './new-rule.ts'
import { addRun } from './run-rules.ts'
import { addTest } from './test-rules.ts'

/** `vidimus rules check|test|run|explain|new`: for authors of rules, without a server (docs/rule-tests.md). */
export function addRules(program: Command, result: CommandResult): void {
  const rules = program.command('rules').description('checks, tests and runs business rules in a folder').exitOverride()
  addCheck(rules, result)
  addTest(rules, result)
  addRun(rules, result)
  addNew(rules)
}
