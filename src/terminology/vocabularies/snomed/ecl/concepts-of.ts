import type {
  EclAcceptability,
  EclComparison,
  EclConcept,
  EclConceptFilter,
  EclDescriptionFilter,
  EclExpression,
  EclMemberFilter,
  EclRefinement,
  EclSubExpression,
} from './syntax/syntax.ts'

/** Every reference to a concept in an expression, in the order of its text. */
export function* conceptsOf(expression: EclExpression): Generator<EclConcept, void, void> {
  switch (expression.kind) {
    case 'sub':
      return yield* ofSub(expression)
    case 'refined':
      yield* ofSub(expression.focus)
      return yield* ofRefinement(expression.refinement)
    case 'dotted':
      yield* ofSub(expression.focus)
      for (const each of expression.attributes) yield* ofSub(each)
      return
    default:
      for (const each of expression.operands) yield* ofSub(each)
  }
}

function* ofSub({ focus, memberFilters, filters, history }: EclSubExpression): Generator<EclConcept, void, void> {
  if (focus.kind === 'concept') yield focus
  if (focus.kind === 'nested') yield* conceptsOf(focus.expression)
  for (const each of memberFilters.flat()) yield* ofMemberFilter(each)
  for (const block of filters) for (const each of block.filters) yield* ofFilter(each)
  if (history && 'refsets' in history) yield* conceptsOf(history.refsets)
}

function* ofRefinement(part: EclRefinement): Generator<EclConcept, void, void> {
  switch (part.kind) {
    case 'group':
      return yield* ofRefinement(part.refinement)
    case 'attribute':
      yield* ofSub(part.name)
      return yield* ofComparison(part.comparison)
    default:
      for (const each of part.operands) yield* ofRefinement(each)
  }
}

function* ofComparison(comparison: EclComparison): Generator<EclConcept, void, void> {
  if (comparison.kind === 'expression') yield* ofSub(comparison.value)
}

function* ofMemberFilter(filter: EclMemberFilter): Generator<EclConcept, void, void> {
  if (filter.field !== 'member') return yield* ofFilter(filter)
  if (filter.comparison.kind !== 'time') yield* ofComparison(filter.comparison)
}

function* ofFilter(filter: EclConceptFilter | EclDescriptionFilter): Generator<EclConcept, void, void> {
  if (filter.field === 'dialect' || filter.field === 'dialectId') {
    for (const { dialect, acceptability } of filter.dialects) {
      if (typeof dialect !== 'string') yield* dialect.kind === 'sub' ? ofSub(dialect) : [dialect]
      yield* ofAcceptability(acceptability)
    }
    return yield* ofAcceptability(filter.acceptability)
  }
  if (!('value' in filter) || typeof filter.value !== 'object') return
  yield* filter.value.kind === 'sub' ? ofSub(filter.value) : filter.value.concepts
}

function* ofAcceptability(list: EclAcceptability | undefined): Generator<EclConcept, void, void> {
  for (const each of list ?? []) if (typeof each !== 'string') yield each
}
