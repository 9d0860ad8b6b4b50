import { keepPerObject } from '../../../../base/keep.ts'
import type { SnomedContent } from '../content.ts'

/** Attributes of which others are kinds: of the concept model, and what links. */
const ATTRIBUTES = ['410662002', '106237007'] as const

/** The attribute of an identifier; -1 for a concept that is none, and for no concept. */
export function attributeOf(content: SnomedContent, id: string): number {
  const concept = content.ordinalOf(id)
  if (concept < 0) return -1
  const isKind = ATTRIBUTES.some((each) => {
    const top = content.ordinalOf(each)
    return top >= 0 && content.hierarchy.subsumes(top, concept)
  })
  return isKind || typesIn(content).has(concept) ? concept : -1
}

/** What is used as an attribute, whatever stands above it: extensions may have their own. */
const typesIn = keepPerObject(({ attributes }: SnomedContent): ReadonlySet<number> => {
  const types = new Set<number>()
  let last = -1
  for (const type of attributes.type) {
    if (type !== last) types.add(type)
    last = type
  }
  return types
})

/** Rows of the attributes of a concept: [from, to). */
export const rowsOf = ({ attributes }: SnomedContent, concept: number): [number, number] => [
  attributes.start[concept] ?? 0,
  attributes.start[concept + 1] ?? 0,
]

/** A value of an attribute: a concept, or a concrete value as it is. */
export type AttributeValue = { concept: number } | { concrete: string | number | boolean }

/** The value of a row. */
export function attributeValueOf({ attributes }: SnomedContent, row: number): AttributeValue {
  const target = attributes.target[row] ?? -1
  return target >= 0 ? { concept: target } : { concrete: readConcrete(attributes.value(-1 - target)) }
}

/** A concrete value of a release: `#1.5` a number, `"text"` a text with its quotes escaped, `true`. */
export function readConcrete(written: string): string | number | boolean {
  if (written.startsWith('#')) return Number(written.slice(1))
  if (written === 'true' || written === 'false') return written === 'true'
  return written.startsWith('"') && written.endsWith('"') && written.length > 1
    ? written.slice(1, -1).replace(/\\(["\\])/g, '$1')
    : written
}
