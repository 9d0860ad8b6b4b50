/** What compiled rules are made of: a step is one node of ELM as a function, which answers at once. */
import type { Date as CqlDate, DateTime } from 'cql-execution'
import type { BoundCodeService } from '../run/code-service.ts'
import type { RecordSource } from '../run/data-provider.ts'

/** What one evaluation of a library knows. */
export interface CompiledRun {
  /** Values of the defines of each library, as far as they were evaluated; the first library is the one that is run. */
  values: unknown[][]
  clock: DateTime
  today(): CqlDate
  source: RecordSource
  /** Values of parameters by name; a default stands in place of what is not there. */
  parameters: Readonly<Record<string, unknown>>
  codes: BoundCodeService
  /** A frame of what asks for no name, and gives none. */
  bare: Frame
}

/** Where a step stands: the aliases, lets and operands of the define or function around it. */
export interface Frame {
  slots: unknown[]
  run: CompiledRun
}

/** A node of ELM, ready to answer. @throws LeftToExecutor, Suspended, and what an operator throws */
export type Step = (frame: Frame) => unknown

/**
 * What is not compiled, or not in this case: the whole library is left to the executor. Nothing is half answered, for nothing has an
 * effect before it is answered.
 */
export class LeftToExecutor extends Error {}

/** Something that is not here yet. When it is, the evaluation begins anew, with the defines that it has. */
export class Suspended extends Error {
  readonly ready: Promise<unknown>

  constructor(ready: Promise<unknown>) {
    super('waits')
    this.ready = ready
  }
}

/** Says that a value is none that a compiled step knows what to do with. */
export function leave(why: string): never {
  throw new LeftToExecutor(why)
}
