/** Attributes of expressions and concepts, by their groups. */
import { keep, keepPerObject } from '../../../../base/keep.ts'
import type { SnomedContent } from '../content.ts'
import { axiomsOf } from './general-axioms.ts'
import type { ResolvedAttribute, ResolvedExpression } from './resolve-expression.ts'

/** Attributes that stand together, or one of no group. */
export interface Group {
  attributes: readonly ResolvedAttribute[]
  isAlone: boolean
  /** Whether they stand together cannot be told. */
  isDoubtful?: boolean
}

/** Groups that an expression says itself. */
export const ownGroups = ({ ungrouped, groups }: ResolvedExpression): Group[] => [
  ...ungrouped.map((each) => ({ attributes: [each], isAlone: true })),
  ...groups.map((each) => ({ attributes: each, isAlone: false })),
]

/** Attributes that an expression says itself; not those of nested expressions. */
const attributes = ({ ungrouped, groups }: ResolvedExpression) => [...ungrouped, ...groups.flat()]

/** Every attribute of its own and of its concepts. */
export const knownAttributes = (expression: ResolvedExpression, content: SnomedContent): ResolvedAttribute[] => [
  ...attributes(expression),
  ...expression.focus.flatMap((concept) => groupsOf(concept, content).flatMap((each) => each.attributes)),
]

/** Groups of attributes that the release has of a concept. */
export function groupsOf(concept: number, { attributes }: SnomedContent): Group[] {
  const ungrouped: Group[] = []
  const groups = new Map<number, ResolvedAttribute[]>()
  const end = attributes.start[concept + 1] ?? 0
  for (let row = attributes.start[concept] ?? 0; row < end; row++) {
    const target = attributes.target[row] ?? -1
    const value = target >= 0 ? { concept: target } : { concrete: attributes.value(-1 - target) }
    const attribute = { type: attributes.type[row] ?? -1, value }
    const number = attributes.group[row] ?? 0
    if (number === 0) ungrouped.push({ attributes: [attribute], isAlone: true })
    else groups.set(number, [...(groups.get(number) ?? []), attribute])
  }
  return [...ungrouped, ...[...groups.values()].map((each) => ({ attributes: each, isAlone: false }))]
}

/** Without what takes in another of them; of those that take in each other the first stays. */
export function withoutGeneral<T>(items: readonly T[], takesIn: (a: T, b: T) => boolean): T[] {
  return items.filter(
    (each, at) =>
      !items.some((other, place) => place !== at && takesIn(each, other) && (place < at || !takesIn(other, each))),
  )
}

/** A value that is no concrete one as an expression. */
export const asExpression = (
  value: { concept: number } | { nested: ResolvedExpression },
  content: SnomedContent,
): ResolvedExpression => ('nested' in value ? value.nested : conceptAlone(value.concept, content))

/** Concepts whose expressions are kept: what was found of one is kept with it. */
const KEPT = 2_000

const alone = keepPerObject((_: SnomedContent) => keep<number, ResolvedExpression>(KEPT))

/** A concept as an expression. */
export const conceptAlone = (concept: number, content: SnomedContent): ResolvedExpression =>
  alone(content).of(concept, () => ({ focus: [concept], ungrouped: [], groups: [] }))

/** Chains of attributes that are followed one after the other. */
export const LONGEST_CHAIN = 4

/** An attribute, and those that follow from it by chains of attributes. */
export function withFollowing(attribute: ResolvedAttribute, content: SnomedContent): ResolvedAttribute[] {
  const { subsumes } = content.hierarchy
  const found = [attribute]
  let last = found
  for (let step = 0; step < LONGEST_CHAIN && last.length > 0; step++) {
    last = last.flatMap(({ type, value }) => {
      const chains = axiomsOf(content).chains.filter(({ first }) => subsumes(first, type))
      if (chains.length === 0 || 'concrete' in value) return []
      const next = knownAttributes(asExpression(value, content), content)
      return chains.flatMap(({ second, implied }) =>
        next.filter((each) => subsumes(second, each.type)).map((each) => ({ type: implied, value: each.value })),
      )
    })
    found.push(...last)
  }
  return found
}

/** Whether the value of a value is an expression. */
export const areNestedTwice = (groups: readonly Group[]): boolean =>
  groups.some((group) =>
    group.attributes.some(
      ({ value }) => 'nested' in value && attributes(value.nested).some((each) => 'nested' in each.value),
    ),
  )
