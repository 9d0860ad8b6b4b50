/** Why a define is what it is: what the defines and parameters gave that it used. */
import type { Json } from '../../../base/json-value.ts'
import { type Define, definesByName } from '../translate/elm.ts'
import type { CompiledLibrary } from '../translate/libraries.ts'
import { toJson } from './to-json.ts'

/** A define or parameter, and its value for people. */
export interface Evidence {
  name: string
  value: Json
}

/** What an evaluation knows. */
export interface Known {
  /** What a define gave; undefined for one that was not evaluated. */
  define(name: string): unknown
  /** The value of a parameter, or of its default; undefined for one that has neither. */
  parameter(name: string): unknown
}

/** Bounds evidence; a rule with more intermediate steps is explained by the first of them. */
const evidenceLimit = 50

/** Evaluated defines and parameters that a define refers to, directly or not, nearest first; at once where no value is waited for. */
export function evidenceOf(define: Define, known: Known, library: CompiledLibrary): Evidence[] | Promise<Evidence[]> {
  const gathering = gather(define, known, library)
  let step = gathering.next()
  while (!step.done) {
    if (step.value instanceof Promise) return later(gathering, step.value)
    step = gathering.next(step.value)
  }
  return step.value
}

/** Is given back the value of what it yields. */
type Gathering = Generator<unknown, Evidence[], unknown>

async function later(gathering: Gathering, first: Promise<unknown>): Promise<Evidence[]> {
  let step = gathering.next(await first)
  while (!step.done) step = gathering.next(await step.value)
  return step.value
}

function* gather(define: Define, known: Known, library: CompiledLibrary): Gathering {
  const byName = definesByName(library)
  const seen = new Set([define.name])
  const evidence: Evidence[] = []
  const queue = [define]
  for (const each of queue) {
    for (const name of each.parameters) {
      if (seen.has(`parameter ${name}`)) continue
      seen.add(`parameter ${name}`)
      const value = yield known.parameter(name)
      if (value !== undefined) evidence.push({ name, value: toJson(value) })
    }
    for (const name of each.references) {
      const reached = byName.get(name)
      const value: unknown = known.define(name)
      // What was not evaluated (the right side of `true or …`) explains nothing.
      if (!reached || seen.has(name) || value === undefined) continue
      seen.add(name)
      evidence.push({ name, value: toJson(value) })
      queue.push(reached)
    }
    if (evidence.length >= evidenceLimit) return evidence.slice(0, evidenceLimit)
  }
  return evidence
}
