/** Filters that concepts, descriptions and members have in common: module, effective time, activity (ECL 2.2, 6.8 to 6.10). */
import { keepPerObject } from '../../../../../base/keep.ts'
import type { EclComponentFilter, EclConcept, EclConceptValue, EclEquality } from '../syntax/syntax.ts'
import { timeHolds } from './order.ts'
import { type EclContext, type EclPlan, errorAt } from './plan.ts'

/** What is filtered of a component. */
export interface Component {
  isActive: boolean
  effectiveTime: number
  module: string
}

/** Identifiers of concepts as a value: `*` is every one, others are looked for. */
export type IdTest = (id: string) => boolean

/** How expressions within filters are evaluated. */
export type Evaluate = (value: Extract<EclConceptValue, { kind: 'sub' }>) => EclPlan

/** A test of a component by one filter. */
export function componentTest(
  context: EclContext,
  filter: EclComponentFilter,
  evaluate: Evaluate,
): (component: Component) => boolean {
  switch (filter.field) {
    case 'active': {
      const { operator, value } = filter
      if (value === '*') return () => operator === '='
      return ({ isActive }) => (isActive === value) === (operator === '=')
    }
    case 'effectiveTime':
      return ({ effectiveTime }) => timeHolds(filter.operator, filter.times, effectiveTime)
    case 'moduleId': {
      const test = idTest(context, filter, { evaluate, isKnown: (id) => isModule(context, id) })
      return ({ module }) => test(module)
    }
  }
}

/** Modules need be no concepts of the release; then something must be of them. */
const isModule = ({ content }: EclContext, id: string): boolean => modulesOf(content).has(id)

const modulesOf = keepPerObject(
  (content: EclContext['content']) =>
    new Set(Array.from({ length: content.count }, (_, concept) => content.moduleOf(concept))),
)

/** Whether identifiers are among those of a value. `isKnown` tells of those that are no concepts of the release. */
export function idTest(
  context: EclContext,
  { operator, value }: { operator: EclEquality; value: EclConceptValue },
  { evaluate, isKnown }: { evaluate: Evaluate; isKnown: (id: string) => boolean },
): IdTest {
  const is = operator === '='
  const listed = listedConcepts(value)
  if (listed) {
    for (const each of listed) requireKnown(context, each, isKnown)
    const ids = new Set(listed.map((each) => each.id))
    return (id) => ids.has(id) === is
  }
  if (value.kind === 'sub' && isWildcard(value)) return () => is
  const plan = value.kind === 'sub' ? evaluate(value) : undefined
  return (id) => (plan?.has(context.content.ordinalOf(id)) === true) === is
}

/** @throws EclError for a concept that nobody knows */
export function requireKnown(context: EclContext, concept: EclConcept, isKnown: (id: string) => boolean): void {
  if (context.content.ordinalOf(concept.id) >= 0 || isKnown(concept.id)) return
  throw errorAt(context, 'unknown-concept', [`unknown concept ${concept.id}`, concept.at])
}

/** The concepts of a list, or the one that an expression is; undefined for other expressions. */
export function listedConcepts(value: EclConceptValue): EclConcept[] | undefined {
  if (value.kind === 'list') return value.concepts
  return isBare(value) && value.focus.kind === 'concept' ? [value.focus] : undefined
}

/** Whether an expression is its focus and nothing else. */
export const isBare = (value: Extract<EclConceptValue, { kind: 'sub' }>): boolean =>
  value.operator === undefined &&
  value.memberOf === undefined &&
  value.memberFilters.length === 0 &&
  value.filters.length === 0 &&
  value.history === undefined

/** Whether it is `*` alone. */
export const isWildcard = (value: Extract<EclConceptValue, { kind: 'sub' }>): boolean =>
  isBare(value) && value.focus.kind === 'any'
