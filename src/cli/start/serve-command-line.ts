/** The command line of who starts a server: what other commands take is not loaded. */
import { runProgram } from '../kit/run-program.ts'
import { addServe } from '../serve/serve.ts'

/** As the whole command line, for `serve` alone. */
export const runCommandLine = (argv: string[]): Promise<number> => runProgram(argv, [addServe])
