import { keepPerObject } from '../../base/keep.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import type { ConceptMap } from '../../fhir/types.ts'
import type { Scope } from '../request/scope.ts'

/** One group of a concept map: pairs of codes from one system to another. */
export type Group = NonNullable<ConceptMap['group']>[number]

/** A code of the source with what it is mapped to. */
export type Element = NonNullable<Group['element']>[number]

/** The code of one side of a pair. */
type Side = 'source' | 'target'

/** Elements by the codes of one side, large maps are asked code by code; `folded`: by codes in lower case. */
type ElementIndex = Map<string, Element[]>

/** By side, letter by letter and folded. */
interface ElementIndexes {
  plain: Partial<Record<Side, ElementIndex>>
  folded: Partial<Record<Side, ElementIndex>>
}

const elementIndexes = keepPerObject((_: Group): ElementIndexes => ({ plain: {}, folded: {} }))

function elementIndex(group: Group, side: Side, folded: boolean): ElementIndex {
  const made = elementIndexes(group)[folded ? 'folded' : 'plain']
  const known = made[side]
  if (known) return known
  const index: ElementIndex = new Map()
  for (const element of group.element ?? []) {
    for (const { code } of side === 'source' ? [element] : (element.target ?? NONE)) {
      if (!code) continue
      const key = folded ? code.toLowerCase() : code
      const list = index.get(key)
      if (!list) index.set(key, [element])
      else if (list.at(-1) !== element) list.push(element)
    }
  }
  made[side] = index
  return index
}

/** Tells codes of a system apart: letter by letter, unless case is of no account in it. */
export interface CodeComparison {
  folded: boolean
  isSame(a: string, b: string): boolean
}

const LETTER_BY_LETTER: CodeComparison = { folded: false, isSame: (a, b) => a === b }

/** How codes of a system are compared. */
export function codesOf(system: string | undefined, scope: Scope): CodeComparison {
  // A list of pairs stands for itself where nobody knows the system.
  const provider = system === undefined ? undefined : scope.systemsHere(parseCanonical(system).url)[0]
  if (!provider || provider.head.caseSensitive) return LETTER_BY_LETTER
  // Codes that differ by case and stand in the system both are two codes.
  const isSame = (a: string, b: string) =>
    a === b || (a.toLowerCase() === b.toLowerCase() && provider.locate(a) === provider.locate(b))
  return { folded: true, isSame }
}

/** The elements that have a code on one side, however it is written. */
export function elementsWith(group: Group, side: Side, code: string, { folded, isSame }: CodeComparison): Element[] {
  const found = elementIndex(group, side, folded).get(folded ? code.toLowerCase() : code) ?? NONE
  if (!folded) return found
  const codes = (element: Element) => (side === 'source' ? [element] : (element.target ?? NONE))
  return found.filter((element) => codes(element).some((each) => each.code !== undefined && isSame(each.code, code)))
}

const NONE: never[] = []
