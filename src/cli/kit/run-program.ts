/** One command line of this program, with the commands that it may be. */
import { Command, CommanderError } from 'commander'
import product from '../../../package.json' with { type: 'json' }
import { errorText, isSystemError } from '../../base/system-error.ts'
import { misspeltSettings } from '../../config/misspelt.ts'
import { ConfigError } from '../../config.ts'
import { FhirError } from '../../fhir/error.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'

/** Adds a command to the program. */
export type AddCommand = (program: Command, result: CommandResult) => void

/** Who reads the output may stop reading (`| head`): what is still to be said is said to nobody, and is no fault. */
function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error) => {
      if (!('code' in error) || error.code !== 'EPIPE') throw error
    })
}

/** Runs one command line; resolves with the exit status. Errors are told on standard error, without a stack. */
export async function runProgram(argv: string[], commands: readonly AddCommand[]): Promise<number> {
  ignoreClosedPipes()
  const result: CommandResult = { exitCode: exitCodes.done }
  const program = new Command('vidimus')
    .description('FHIR R4 terminology and business-rules server of the Global Digital Health Certification Network')
    .version(product.version)
    .exitOverride()
  for (const add of commands) add(program, result)
  // No argument of a command is read as `-V`. After the commands, which would take it over for those below them.
  program.enablePositionalOptions()
  for (const command of program.commands) command.exitOverride()
  // The loader is a child of `serve`, which has told it.
  program.hook('preAction', (_program, command) => {
    if (command.name() !== 'load-base-content') for (const each of misspeltSettings()) console.error(each)
  })
  try {
    await program.parseAsync(argv)
    return result.exitCode
  } catch (error) {
    return exitCodeOf(error)
  }
}

function exitCodeOf(error: unknown): number {
  // Help and version end by this exception too, with exit code 0; commander has printed what there is to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUse
  if (error instanceof FhirError) {
    for (const { details, diagnostics } of error.issues) {
      // Diagnostics begin with the place and repeat the text: the place alone is news.
      const place = diagnostics?.match(/^line \d+, column \d+/)?.[0] ?? diagnostics
      const isSaid = place !== undefined && details?.text?.includes(place)
      console.error([details?.text, isSaid ? undefined : place].filter(Boolean).join(' – '))
    }
  } else if (isSystemError(error) || error instanceof ConfigError || isOurs(error)) console.error(errorText(error))
  else console.error(error)
  return exitCodes.wrongUse
}

/** What this program says itself with a code of its own; Node marks its own faults with `ERR_`, and they are ours to mend. */
function isOurs(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && !String(error.code).startsWith('ERR_')
}
