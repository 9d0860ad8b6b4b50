/** Why a define is what it is: what the defines and parameters gave that it used. */
import type { Json } from '../../../base/json-value.ts'
import { keepPerObject } from '../../../base/keep.ts'
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
  const step = gathering.next()
  return step.done ? step.value : later(gathering, step.value)
}

/** Yields what it has to wait for, and is given back what came. */
type Gathering = Generator<Promise<unknown>, Evidence[], unknown>

async function later(gathering: Gathering, first: Promise<unknown>): Promise<Evidence[]> {
  let step = gathering.next(await first)
  while (!step.done) step = gathering.next(await step.value)
  return step.value
}

function* gather(define: Define, known: Known, library: CompiledLibrary): Gathering {
  const linksOf = linksIn(library)
  const seen = new Set<Define>([define])
  const evidence: Evidence[] = []
  const queue = [define]
  let parameters: Set<string> | undefined
  for (const each of queue) {
    for (const name of each.parameters) {
      parameters ??= new Set()
      if (parameters.has(name)) continue
      parameters.add(name)
      const given = known.parameter(name)
      const value = given instanceof Promise ? yield given : given
      if (value !== undefined) evidence.push({ name, value: toJson(value) })
    }
    for (const reached of linksOf.get(each) ?? []) {
      if (seen.has(reached)) continue
      const value = known.define(reached.name)
      // What was not evaluated (the right side of `true or …`) explains nothing.
      if (value === undefined) continue
      seen.add(reached)
      evidence.push({ name: reached.name, value: toJson(value) })
      queue.push(reached)
    }
    if (evidence.length >= evidenceLimit) return evidence.slice(0, evidenceLimit)
  }
  return evidence
}

/** The defines that each one refers to, once for a library. */
const linksIn = keepPerObject((library: CompiledLibrary) => {
  const byName = definesByName(library)
  return new Map(
    library.defines.map((define) => [define, define.references.flatMap((name) => byName.get(name) ?? [])] as const),
  )
})
