import { keepPerObject } from '../../../../base/keep.ts'
import { concreteNumber } from '../concrete-value.ts'
import type { SnomedContent } from '../content.ts'
import { proximalPrimitives } from '../provider/normal-form.ts'
import { axiomsOf } from './general-axioms.ts'
import {
  areNestedTwice,
  asExpression,
  type Group,
  groupsOf,
  knownAttributes,
  LONGEST_CHAIN,
  ownGroups,
  withoutGeneral,
} from './groups.ts'
import type { ResolvedAttribute, ResolvedExpression, ResolvedValue } from './resolve-expression.ts'
import { both, every, type Subsumption, some, told } from './subsumption.ts'

/** Thrown where what is asked of an expression cannot be told. */
export class NotTold extends Error {
  readonly code = 'EXPRESSION_NOT_TOLD'
}

/** What was found of two expressions: nested ones meet again and again, as often as their groups do. */
const compared = keepPerObject((_: SnomedContent) =>
  keepPerObject((_special: ResolvedExpression) => new WeakMap<ResolvedExpression, Subsumption>()),
)

/**
 * Whether everything that the second means is meant by the first, by their normal forms: the proximal primitive concepts and the groups
 * of attributes that their concepts have in the release (the inferred relationships), with the refinements. `yes` always holds. What
 * has no match is `unknown` rather than `no` where an expression is nested more than once, where an axiom is not understood, and where
 * a refinement may belong to one group of its concept or another.
 * @throws NotTold for an expression of too many groups
 */
export function subsumesExpression(
  general: ResolvedExpression,
  special: ResolvedExpression,
  content: SnomedContent,
): Subsumption {
  const known = compared(content)(special)
  const found = known.get(general) ?? compare(general, special, content)
  known.set(general, found)
  return found
}

function compare(general: ResolvedExpression, special: ResolvedExpression, content: SnomedContent): Subsumption {
  const given = knownOf(special, content)
  const found = every(general.focus, (each) => takesIn(each, given, content))
  return both(found, () => meets(ownGroups(general), given, content))
}

/** Whether groups of attributes are there; what is nested twice is not told not to be. */
function meets(wanted: readonly Group[], given: Known, content: SnomedContent): Subsumption {
  const found = matchGroups(wanted, given.groups, content)
  if (found !== 'no') return found
  const isTold = !given.isNestedTwice && !areNestedTwice(wanted)
  return told(found, isTold || lacksAttribute(wanted, given, content))
}

/** Whether an attribute is asked for of which nothing is known, whatever its value. */
function lacksAttribute(wanted: readonly Group[], { groups }: Known, content: SnomedContent): boolean {
  const { subsumes } = content.hierarchy
  const { chains, reflexive } = axiomsOf(content)
  const implied = [...chains.map((each) => each.implied), ...reflexive]
  const given = [...groups.flatMap((each) => each.attributes.map(({ type }) => type)), ...implied]
  return wanted.some((each) => each.attributes.some(({ type }) => !given.some((one) => subsumes(type, one))))
}

/** What is known of an expression. */
export interface Known {
  /** Concepts that it is below, with all that is above them. */
  focus: readonly number[]
  groups: readonly Group[]
  /** Concepts that it may be below, by axioms that are not understood. */
  open: readonly number[]
  isNestedTwice: boolean
}

/** What follows from an expression. @throws NotTold for one of too many groups */
export const knownOf = (expression: ResolvedExpression, content: SnomedContent): Known => known(content)(expression)

/** What follows from an expression: what its concepts say, and what axioms say of it, until nothing more does. */
const known = keepPerObject((content: SnomedContent) =>
  keepPerObject((expression: ResolvedExpression): Known => {
    const groups = [...fullGroups(expression, content)]
    const focus = [...expression.focus]
    const open: number[] = []
    const found = { focus, groups, open, isNestedTwice: areNestedTwice(ownGroups(expression)) }
    // A concept alone stands where the release has it.
    if (focus.length === 1 && ownGroups(expression).length === 0) return found
    let left = axiomsOf(content).sufficient
    for (let before = -1; before !== focus.length + open.length; ) {
      before = focus.length + open.length
      left = left.filter((axiom) => {
        const { concept, meaning, isWhole } = axiom
        if (isBelow(concept, found, content)) return false
        const is = both(
          every(meaning.focus, (each) => takesIn(each, found, content)),
          () => meets(ownGroups(meaning), found, content),
        )
        if (is === 'yes' && isWhole) {
          focus.push(concept)
          groups.push(...groupsOf(concept, content))
          return false
        }
        if (is !== 'no' && !open.includes(concept)) open.push(concept)
        return true
      })
    }
    return found
  }),
)

const isBelow = (above: number, { focus }: Known, { hierarchy }: SnomedContent): boolean =>
  focus.some((each) => hierarchy.subsumes(above, each))

/** Whether a concept takes in an expression: by the release, by its definition, or by an axiom. */
function takesIn(concept: number, special: Known, content: SnomedContent): Subsumption {
  if (isBelow(concept, special, content)) return 'yes'
  const found = isDefinitionMet(concept, special, content)
  return told(found, !isOpen(concept, special, content))
}

const isOpen = (above: number, { open }: Known, { hierarchy }: SnomedContent): boolean =>
  open.some((each) => hierarchy.subsumes(above, each))

function isDefinitionMet(concept: number, special: Known, content: SnomedContent): Subsumption {
  if (!content.isDefined(concept) || !content.isActive(concept)) return 'no'
  const primitives = proximalPrimitives(content, concept)
  // A definition that nothing stands above is none.
  if (primitives.length === 0) return 'no'
  const found = every(primitives, (each) => {
    if (isBelow(each, special, content)) return 'yes'
    return isOpen(each, special, content) ? 'unknown' : 'no'
  })
  return both(found, () => meets(groupsOf(concept, content), special, content))
}

/** Groups that an expression may come to: each is compared with each. */
const MOST_GROUPS = 150

/**
 * Groups of everything that is known of it: of its own and of its concepts.
 * @throws NotTold for too many
 */
function fullGroups(expression: ResolvedExpression, content: SnomedContent): Group[] {
  const inherited = [...new Set(expression.focus)].flatMap((concept) => groupsOf(concept, content))
  const refined = ownGroups(expression)
  const isTooMany = (count: number) => {
    if (count > MOST_GROUPS) throw new NotTold(`it comes to more than ${MOST_GROUPS} groups of attributes`)
  }
  isTooMany(inherited.length + refined.length)
  const all = [...refined, ...joined(inherited, refined, content), ...inherited]
  isTooMany(all.length)
  return all
}

/**
 * A refinement goes into the group of the concept whose attribute it makes more special (SNOMED CT, transformation of expressions to
 * normal form: groups are one that have the same attribute, and of each that both have one value is below the other). Which of several
 * groups is meant, nobody says.
 */
function joined(inherited: Group[], refined: Group[], content: SnomedContent): Group[] {
  return refined.flatMap((own) => {
    const fitting = inherited
      .map((group) => ({ group, fits: fitsInto(own, group, content) }))
      // What says no more than the group adds nothing to it.
      .filter(({ group, fits }) => fits !== 'no' && groupSubsumes(own, group, content) !== 'yes')
    const isMoreGeneral = (a: (typeof fitting)[number], b: typeof a) =>
      groupSubsumes(a.group, b.group, content) === 'yes'
    const lean = withoutGeneral(fitting, isMoreGeneral)
    return lean.map(({ group, fits }) => ({
      attributes: [...own.attributes, ...group.attributes],
      isAlone: own.isAlone && group.isAlone,
      isDoubtful: lean.length > 1 || fits === 'unknown',
    }))
  })
}

function fitsInto(own: Group, group: Group, content: SnomedContent): Subsumption {
  const { subsumes } = content.hierarchy
  let isRefined: Subsumption = 'no'
  let isFitting: Subsumption = 'yes'
  for (const mine of own.attributes) {
    for (const other of group.attributes) {
      if (!subsumes(other.type, mine.type) && !subsumes(mine.type, other.type)) continue
      const refines = subsumes(other.type, mine.type) ? matchValue(other.value, mine.value, content) : 'no'
      isRefined = some([isRefined, refines], (each) => each)
      const isAlike = some([refines, () => matchValue(mine.value, other.value, content)], (each) =>
        typeof each === 'string' ? each : each(),
      )
      isFitting = both(isFitting, () => isAlike)
      if (isFitting === 'no') return 'no'
    }
  }
  return both(isFitting, () => isRefined)
}

/** Whether each of the groups wanted is there. */
function matchGroups(wanted: readonly Group[], given: readonly Group[], content: SnomedContent): Subsumption {
  const { reflexive } = axiomsOf(content)
  return every(wanted, (group) => {
    const found = some(given, (other) => groupSubsumes(group, other, content))
    const { subsumes } = content.hierarchy
    // What everything has with itself is not looked for.
    const isTold = !group.attributes.some(({ type }) => reflexive.some((each) => subsumes(type, each)))
    return told(found, isTold)
  })
}

/** Whether a group of attributes takes in another: each of its attributes takes in one of the other. */
export function groupSubsumes(general: Group, special: Group, content: SnomedContent): Subsumption {
  const found = every(general.attributes, (attribute) =>
    some(special.attributes, (each) => matchAttribute(attribute, each, content)),
  )
  return found === 'yes' && special.isDoubtful ? 'unknown' : found
}

/** Whether an attribute takes in another, or one that follows from it by a chain of attributes. */
export function matchAttribute(
  general: ResolvedAttribute,
  special: ResolvedAttribute,
  content: SnomedContent,
  steps = 0,
): Subsumption {
  const { subsumes } = content.hierarchy
  const found = subsumes(general.type, special.type) ? matchValue(general.value, special.value, content) : 'no'
  if (found === 'yes' || 'concrete' in special.value) return found
  const value = asExpression(special.value, content)
  const chains = axiomsOf(content).chains.filter(
    ({ first, implied }) => subsumes(general.type, implied) && subsumes(first, special.type),
  )
  const followed = some(chains, ({ second, implied }) => {
    const next = knownAttributes(value, content).filter(({ type }) => subsumes(second, type))
    if (next.length > 0 && steps >= LONGEST_CHAIN) return 'unknown'
    return some(next, (each) => matchAttribute(general, { type: implied, value: each.value }, content, steps + 1))
  })
  return followed === 'no' ? found : followed
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
  return subsumesExpression(asExpression(general, content), asExpression(special, content), content)
}

function sameConcrete(a: string, b: string): boolean {
  const [left, right] = [concreteNumber(a), concreteNumber(b)]
  return left !== undefined && right !== undefined ? left === right : a === b
}
