/**
 * The definition of a concept as an expression (https://hl7.org/fhir/R4/snomedct.html, properties normalForm and normalFormTerse): of one
 * that is sufficiently defined the proximal primitive concepts above it with its attributes, of any other itself with them.
 */

import type { SnomedContent } from '../content.ts'
import { rowsOf } from './attribute-values.ts'

/** The normal form of a concept; with terms between bars where there are some. */
export function normalForm(
  content: SnomedContent,
  concept: number,
  term: (concept: number) => string | undefined = () => undefined,
): string {
  const shown = (each: number) => {
    const text = term(each)
    return text === undefined ? content.idOf(each) : `${content.idOf(each)}|${text}|`
  }
  const foci = content.isDefined(concept) ? proximalPrimitives(content, concept) : [concept]
  const parts = refinements(content, concept, shown)
  const head = `=== ${(foci.length > 0 ? foci : [concept]).map(shown).sort(inOrder).join('+')}`
  return parts.length === 0 ? head : `${head}:${parts.join(',')}`
}

/** Attributes of no group, then groups; each in the order of its identifiers: of one meaning there is one text. */
function refinements(content: SnomedContent, concept: number, shown: (concept: number) => string): string[] {
  const { attributes } = content
  const ungrouped: string[] = []
  const groups = new Map<number, string[]>()
  const [from, to] = rowsOf(content, concept)
  for (let row = from; row < to; row++) {
    const target = attributes.target[row] ?? -1
    const value = target >= 0 ? shown(target) : attributes.value(-1 - target)
    const text = `${shown(attributes.type[row] ?? -1)}=${value}`
    const group = attributes.group[row] ?? 0
    if (group === 0) ungrouped.push(text)
    else groups.set(group, [...(groups.get(group) ?? []), text])
  }
  const grouped = [...groups.values()].map((each) => `{${each.sort(inOrder).join(',')}}`)
  return [...ungrouped.sort(inOrder), ...grouped.sort(inOrder)]
}

const inOrder = (a: string, b: string): number => Number(a > b) - Number(a < b)

/** The primitive concepts above a concept that have no other of them below: found upwards, a primitive one ends its way. */
export function proximalPrimitives({ hierarchy, isDefined }: SnomedContent, concept: number): number[] {
  const primitives = new Set<number>()
  const open = new Set(hierarchy.parents(concept))
  for (const each of open) {
    if (!isDefined(each)) primitives.add(each)
    else for (const parent of hierarchy.parents(each)) open.add(parent)
  }
  const found = [...primitives]
  return found.filter((each) => !found.some((other) => other !== each && hierarchy.subsumes(each, other)))
}
