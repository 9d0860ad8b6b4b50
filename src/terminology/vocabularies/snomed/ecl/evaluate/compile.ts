/** From an expression to the sets that answer it. Everything that can be wrong about an expression is found here, before anything is asked. */
import type {
  EclAttribute,
  EclExpression,
  EclFilterBlock,
  EclMemberFieldFilter,
  EclMemberFilter,
  EclRefinement,
  EclSubExpression,
} from '../syntax/syntax.ts'
import { andPlan, minusPlan, orPlan } from './algebra-plan.ts'
import { conceptTest, concreteTest, type ValueTest } from './comparison.ts'
import { componentTest, isBare, isWildcard, listedConcepts } from './component-filter.ts'
import { compareDecimals, decimalOf } from './decimal.ts'
import { conceptFilterPlan, descriptionFilterPlan, weightOf } from './filter-plan.ts'
import { anyPlan, conceptPlan, operatorPlan } from './hierarchy-plan.ts'
import {
  componentField,
  fieldOf,
  hasField,
  historyPlan,
  historyRefsets,
  type Membership,
  type MemberTest,
  memberPlan,
} from './member-plan.ts'
import { holdsFor, timeHolds } from './order.ts'
import { type EclContext, type EclPlan, errorAt } from './plan.ts'
import {
  attributePlan,
  dottedPlan,
  groupPlan,
  joinedPlan,
  type RefinementPlan,
  refinedPlan,
  reversedPlan,
} from './refinement-plan.ts'
import { requireAlternate, requireConcept } from './resolve.ts'
import { foldedTerm, termTest } from './term-match.ts'

/** @throws EclError for what no release answers: unknown concepts, fields, dialects */
export function compile(context: EclContext, expression: EclExpression): EclPlan {
  switch (expression.kind) {
    case 'sub':
      return compileSub(context, expression)
    case 'refined':
      return refinedPlan(
        context,
        compileSub(context, expression.focus),
        compileRefinement(context, expression.refinement),
      )
    case 'dotted':
      requireFew(context, expression.attributes.length, ['dots', expression.focus.at])
      return expression.attributes.reduce(
        (focus, attribute) => dottedPlan(context, focus, typeTest(context, attribute)),
        compileSub(context, expression.focus),
      )
    default:
      return compileCompound(context, expression)
  }
}

/** Filters or dots one behind the other: each of them stands around those before it, as brackets do. */
const longestChain = 256

function requireFew(context: EclContext, count: number, [what, at]: readonly [string, number]): void {
  if (count > longestChain)
    throw errorAt(context, 'meaning', [`more than ${longestChain} ${what} follow each other`, at])
}

function compileCompound(context: EclContext, { kind, operands }: Extract<EclExpression, { operands: unknown }>) {
  const plans = operands.map((each) => compileSub(context, each))
  const [first, second] = plans
  if (kind === 'minus' && first && second) return minusPlan(context, first, second)
  return kind === 'and' ? andPlan(context, plans) : orPlan(context, plans)
}

/** From the inside to the outside: members, operator, filters, history (ECL 2.2, 5.4). */
function compileSub(context: EclContext, expression: EclSubExpression): EclPlan {
  const { operator, memberOf, filters, history, at } = expression
  requireFew(context, filters.length, ['filters', at])
  const [focus, only] = compileFocus(context, expression)
  let plan = memberOf ? compileMembers(context, expression, focus) : focus
  if (operator !== undefined) plan = operatorPlan(context, operator, { inner: plan, only: memberOf ? undefined : only })
  for (const block of filters) plan = compileFilters(context, block, plan)
  return history ? compileHistory(context, history, plan) : plan
}

/** The focus, and the concept it is where it is one. */
function compileFocus(context: EclContext, expression: EclSubExpression): [EclPlan, number?] {
  const { focus } = expression
  switch (focus.kind) {
    case 'any':
      return [anyPlan(context, asksForInactive(expression))]
    case 'nested': {
      const inner = focus.expression
      // Brackets around a bare concept change nothing.
      if (inner.kind === 'sub' && isBare(inner)) return compileFocus(context, inner)
      return [compile(context, inner)]
    }
    default: {
      const concept = focus.kind === 'concept' ? requireConcept(context, focus) : requireAlternate(context, focus)
      return [conceptPlan(concept), concept]
    }
  }
}

/** Whether `*` is followed by a filter of activity and nothing before that: then it says which concepts are meant. */
const asksForInactive = ({ operator, memberOf, filters }: EclSubExpression): boolean =>
  operator === undefined &&
  memberOf === undefined &&
  filters.some(({ kind, filters: each }) => kind === 'C' && each.some(({ field }) => field === 'active'))

function compileFilters(context: EclContext, block: EclFilterBlock, base: EclPlan): EclPlan {
  const evaluate = (value: EclSubExpression) => compileSub(context, value)
  return block.kind === 'C'
    ? conceptFilterPlan(context, base, { filters: block.filters, evaluate })
    : descriptionFilterPlan(context, base, { filters: block.filters, evaluate })
}

function compileHistory(
  context: EclContext,
  history: NonNullable<EclSubExpression['history']>,
  base: EclPlan,
): EclPlan {
  if ('profile' in history) return historyPlan(context, base, () => historyRefsets(context, history.profile))
  const { refsets } = history
  if (refsets.kind === 'sub' && isWildcard(refsets))
    return historyPlan(context, base, () => historyRefsets(context, 'MAX'))
  const plan = compile(context, refsets)
  return historyPlan(context, base, () => context.cost.membersAtOnce(plan))
}

function compileMembers(context: EclContext, expression: EclSubExpression, focus: EclPlan): EclPlan {
  const { memberOf, memberFilters, at } = expression
  const [field = componentField, ...others] = memberOf?.fields ?? []
  if (field === '*' || others.length > 0) {
    const reason = "several fields of members are rows and no concepts: name one behind '^'"
    throw errorAt(context, 'meaning', [reason, at])
  }
  const tests = memberFilters.flat().map((each) => compileMemberFilter(context, each))
  // Members are active unless a filter says something of it.
  const saysActive = memberFilters.flat().some((each) => each.field === 'active')
  if (tests.length > 0 && !saysActive) tests.unshift({ test: ({ isActive }) => isActive })
  const needed = [
    ...(field === componentField ? [] : [{ name: field, at }]),
    ...tests.flatMap((each) => each.field ?? []),
  ]
  const membership: Membership = {
    refsets: expression.focus.kind === 'any' ? undefined : focus,
    field,
    filters: tests.length > 0 ? tests : undefined,
    check(refsets) {
      const missing = refsets.length > 0 && needed.find(({ name }) => !refsets.some((each) => hasField(each, name)))
      if (!missing) return
      const known = [...new Set(refsets.flatMap((each) => each.fields))].join(', ')
      const reason = `no field '${missing.name}' in the reference sets; they have ${componentField}${known && `, ${known}`}`
      throw errorAt(context, 'meaning', [reason, missing.at])
    },
  }
  return memberPlan(context, membership)
}

function compileMemberFilter(context: EclContext, filter: EclMemberFilter): MemberTest {
  const price = weightOf(filter)
  if (filter.field !== 'member')
    return { price, test: componentTest(context, filter, (value) => compileSub(context, value)) }
  const test = memberFieldTest(context, filter)
  const { name, at } = filter
  return { field: { name, at }, price, test: (member, refset) => test(fieldOf(member, refset, name)) }
}

function memberFieldTest(context: EclContext, { comparison }: EclMemberFieldFilter): (value: string) => boolean {
  const { content } = context
  switch (comparison.kind) {
    case 'time':
      return (value) => /^(?:\d{8})?$/.test(value) && timeHolds(comparison.operator, comparison.times, Number(value))
    case 'number': {
      const wanted = decimalOf(comparison.value)
      return (value) => {
        const number = decimalOf(value)
        return !!number && !!wanted && holdsFor(comparison.operator, compareDecimals(number, wanted))
      }
    }
    case 'boolean':
      return (value) => {
        const is = /^(?:1|true)$/i.test(value)
        return (is || /^(?:0|false)$/i.test(value)) && (is === comparison.value) === (comparison.operator === '=')
      }
    case 'text': {
      const tests = comparison.terms.map(termTest)
      return (value) => {
        const folded = foldedTerm(value)
        return tests.some((each) => each.test(folded, '')) === (comparison.operator === '=')
      }
    }
    case 'expression': {
      const is = comparison.operator === '='
      if (isWildcard(comparison.value)) return () => is
      const plan = compileSub(context, comparison.value)
      return (value) => {
        const concept = content.ordinalOf(value)
        return (concept >= 0 && plan.has(concept)) === is
      }
    }
  }
}

function compileRefinement(context: EclContext, part: EclRefinement): RefinementPlan {
  switch (part.kind) {
    case 'attribute':
      return compileAttribute(context, part)
    case 'group':
      return groupPlan(context, part.cardinality, compileRefinement(context, part.refinement))
    default:
      return joinedPlan(
        context,
        part.kind,
        part.operands.map((each) => compileRefinement(context, each)),
      )
  }
}

function compileAttribute(context: EclContext, attribute: EclAttribute): RefinementPlan {
  const { cardinality, isReversed, name, comparison, at } = attribute
  const type = typeTest(context, name)
  if (!isReversed) return attributePlan(context, { cardinality, type, value: compileValue(context, comparison) })
  if (comparison.kind !== 'expression') {
    const reason = 'a reversed attribute has concepts for its value, and no concrete value'
    throw errorAt(context, 'meaning', [reason, at])
  }
  const { operator, value } = comparison
  const sources = { plan: compileSub(context, value), isAny: isWildcard(value) }
  return reversedPlan(context, { cardinality, type }, { operator, sources })
}

function compileValue(context: EclContext, comparison: EclAttribute['comparison']): ValueTest {
  if (comparison.kind !== 'expression') return concreteTest(comparison)
  const { operator, value } = comparison
  return conceptTest(operator, compileSub(context, value), isWildcard(value))
}

/** Whether a type is one of an expression: there are few types, and each is asked once. */
function typeTest(context: EclContext, name: EclSubExpression): (type: number) => boolean {
  if (isWildcard(name)) return () => true
  const plan = compileSub(context, name)
  const [listed] = listedConcepts(name) ?? []
  if (listed) {
    const concept = context.content.ordinalOf(listed.id)
    return (type) => type === concept
  }
  const known = new Map<number, boolean>()
  return (type) => {
    const before = known.get(type)
    if (before !== undefined) return before
    const is = plan.has(type)
    known.set(type, is)
    return is
  }
}
