/** A compiled library over the data of one request. */
import type { Date as CqlDate, DateTime } from 'cql-execution'
import type { BoundCodeService } from '../run/code-service.ts'
import type { RecordSource } from '../run/data-provider.ts'
import type { Program } from './program.ts'
import { type CompiledRun, type Frame, LeftToExecutor, Suspended } from './step.ts'

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
export const openSession = (program: Program, data: SessionData): Session => new OpenSession(program, data)

class OpenSession implements Session, CompiledRun {
  readonly values: unknown[][] = []
  readonly clock: DateTime
  readonly source: RecordSource
  readonly parameters: Readonly<Record<string, unknown>>
  readonly codes: BoundCodeService
  readonly bare: Frame
  readonly #program: Program
  #today: CqlDate | undefined

  constructor(program: Program, { clock, source, parameters, codes }: SessionData) {
    this.#program = program
    this.clock = clock
    this.source = source
    this.parameters = parameters
    this.codes = codes
    this.bare = { slots: [], run: this }
    for (let at = 0; at < program.libraries; at++) this.values.push([])
  }

  today(): CqlDate {
    this.#today ??= this.clock.getDate()
    return this.#today
  }

  evaluate(define: string): Found | undefined | Promise<Found | undefined> {
    try {
      return { value: this.#program.evaluate(define, this) }
    } catch (error) {
      if (isLeft(error)) return undefined
      if (!(error instanceof Suspended)) throw error
      return error.ready.then(
        () => this.evaluate(define),
        // The executor meets the same fault, and tells it where it stands.
        () => undefined,
      )
    }
  }

  define(name: string): unknown {
    return this.#program.known(name, this)
  }

  parameter(name: string): unknown {
    return this.#program.parameter(name, this)
  }
}

/** The executor, whose steps wait for each other, goes deeper than the stack. */
const isLeft = (error: unknown): boolean => error instanceof LeftToExecutor || error instanceof RangeError
