import { addLoadBaseContent } from './base-content.ts'
import { addDecode } from './decode.ts'
import { addDemo } from './demo.ts'
import { addEcl } from './ecl/ecl.ts'
import { addEvaluate } from './evaluate.ts'
import { addImport } from './import.ts'
import { addIssue } from './issue.ts'
import { addKeys } from './keys.ts'
import { addKit } from './kit/kit.ts'
import { type AddCommand, runProgram } from './kit/run-program.ts'
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
import { addServe } from './serve/serve.ts'
import { addTrust } from './trust.ts'

/** Every command, in the order in which the help lists them: a new one is one line here. */
const commands: AddCommand[] = [
  addServe,
  (program, result) => addEvaluate(program, result),
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
  addKit,
  addMap,
  addEcl,
  addIssue,
  addDemo,
  addLoadBaseContent,
]

/** Runs one command line; resolves with the exit status. Errors are told on standard error, without a stack. */
export const runCommandLine = (argv: string[]): Promise<number> => runProgram(argv, commands)
