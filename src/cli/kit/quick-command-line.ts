/** The command line of who wants a verdict by a kit: only what that takes is loaded. */
import { addEvaluate } from '../evaluate.ts'
import { type AddCommand, runProgram } from './run-program.ts'

/** `vidimus kit evaluate`, alone. */
const kitAlone: AddCommand = (program, result) =>
  addEvaluate(program.command('kit').description('verifier kits').exitOverride(), result, true)

/** As the whole command line, for the commands that take a kit. */
export const runCommandLine = (argv: string[]): Promise<number> =>
  runProgram(argv, [(program, result) => addEvaluate(program, result), kitAlone])
