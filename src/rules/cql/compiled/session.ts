/** A compiled library over the data of one request. */
import type { DateTime } from 'cql-execution'
import type { BoundCodeService } from '../run/code-service.ts'
import type { RecordSource } from '../run/data-provider.ts'
import type { Program } from './program.ts'
import { type CompiledRun, Suspended } from './step.ts'

/** What a program is run over. */
export interface SessionData {
  clock: DateTime
  source: RecordSource
  parameters: Readonly<Record<string, unknown>>
  codes: BoundCodeService
}

type Evaluated = { value: unknown } | undefined

/** Defines share what they computed. */
export interface Session {
  /** The value of a define; undefined where the library is left to the executor, which then answers everything anew. */
  evaluate(define: string): Evaluated | Promise<Evaluated>
  /** What a define gave; undefined for one that was not evaluated. */
  define(name: string): unknown
  parameter(name: string): unknown
}

/** Opens a program over data. */
export function openSession(program: Program, { clock, ...data }: SessionData): Session {
  let today: ReturnType<CompiledRun['today']> | undefined
  const run: CompiledRun = {
    ...data,
    clock,
    values: Array.from({ length: program.libraries }, () => []),
    today() {
      today ??= clock.getDate()
      return today
    },
  }
  /** Nearly always nothing is waited for, and then nobody waits. */
  const evaluate = (define: string): Evaluated | Promise<Evaluated> => {
    try {
      return { value: program.evaluate(define, run) }
    } catch (error) {
      if (!(error instanceof Suspended)) return undefined
      return error.ready.then(
        () => evaluate(define),
        // The executor meets the same fault, and tells it where it stands.
        () => undefined,
      )
    }
  }
  return {
    evaluate,
    define: (name) => program.known(name, run),
    parameter: (name) => program.parameter(name, run),
  }
}
