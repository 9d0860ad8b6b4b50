/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util'
import { nearestName } from '../../../src/base/nearest.ts'

/** What is wanted. */
export interface Wanted {
  sections: string[]
  isAll: boolean
  isQuick: boolean
  isList: boolean
  isHelp: boolean
  /** File to write. */
  json?: string
  /** File of an earlier run. */
  compare?: string
  /** File of a run that is taken instead of measuring. */
  measured?: string
}

/** How it is called. */
export const usage = `npm run bench -- [section…] [--quick] [--json <file>] [--compare <file> [--measured <file>]] [--list]

Measures every section, or those that are named, and prints their figures: value, noise, ratio to bare work of the same run, what is wanted.

  --quick            fewer and shorter rounds, smaller data: a look, under two minutes
  --json <file>      writes all figures
  --compare <file>   what got slower since that file of --json, by ratios; measured a second time before it is said
  --measured <file>  compares that file of --json instead of measuring
  --list             names of the sections

Exit: 0 measured, and nothing is slower; 1 something is slower, missing or too noisy to say, or a section failed; 2 wrong arguments or files.
`

/** An argument that is not understood. */
export class ArgumentError extends Error {}

/** @throws ArgumentError for what is not known, and for what does not go together */
export function readArguments(argv: readonly string[], known: readonly string[]): Wanted {
  const { values, positionals } = parse(argv)
  for (const name of positionals) {
    if (known.includes(name)) continue
    const like = nearestName(name, known)
    throw new ArgumentError(
      `there is no section "${name}"${like === undefined ? '' : `; did you mean ${like}?`} (--list names them)`,
    )
  }
  if (values.measured !== undefined && values.compare === undefined)
    throw new ArgumentError('--measured goes with --compare')
  if (values.measured !== undefined && values.json !== undefined)
    throw new ArgumentError('--measured measures nothing that --json could write')
  for (const name of ['json', 'compare', 'measured'] as const)
    if (values[name] === '') throw new ArgumentError(`--${name} wants the name of a file`)
  return {
    sections: positionals.length > 0 ? [...new Set(positionals)] : [...known],
    isAll: positionals.length === 0,
    isQuick: values.quick,
    isList: values.list,
    isHelp: values.help,
    ...(values.json === undefined ? {} : { json: values.json }),
    ...(values.compare === undefined ? {} : { compare: values.compare }),
    ...(values.measured === undefined ? {} : { measured: values.measured }),
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        json: { type: 'string' },
        compare: { type: 'string' },
        measured: { type: 'string' },
      },
    })
  } catch (error) {
    throw new ArgumentError(error instanceof Error ? error.message : String(error))
  }
}
