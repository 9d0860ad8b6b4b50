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
): (define: Define) => DefineResult | Promise<DefineResult> {
  const answered: Define[] = []
  let session: Session | undefined
  let isLeft = false
  const leave = async (define: Define): Promise<DefineResult> => {
    isLeft = true
    // Evidence tells what was evaluated, by earlier questions too.
    for (const each of answered) await execute(each)
    return execute(define)
  }
  const noted = (define: Define, result: DefineResult | undefined): DefineResult | Promise<DefineResult> => {
    if (!result) return leave(define)
    answered.push(define)
    return result
  }
  return (define) => {
    if (isLeft) return execute(define)
    session ??= opened(open, define)
    const result = session && answer(session, define, library)
    return result instanceof Promise ? result.then((found) => noted(define, found)) : noted(define, result)
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

type Answered = DefineResult | undefined

/** At once where nothing is waited for. */
function answer(session: Session, define: Define, library: CompiledLibrary): Answered | Promise<Answered> {
  const found = session.evaluate(define.name)
  const told = (value: Awaited<typeof found>) => value && withEvidence(value, session, define, library)
  return found instanceof Promise ? found.then(told) : told(found)
}

function withEvidence(
  found: { value: unknown },
  session: Session,
  define: Define,
  library: CompiledLibrary,
): Answered | Promise<Answered> {
  const { name, type } = define
  const result = (evidence: DefineResult['evidence']): Answered => ({
    name,
    value: found.value ?? null,
    type,
    evidence,
  })
  // A default of a parameter that fails: the executor meets and tells it.
  const failed = () => undefined
  try {
    const evidence = evidenceOf(define, session, library)
    return evidence instanceof Promise ? evidence.then(result).catch(failed) : result(evidence)
  } catch {
    return failed()
  }
}

/** Whether the executor finds the values of parameters wherever they are asked for: one that has a `default` of its own it takes for a declaration. */
export const areFound = (values: Readonly<Record<string, unknown>>, declarations: ParameterDeclaration[]): boolean =>
  declarations.every(({ name }) => {
    const value = values[name]
    return typeof value !== 'object' || value === null || !('default' in value)
  })
