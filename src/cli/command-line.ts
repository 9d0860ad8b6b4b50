import { Command, CommanderError } from 'commander'
import { errorText, isSystemError } from '../base/system-error.ts'
import { misspeltSettings } from '../config/misspelt.ts'
import { ConfigError } from '../config.ts'
import { FhirError } from '../fhir/error.ts'
import { software } from '../server.ts'
import { addLoadBaseContent } from './base-content.ts'
import { addDecode } from './decode.ts'
import { addDemo } from './demo.ts'
import { addEvaluate } from './evaluate.ts'
import { type CommandResult, exitCodes } from './exit-codes.ts'
import { addImport } from './import.ts'
import { addIssue } from './issue.ts'
import { addKeys } from './keys.ts'
import { addMap } from './map.ts'
import { addDirectory } from './network/directory.ts'
import { addGateway } from './network/gateway.ts'
import { addMirror } from './network/mirror.ts'
import { addRegister } from './network/register.ts'
import { addBackup } from './operation/backup.ts'
import { addRestore } from './operation/restore.ts'
import { addStorage } from './operation/storage.ts'
import { addExportEuRules } from './publish/export-eu-rules.ts'
import { addPublish } from './publish/publish.ts'
import { addRules } from './rules/rules.ts'
import { addServe } from './serve.ts'
import { addTrust } from './trust.ts'

/** Every command, in the order in which the help lists them: a new one is one line here. */
const commands = [
  addServe,
  addEvaluate,
  addDecode,
  addImport,
  addExportEuRules,
  addPublish,
  addRules,
  addBackup,
  addRestore,
  addStorage,
  addTrust,
  addDirectory,
  addRegister,
  addGateway,
  addMirror,
  addKeys,
  addMap,
  addIssue,
  addDemo,
  addLoadBaseContent,
]

/** Who reads the output may stop reading (`| head`): what is still to be said is said to nobody, and is no fault. */
function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error) => {
      if (!('code' in error) || error.code !== 'EPIPE') throw error
    })
}

/** Runs one command line; resolves with the exit status. Errors are told on standard error, without a stack. */
export async function runCommandLine(argv: string[]): Promise<number> {
  ignoreClosedPipes()
  const result: CommandResult = { exitCode: exitCodes.done }
  const program = new Command('vidimus')
    .description('FHIR R4 terminology and business-rules server of the Global Digital Health Certification Network')
    .version(software.version)
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
