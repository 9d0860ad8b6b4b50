/** The command line of who starts a server: what other commands take is not loaded. */
// The executor of rules reads dates as soon as it is there.
import '../../rules/cql/one-locale.ts'
import { runProgram } from '../kit/run-program.ts'
import { addServe } from '../serve/serve.ts'

/** As the whole command line, for `serve` alone. */
export const runCommandLine = (argv: string[]): Promise<number> => runProgram(argv, [addServe])
