import { filteredSelection, rangeSelection } from '../../code-system/selection.ts'
import { type FilterOperator, startingConcept } from './filter-operator.ts'

/** `is-a`: the concept and everything below it. */
export const isA: FilterOperator = (call) => call.provider.descendants(startingConcept(call))

/** `descendent-of`: everything below the concept, without itself. */
export const descendentOf: FilterOperator = (call) => {
  const start = startingConcept(call)
  const below = call.provider.descendants(start)
  return below.range
    ? rangeSelection(below.range[0] + 1, below.range[1])
    : filteredSelection(below, (ref) => ref !== start)
}

/** `is-not-a`: everything but the concept and what is below it. */
export const isNotA: FilterOperator = (call) => {
  const below = call.provider.descendants(startingConcept(call))
  return filteredSelection(call.provider.all, (ref) => !below.has(ref))
}

/** `generalizes`: the concept and everything above it. */
export const generalizes: FilterOperator = (call) => {
  const start = startingConcept(call)
  return filteredSelection(call.provider.all, (ref) => call.provider.subsumes(ref, start))
}

/** `child-of`: the concepts right below the concept. */
export const childOf: FilterOperator = (call) => {
  const children = new Set(call.provider.children(startingConcept(call)))
  return filteredSelection(call.provider.all, (ref) => children.has(ref))
}

/** `descendent-leaf`: concepts below the concept that have nothing below themselves. */
export const descendentLeaf: FilterOperator = (call) =>
  filteredSelection(descendentOf(call), (ref) => call.provider.children(ref).length === 0)
