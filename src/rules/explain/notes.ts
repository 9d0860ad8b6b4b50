/** What an explanation notes at the runs of a recording, so that it is found out once: a map would have to number every one of them. */
import type { Execution, StepContext } from '../cql/run/recording.ts'
import type { Reason } from './reason.ts'

/** One element, or one combination of elements, that a query looked at. */
export interface Iteration {
  context: StepContext
  /** What the condition gave; absent in a query without one, and where `with` or `without` had excluded it already. */
  where?: Execution
  /** `with` and `without`, as far as they were asked. */
  relations: Execution[]
  returned?: Execution
  /** Whether the query went on with it. */
  passed: boolean
}

/** The runs of the sources of a query, and what it made of each element of them. */
export interface QueryRun {
  sources: Execution[]
  /** In their order. */
  iterations: Iteration[]
}

/** Why a run gave what it gave, with what it cost to find out: steps, and levels below it. */
export interface Found {
  reasons: Reason[]
  spent: number
  height: number
}

class Notes {
  query: QueryRun | undefined
  found: (Found | undefined)[] = []
  /** Who found it. */
  owner: object | undefined
}

/** The notes at a run. */
export function notesAt(run: Execution): Notes {
  if (run.notes instanceof Notes) return run.notes
  const notes = new Notes()
  run.notes = notes
  return notes
}

/** What one explanation has found at a run, by how it was asked; another one, which may speak another language, finds nothing. */
export function foundAt(run: Execution, owner: object): (Found | undefined)[] {
  const notes = notesAt(run)
  if (notes.owner !== owner) {
    notes.owner = owner
    notes.found = [undefined, undefined, undefined, undefined]
  }
  return notes.found
}
