import type { Constants } from '../../base/code/generated-code.ts'
import type { CompiledGroup, MapScope, Program } from '../compile/program.ts'
import type { Held, Holdings, Known, Stretch } from './held.ts'

/** What the code of a program is made with. */
export interface ProgramCode {
  program: Program
  constants: Constants
  /** A name for a variable that no other has. */
  fresh(): string
  /** A name for a function that no other has. */
  freshFunction(): string
  /**
   * Name of the function that stands in for a group when it is called with these arguments; undefined for one that is left to the
   * closures. A group that calls itself has one function.
   */
  functionOf(group: CompiledGroup, args: Known[]): string | undefined
  /** Rules of some map set a variable as a whole: then it matters where an object stands. */
  setsWholes: boolean
}

/** What the code of a function is made with. */
export interface FunctionCode extends ProgramCode, Stretch {
  map: MapScope
  /** Makes the rule that fires known to what may remark on a value. */
  atRule: string
  /** A variable of the function. */
  declare(): string
  /** The number of a place, for errors. */
  placeOf(place: object): number
}

/** JavaScript of the node of a variable. */
export function nodeOf(held: Held, constants: Constants): string {
  if (held.node !== undefined) return held.node
  if (held.type === undefined) return 'undefined'
  const { value, type, listed, loose } = held
  const marks = `${listed ? ', listed: true' : ''}${loose === undefined ? '' : `, loose: ${loose}`}`
  return `{ value: ${value}, type: ${constants.of(type)}${marks} }`
}

/** JavaScript of the frame in which closures find the variables. */
export function frameOf(holdings: Holdings, constants: Constants): string {
  const slots: string[] = []
  for (const [slot, held] of holdings) slots[slot] = nodeOf(held, constants)
  return `{ slots: [${Array.from(slots, (each) => each ?? 'undefined').join(', ')}], run: r, depth: d }`
}
