import { keepPerObject } from '../../../../base/keep.ts'
import { concreteNumber } from '../concrete-value.ts'
import type { SnomedContent } from '../content.ts'
import { pairsOf, spendEffort } from './effort.ts'
import type { Subsumption } from './expression.ts'
import { definitionsOf } from './general-axioms.ts'
import type { ResolvedAttribute, ResolvedExpression, ResolvedValue } from './resolve-expression.ts'

/**
 * Whether everything that the second means is meant by the first, by their normal forms: the proximal primitive concepts and the groups
 * of attributes that their concepts have in the release (the inferred relationships), with the refinements. `yes` always holds. What
 * has no match is `unknown` rather than `no` where an expression is nested more than once, and where a general axiom is
 * not understood.
 */
export function subsumesExpression(
  general: ResolvedExpression,
  special: ResolvedExpression,
  content: SnomedContent,
  depth = 0,
): Subsumption {
  // What values of values are compared for is compared again and again: each pair once.
  const found = depth === 0 ? pairsOf(special, content) : undefined
  const [only = -1] = general.focus
  const key = isConcept(general) ? only : general
  const known = found?.get(key)
  if (known !== undefined) return known
  const compared = compare(general, special, { content, depth })
  found?.set(key, compared)
  return compared
}

const isConcept = ({ focus, ungrouped, groups }: ResolvedExpression) =>
  focus.length === 1 && ungrouped.length === 0 && groups.length === 0

function compare(
  general: ResolvedExpression,
  special: ResolvedExpression,
  { content, depth }: { content: SnomedContent; depth: number },
): Subsumption {
  const groups = fullGroups(special, content)
  const found = every(general.focus, (each) => takesIn(each, { special, groups, content, depth }))
  return both(found, () => {
    const matched = matchGroups(ownGroups(general), groups, content)
    const isTold = !isNestedTwice(general) && !isNestedTwice(special)
    return matched === 'no' && !isTold ? 'unknown' : matched
  })
}

/** General axioms that name concepts with general axioms, and so on: deeper ones are not followed. */
const DEEPEST = 4

/** Whether a concept takes in an expression: by the release, by its definition, or by one of its general axioms. */
function takesIn(
  concept: number,
  given: { special: ResolvedExpression; groups: Group[]; content: SnomedContent; depth: number },
): Subsumption {
  const { special, groups, content, depth } = given
  const isBelow = (above: number) => special.focus.some((each) => content.hierarchy.subsumes(above, each))
  if (isBelow(concept)) return 'yes'
  let found: Subsumption = 'no'
  if (content.isDefined(concept) && proximalPrimitives(concept, content).every(isBelow)) {
    found = matchGroups(groupsOf(concept, content), groups, content)
    if (found === 'yes') return found
    if (isNestedTwice(special)) found = 'unknown'
  }
  const axioms = definitionsOf(concept, content)
  if (axioms.length > 0 && depth >= DEEPEST) return 'unknown'
  const byAxiom = some(axioms, (each) =>
    each === 'unknown' ? each : subsumesExpression(each, special, content, depth + 1),
  )
  // What cannot be told by the definition is not told by axioms that say no.
  return byAxiom === 'no' ? found : byAxiom
}

/** Attributes that stand together, or one of no group. */
export interface Group {
  attributes: readonly ResolvedAttribute[]
  isAlone: boolean
}

const ownGroups = ({ ungrouped, groups }: ResolvedExpression): Group[] => [
  ...ungrouped.map((each) => ({ attributes: [each], isAlone: true })),
  ...groups.map((each) => ({ attributes: each, isAlone: false })),
]

/** Groups of everything that is known of it: of its own and of its concepts. */
export function fullGroups(expression: ResolvedExpression, content: SnomedContent): Group[] {
  const kept = knownGroups(expression)
  kept.list ??= findGroups(expression, content)
  return kept.list
}

/** An expression is resolved over one release. */
const knownGroups = keepPerObject((_: ResolvedExpression): { list?: Group[] } => ({}))

function findGroups(expression: ResolvedExpression, content: SnomedContent): Group[] {
  const inherited = expression.focus.flatMap((concept) => groupsOf(concept, content))
  const refined = ownGroups(expression)
  return [...refined, ...joined(inherited, refined, content), ...inherited]
}

/**
 * A refinement goes into the group of the concept whose attribute it makes more special (SNOMED CT, transformation of expressions to
 * normal form: groups that hold the same attribute, one value below the other, are one).
 */
function joined(inherited: Group[], refined: Group[], content: SnomedContent): Group[] {
  const isMoreSpecial = (a: ResolvedAttribute, b: ResolvedAttribute) => {
    spendEffort(content, 1)
    return content.hierarchy.subsumes(b.type, a.type) && matchValue(b.value, a.value, content) === 'yes'
  }
  return inherited.flatMap((group) =>
    refined
      .filter((own) =>
        own.attributes.some((attribute) => group.attributes.some((each) => isMoreSpecial(attribute, each))),
      )
      .map((own) => ({
        attributes: [...own.attributes, ...group.attributes],
        isAlone: own.isAlone && group.isAlone,
      })),
  )
}

/** The primitive concepts above a concept that have no other of them below. */
function proximalPrimitives(concept: number, content: SnomedContent): number[] {
  const primitives = [...content.hierarchy.ancestors(concept)].filter((each) => !content.isDefined(each))
  spendEffort(content, primitives.length)
  const isAbove = (a: number, b: number) => a !== b && content.hierarchy.subsumes(a, b)
  return primitives.filter((each) => !primitives.some((other) => isAbove(each, other)))
}

/** Groups of attributes that the release has of a concept. */
function groupsOf(concept: number, { attributes }: SnomedContent): Group[] {
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

/** Whether each of the groups wanted is there. */
function matchGroups(wanted: Group[], given: Group[], content: SnomedContent): Subsumption {
  return every(wanted, (group) => some(given, (other) => groupSubsumes(group, other, content)))
}

/** Whether a group of attributes takes in another: each of its attributes takes in one of the other. */
export function groupSubsumes(general: Group, special: Group, content: SnomedContent): Subsumption {
  return every(general.attributes, (attribute) =>
    some(special.attributes, (each) => matchAttribute(attribute, each, content)),
  )
}

/** Whether an attribute takes in another. */
export function matchAttribute(
  general: ResolvedAttribute,
  special: ResolvedAttribute,
  content: SnomedContent,
): Subsumption {
  spendEffort(content, 1)
  if (!content.hierarchy.subsumes(general.type, special.type)) return 'no'
  return matchValue(general.value, special.value, content)
}

function matchValue(general: ResolvedValue, special: ResolvedValue, content: SnomedContent): Subsumption {
  if ('concrete' in general || 'concrete' in special) {
    const isSame = 'concrete' in general && 'concrete' in special && sameConcrete(general.concrete, special.concrete)
    return isSame ? 'yes' : 'no'
  }
  if ('concept' in general && 'concept' in special && content.hierarchy.subsumes(general.concept, special.concept)) {
    return 'yes'
  }
  if ('concept' in general && 'concept' in special) return 'no'
  return subsumesExpression(asExpression(general), asExpression(special), content)
}

const asExpression = (value: { concept: number } | { nested: ResolvedExpression }): ResolvedExpression =>
  'nested' in value ? value.nested : { focus: [value.concept], ungrouped: [], groups: [] }

function sameConcrete(a: string, b: string): boolean {
  const [left, right] = [concreteNumber(a), concreteNumber(b)]
  return left !== undefined && right !== undefined ? left === right : a === b
}

const attributes = ({ ungrouped, groups }: ResolvedExpression) => [...ungrouped, ...groups.flat()]

/** Whether the value of a value is an expression. */
const isNestedTwice = (expression: ResolvedExpression): boolean =>
  attributes(expression).some(
    ({ value }) => 'nested' in value && attributes(value.nested).some((each) => 'nested' in each.value),
  )

function both(first: Subsumption, second: () => Subsumption): Subsumption {
  if (first === 'no') return first
  const found = second()
  return found === 'yes' ? first : found
}

function some<T>(items: readonly T[], test: (item: T) => Subsumption): Subsumption {
  let found: Subsumption = 'no'
  for (const each of items) {
    const one = test(each)
    if (one === 'yes') return one
    if (one === 'unknown') found = one
  }
  return found
}

function every<T>(items: readonly T[], test: (item: T) => Subsumption): Subsumption {
  let found: Subsumption = 'yes'
  for (const each of items) {
    const one = test(each)
    if (one === 'no') return one
    if (one === 'unknown') found = one
  }
  return found
}
