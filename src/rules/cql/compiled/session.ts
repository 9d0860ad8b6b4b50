/** A compiled library over the data of one request. */
import type { DateTime } from 'cql-execution'
import type { BoundCodeService } from '../run/code-service.ts'
import type { RecordSource } from '../run/data-provider.ts'
import type { Program } from './program.ts'
import { type CompiledRun, LeftToExecutor, Suspended } from './step.ts'

/** What a program is run over. */
export interface SessionData {
  clock: DateTime
  source: RecordSource
  parameters: Readonly<Record<string, unknown>>
  codes: BoundCodeService
}

/** A value that was found. */
export interface Found {
  value: unknown
}

/** Defines share what they computed. */
export interface Session {
  /**
   * The value of a define, at once unless something is waited for; undefined where the library is left to the executor, which then
   * answers everything anew.
   * @throws what an operator throws
   */
  evaluate(define: string): Found | undefined | Promise<Found | undefined>
  /** What a define gave; undefined for one that was not evaluated. */
  define(name: string): unknown
  parameter(name: string): unknown
}

/** Opens a program over data. */
export function openSession(program: Program, { clock, source, parameters, codes }: SessionData): Session {
  const values: unknown[][] = []
  for (let at = 0; at < program.libraries; at++) values.push([])
  let today: ReturnType<CompiledRun['today']> | undefined
  const run: CompiledRun = {
    values,
    clock,
    today() {
      today ??= clock.getDate()
      return today
    },
    source,
    parameters,
    codes,
  }
  const evaluate = (define: string): Found | undefined | Promise<Found | undefined> => {
    try {
      return { value: program.evaluate(define, run) }
    } catch (error) {
      if (isLeft(error)) return undefined
      if (!(error instanceof Suspended)) throw error
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

/** The executor, whose steps wait for each other, goes deeper than the stack. */
const isLeft = (error: unknown): boolean => error instanceof LeftToExecutor || error instanceof RangeError
