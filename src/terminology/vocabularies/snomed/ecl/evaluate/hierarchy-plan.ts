/** Concepts, all of them, and the operators over the hierarchy (ECL 2.2, 6.1, 6.7 and 6.12). */
import { keepPerObject } from '../../../../../base/keep.ts'
import type { Steps } from '../../../../../workers/budget.ts'
import { firstNotBelow } from '../../../../code-system/ordinals.ts'
import type { SnomedContent, SnomedHierarchy } from '../../content.ts'
import type { EclSubject } from '../subject.ts'
import type { EclOperator } from '../syntax/syntax.ts'
import { BitSet } from './bit-set.ts'
import { type EclContext, type EclCost, type EclPlan, holds, isIn, passing, ready, remembered } from './plan.ts'

/** One concept, active or not. */
export function conceptPlan(concept: number): EclPlan {
  return {
    atMost: 1,
    price: 1,
    whole: 1,
    has: (other) => other === concept,
    matches: () => false,
    all: () => ready(Int32Array.of(concept)),
  }
}

/** The root of the hierarchy, SNOMED CT Concept. */
const root = '138875005'

/** Whether a concept is active and stands in the hierarchy: what `*` is. */
const isPlaced = (content: SnomedContent, concept: number): boolean =>
  content.isActive(concept) &&
  (content.hierarchy.parents(concept).length > 0 ||
    content.hierarchy.children(concept).length > 0 ||
    content.idOf(concept) === root)

const placed = keepPerObject((_: SnomedContent): { list?: Int32Array } => ({}))

/** Every active concept that stands in the hierarchy; with inactive ones and those without a place where they are asked for. */
export function anyPlan({ content, cost }: EclContext, isWithInactive: boolean): EclPlan {
  const everything = () => Int32Array.from({ length: content.count }, (_, ordinal) => ordinal)
  return {
    atMost: content.count,
    price: 1,
    whole: content.count,
    has: (concept) => concept >= 0 && concept < content.count && (isWithInactive || isPlaced(content, concept)),
    matches: () => true,
    *all() {
      if (isWithInactive) return everything()
      const kept = placed(content)
      kept.list ??= yield* passing(everything(), (concept) => isPlaced(content, concept), { cost, price: 4 })
      return kept.list
    },
  }
}

/** A set with its operator; `only` is the one concept of the set, where it is written as one. */
export function operatorPlan(
  context: EclContext,
  operator: EclOperator,
  { inner, only }: { inner: EclPlan; only?: number | undefined },
): EclPlan {
  if (only !== undefined && operator !== '!!>' && operator !== '!!<') return ofConcept(context, operator, only)
  const asked = ofSet(context, operator, inner)
  const { count } = context.content
  return remembered(context.cost, {
    ...asked,
    atMost: count,
    get whole() {
      return inner.whole + 4 * count
    },
  })
}

/** Relatives of one concept: what the content keeps is what is answered. */
function ofConcept({ content, cost }: EclContext, operator: EclOperator, concept: number): EclPlan {
  const { hierarchy } = content
  const isSelf = isWithSelf(operator) && content.isActive(concept)
  const isBelow = operator.startsWith('<')
  const isNext = operator.endsWith('!')
  const kin = isBelow
    ? isNext
      ? hierarchy.children
      : hierarchy.descendants
    : isNext
      ? hierarchy.parents
      : hierarchy.ancestors
  let list: Int32Array | undefined
  const found = () => {
    if (list) return list
    list = cost.keep(isSelf ? withOne(kin.call(hierarchy, concept), concept) : kin.call(hierarchy, concept), () => {
      list = undefined
    })
    return list
  }
  return {
    get atMost() {
      return found().length
    },
    price: 1,
    whole: 1,
    has(other) {
      if (other === concept) return isSelf
      if (isNext) return isIn(found(), other)
      return isBelow ? hierarchy.subsumes(concept, other) : hierarchy.subsumes(other, concept)
    },
    matches: (subject) =>
      relates(operator, { hierarchy, inner: conceptPlan(concept), list: () => Int32Array.of(concept), subject }),
    all: () => ready(found()),
  }
}

/** A subject that is no concept, and the set that an operator is asked of. */
interface Relation {
  hierarchy: SnomedHierarchy
  inner: EclPlan
  list: () => Int32Array
  subject: EclSubject
}

/** Whether a subject that is no concept belongs to what an operator makes of a set. */
function relates(operator: EclOperator, relation: Relation): boolean | undefined {
  const { inner, list, subject } = relation
  const isIncluded = isWithSelf(operator) ? inner.matches(subject) : false
  if (isIncluded === true) return true
  const isBelow = operator.startsWith('<')
  if (operator.endsWith('!'))
    return (isBelow ? isRightBelowOne(relation) : isRightAboveOne(relation)) ? undefined : isIncluded
  const related = isBelow ? isBelowOne(subject, inner) : isAboveOne(subject, list())
  return related === false ? isIncluded : related
}

/**
 * Whether no concept stands between it and a member that subsumes it, or may. Then it would be a child if expressions had a place among
 * the concepts, and a grandchild if another expression had one between them: which of them there are, nobody can tell.
 */
function isRightBelowOne({ hierarchy, inner, subject }: Relation): boolean {
  const { subsumers, undecided = new Int32Array(0) } = subject
  const isRight = (member: number) =>
    inner.has(member) && !hierarchy.children(member).some((child) => isIn(subsumers, child))
  return subsumers.some(isRight) || undecided.some(isRight)
}

/** The same of members that it subsumes, or may. */
function isRightAboveOne({ hierarchy, list, subject }: Relation): boolean {
  const members = list()
  if (members.length > mostCompared) return true
  return members.some(
    (member) =>
      subject.subsumes(member) !== false &&
      !hierarchy.parents(member).some((parent) => subject.subsumes(parent) === true),
  )
}

const isWithSelf = (operator: EclOperator): boolean => operator.startsWith('<<') || operator.startsWith('>>')

function isBelowOne({ subsumers, undecided }: EclSubject, inner: Pick<EclPlan, 'has'>): boolean | undefined {
  if (subsumers.some((each) => inner.has(each))) return true
  return undecided?.some((each) => inner.has(each)) ? undefined : false
}

/** Members that a subject is compared with before it is said that nobody can tell. */
const mostCompared = 1000

function isAboveOne(subject: EclSubject, list: Int32Array): boolean | undefined {
  let isOpen = list.length > mostCompared
  for (const each of list.subarray(0, mostCompared)) {
    const is = subject.subsumes(each)
    if (is) return true
    if (is === undefined) isOpen = true
  }
  return isOpen ? undefined : false
}

type Asked = Pick<EclPlan, 'price' | 'has' | 'matches' | 'all'>

function ofSet(context: EclContext, operator: EclOperator, inner: EclPlan): Asked {
  const { hierarchy } = context.content
  const isActive = (concept: number) => context.content.isActive(concept)
  const list = () => context.cost.membersAtOnce(inner)
  const matches = (subject: EclSubject) => relates(operator, { hierarchy, inner, list, subject })
  switch (operator) {
    case '!!>':
    case '!!<':
      return extremes(context, operator, inner)
    case '<':
    case '<<':
      return {
        price: 20 * inner.price,
        has: (concept) =>
          (operator === '<<' && inner.has(concept) && isActive(concept)) ||
          hierarchy.ancestors(concept).some((each) => inner.has(each)),
        matches,
        *all() {
          const walk = { next: (each: number) => hierarchy.children(each), isSelf: operator === '<<' }
          return yield* beyond(context, yield* inner.all(), walk)
        },
      }
    case '>':
    case '>>': {
      // Whether a concept is above one of a set is not told by looking at the concept: all that are above are found once.
      const found = keepOnce(context.cost, function* () {
        const walk = { next: (each: number) => hierarchy.parents(each), isSelf: operator === '>>' }
        return yield* beyond(context, yield* inner.all(), walk)
      })
      return {
        price: 3,
        has: (concept) => isIn(context.cost.membersAtOnce({ all: found }), concept),
        matches,
        all: found,
      }
    }
    default: {
      const isDown = operator.startsWith('<')
      const isSelf = operator.length === 3
      const back = (concept: number) => (isDown ? hierarchy.parents(concept) : hierarchy.children(concept))
      const next = (concept: number) => (isDown ? hierarchy.children(concept) : hierarchy.parents(concept))
      return {
        price: 5 * inner.price,
        has: (concept) =>
          (isSelf && inner.has(concept) && isActive(concept)) || back(concept).some((each) => inner.has(each)),
        matches,
        all: () => neighbours(context, inner, { next, isSelf }),
      }
    }
  }
}

/** What steps come to, found once. */
function keepOnce(cost: EclCost, find: () => Steps<Int32Array>): () => Steps<Int32Array> {
  let found: Int32Array | undefined
  return function* () {
    found ??= cost.keep(yield* find(), () => {
      found = undefined
    })
    return found
  }
}

interface Walk {
  next: (concept: number) => Int32Array
  isSelf: boolean
}

/** All that is reached from members by one step or more; each concept is looked at once. */
function* beyond({ content, cost }: EclContext, from: Int32Array, { next, isSelf }: Walk): Steps<Int32Array> {
  const found = new BitSet(content.count)
  const reached = new BitSet(content.count)
  const open: number[] = []
  for (const start of from) {
    if (isSelf && content.isActive(start)) found.add(start)
    if (reached.add(start)) open.push(start)
    for (let concept = open.pop(); concept !== undefined; concept = open.pop()) {
      const near = next(concept)
      for (const each of near) {
        found.add(each)
        if (reached.add(each)) open.push(each)
      }
      if (cost.took(1 + near.length)) yield
    }
  }
  return found.list()
}

function* neighbours({ content, cost }: EclContext, inner: EclPlan, { next, isSelf }: Walk): Steps<Int32Array> {
  const found = new BitSet(content.count)
  const from = yield* inner.all()
  for (const concept of from) {
    if (isSelf && content.isActive(concept)) found.add(concept)
    const near = next(concept)
    for (const each of near) found.add(each)
    if (cost.took(1 + near.length)) yield
  }
  return found.list()
}

/** Members without another above them (top) or below them (bottom) in the set. */
function extremes(context: EclContext, operator: '!!>' | '!!<', inner: EclPlan): Asked {
  const { hierarchy } = context.content
  const kin = (concept: number) => (operator === '!!>' ? hierarchy.ancestors(concept) : hierarchy.descendants(concept))
  return {
    price: 50 * inner.price,
    has: (concept) => inner.has(concept) && !kin(concept).some((each) => inner.has(each)),
    matches(subject) {
      const isMember = holds(inner, subject)
      if (isMember !== true) return isMember
      const related =
        operator === '!!>' ? isBelowOne(subject, inner) : isAboveOne(subject, context.cost.membersAtOnce(inner))
      // No concept is beyond it; whether another expression is, nobody can tell.
      return related === true ? false : undefined
    },
    *all() {
      const members = yield* inner.all()
      const next = operator === '!!>' ? hierarchy.children : hierarchy.parents
      // What is reached from a member is not the extreme: one walk for all of them.
      const reached = yield* beyond(context, members, { next: (each) => next.call(hierarchy, each), isSelf: false })
      return yield* passing(members, (each) => !isIn(reached, each), { cost: context.cost, price: 1 })
    },
  }
}

/** An ascending list with one more. */
function withOne(list: Int32Array, one: number): Int32Array {
  const at = firstNotBelow(list, one)
  const made = new Int32Array(list.length + 1)
  made.set(list.subarray(0, at))
  made[at] = one
  made.set(list.subarray(at), at + 1)
  return made
}
