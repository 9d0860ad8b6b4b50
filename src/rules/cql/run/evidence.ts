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
  const gathering: Gathering = { known, queue: [reachFrom(define, library)], at: 0, parameters: [], evidence: [] }
  const waiting = gather(gathering)
  return waiting ? later(gathering, waiting) : gathering.evidence
}

/** How far evidence is gathered: all of it stands here, so that it can go on when something has come. */
interface Gathering {
  known: Known
  /** Defines that are told of, after the one that is asked for; from `at` on not looked into yet. */
  queue: Reach[]
  at: number
  /** Names of parameters that are told of. */
  parameters: string[]
  evidence: Evidence[]
}

/** A value that is waited for, and whose it is. */
interface Waiting {
  name: string
  value: Promise<unknown>
}

async function later(gathering: Gathering, first: Waiting): Promise<Evidence[]> {
  for (let waiting: Waiting | undefined = first; waiting; waiting = gather(gathering))
    tell(gathering, waiting.name, await waiting.value)
  return gathering.evidence
}

function tell({ evidence }: Gathering, name: string, value: unknown): void {
  if (value !== undefined) evidence.push({ name, value: toJson(value) })
}

/** Goes on until something has to be waited for; undefined at the end. */
function gather(gathering: Gathering): Waiting | undefined {
  const { known, queue, parameters, evidence } = gathering
  for (; gathering.at < queue.length && evidence.length < evidenceLimit; gathering.at++) {
    const each = queue[gathering.at]
    if (!each) break
    for (const name of each.parameters) {
      if (parameters.includes(name)) continue
      parameters.push(name)
      const value = known.parameter(name)
      if (value instanceof Promise) return { name, value }
      tell(gathering, name, value)
      if (evidence.length >= evidenceLimit) return undefined
    }
    for (const reached of each.links) {
      const value = known.define(reached.name)
      // What was not evaluated (the right side of `true or …`) explains nothing.
      if (value === undefined || queue.includes(reached)) continue
      tell(gathering, reached.name, value)
      queue.push(reached)
      if (evidence.length >= evidenceLimit) return undefined
    }
  }
  return undefined
}

/** A define as evidence sees it. */
interface Reach {
  name: string
  parameters: readonly string[]
  /** The defines that it refers to. */
  links: Reach[]
}

const reachFrom = (define: Define, library: CompiledLibrary): Reach =>
  reachesIn(library).get(define) ?? { name: define.name, parameters: define.parameters, links: [] }

/** The defines with what they refer to, once for a library. */
const reachesIn = keepPerObject((library: CompiledLibrary) => {
  const byName = definesByName(library)
  const reaches = new Map<Define, Reach>()
  for (const define of library.defines)
    reaches.set(define, { name: define.name, parameters: define.parameters, links: [] })
  for (const [{ references }, { links }] of reaches)
    for (const name of references) {
      const found = byName.get(name)
      const reached = found && reaches.get(found)
      if (reached) links.push(reached)
    }
  return reaches
})
