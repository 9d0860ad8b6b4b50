/** Mutants of a library: copies in which one step is another one. Made of its ELM, so that nothing is translated. */

import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { nearestName } from '../../base/nearest.ts'
import type { Elm } from '../cql/translate/elm.ts'
import { type CompiledLibrary, link } from '../cql/translate/libraries.ts'
import type { EquivalentMutant } from './case-file.ts'
import { mutationsOf } from './mutations.ts'
import type { Fault } from './notes.ts'
import { type Place, type Reach, type Site, textAt } from './sites.ts'

/** One mutant. */
export interface Mutant {
  site: Site
  /** Define or function. */
  in: string
  place: Place | undefined
  /** Text of the rule that is changed; empty in ELM without text. */
  source: string
  change: string
  /** Why no case can notice it, as the author of the cases says. */
  equivalent?: EquivalentMutant
  /** The library with it. */
  library(): CompiledLibrary
}

/** Makes all mutants of what is reached of a library whose steps are numbered. */
export function mutantsOf(library: CompiledLibrary, { sites }: Reach, lines: readonly string[]): Mutant[] {
  return sites.flatMap((site) =>
    mutationsOf(site).map(({ change, by }) => ({
      site,
      in: site.in,
      place: site.place,
      source: site.place ? textAt(lines, site.place) : '',
      change,
      library: () => changed(library, site.path, by),
    })),
  )
}

function changed(library: CompiledLibrary, path: Site['path'], by: JsonObject): CompiledLibrary {
  const { elm } = library
  const inner = replaced(elm.library, path, by)
  return linkedAgain(library, { ...elm, library: { ...elm.library, ...(isJsonObject(inner) ? inner : {}) } })
}

/** The library with other ELM; with its own it is what all mutants differ from in one step. */
export function linkedAgain(library: CompiledLibrary, elm: Elm): CompiledLibrary {
  const { canonical, identifier, status, includes, models } = library
  return link({ text: { canonical, identifier, status }, elm, issues: [], includes, models })
}

/** A copy that shares all but what leads to the place. */
function replaced(value: Json | undefined, [step, ...rest]: Site['path'], by: JsonObject): Json {
  if (step === undefined) return by
  if (Array.isArray(value)) return value.with(Number(step), replaced(value[Number(step)], rest, by))
  if (!isJsonObject(value)) throw new TypeError('a path leads through objects and lists')
  return { ...value, [step]: replaced(value[step], rest, by) }
}

/** Marks the mutants that are named as equivalent. @returns faults: names of none, or of several that differ */
export function markEquivalent(mutants: Mutant[], named: readonly EquivalentMutant[]): Fault[] {
  const faults: Fault[] = []
  for (const each of named) {
    const source = each.source.replace(/\s+/g, ' ').trim()
    const inside = mutants.filter((mutant) => mutant.in === each.in)
    const meant = inside.filter((mutant) => mutant.source === source && mutant.change === each.change)
    for (const mutant of meant) mutant.equivalent = each
    if (meant.length === 0) faults.push({ place: each.place, text: noMutant(each, { mutants, inside, source }) })
  }
  return faults
}

function noMutant(
  { in: place, change }: EquivalentMutant,
  { mutants, inside, source }: { mutants: Mutant[]; inside: Mutant[]; source: string },
): string {
  const told = (names: Iterable<string>, wrong: string) => {
    const near = nearestName(wrong, new Set(names))
    return near === undefined ? '' : `; ${JSON.stringify(near)} is the nearest`
  }
  if (inside.length === 0)
    return `nothing is changed in ${JSON.stringify(place)}${told(
      mutants.map((each) => each.in),
      place,
    )}`
  const here = inside.filter((each) => each.source === source)
  if (here.length === 0)
    return `nothing in ${JSON.stringify(place)} that is changed reads ${JSON.stringify(source)}${told(
      inside.map((each) => each.source),
      source,
    )}`
  return `no change ${JSON.stringify(change)} is made there${told(
    here.map((each) => each.change),
    change,
  )}`
}
