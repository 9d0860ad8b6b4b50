/** Defines of a library that answers at once, as long as it can; from then on the executor answers, for all that was asked. */
import { isError } from '../../../fhir/error.ts'
import type { Program } from '../compiled/program.ts'
import type { Session } from '../compiled/session.ts'
import type { Define, ParameterDeclaration } from '../translate/elm.ts'
import type { CompiledLibrary } from '../translate/libraries.ts'
import type { DefineResult } from './define-result.ts'
import { evidenceOf } from './evidence.ts'

/** The compiled form of a library, or why there is none. */
export type ProgramOf = (library: CompiledLibrary) => Program | string

/** The program of a library that may be run by it: nothing of it, and of what it includes, is in doubt. */
export function runnableProgram(library: CompiledLibrary, programOf: ProgramOf | undefined): Program | undefined {
  if (!programOf || [library, ...library.includes].some(({ issues }) => issues.some(isError))) return undefined
  const program = programOf(library)
  return typeof program === 'string' ? undefined : program
}

interface Ways {
  /** Opens for the first define that is asked for; undefined, or an error, where this call is left to the executor. */
  open(define: Define): Session | undefined
  execute(define: Define): Promise<DefineResult>
}

/** Answers defines one after the other. */
export function compiledDefines(
  library: CompiledLibrary,
  { open, execute }: Ways,
): (define: Define) => Promise<DefineResult> {
  const answered: Define[] = []
  let session: Session | undefined
  let isLeft = false
  return async (define) => {
    if (!isLeft) {
      session ??= opened(open, define)
      const result = session && (await answer(session, define, library))
      if (result) {
        answered.push(define)
        return result
      }
      isLeft = true
      // Evidence tells what was evaluated, by earlier questions too.
      for (const each of answered) await execute(each)
    }
    return execute(define)
  }
}

function opened(open: Ways['open'], define: Define): Session | undefined {
  try {
    return open(define)
  } catch {
    // What is wrong the executor finds as well, and tells.
    return undefined
  }
}

async function answer(session: Session, define: Define, library: CompiledLibrary): Promise<DefineResult | undefined> {
  const { name, type } = define
  const found = await session.evaluate(name)
  if (!found) return undefined
  try {
    return { name, value: found.value ?? null, type, evidence: await evidenceOf(define, session, library) }
  } catch {
    // A default of a parameter that fails: the executor meets and tells it.
    return undefined
  }
}

/** Whether the executor finds the values of parameters wherever they are asked for: one that has a `default` of its own it takes for a declaration. */
export const areFound = (values: Readonly<Record<string, unknown>>, declarations: ParameterDeclaration[]): boolean =>
  declarations.every(({ name }) => {
    const value = values[name]
    return typeof value !== 'object' || value === null || !('default' in value)
  })
