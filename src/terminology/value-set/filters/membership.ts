import type { Ref } from '../../code-system/code-system.ts'
import { filteredSelection } from '../../code-system/selection.ts'
import type { FilterCall, FilterOperator } from './filter-operator.ts'
import { comparableValue, propertyReader } from './property-values.ts'

/** Whether a concept has one of the comma-separated values; of codes it is the concept that counts, however they are written. */
function isListed(call: FilterCall): (ref: Ref) => boolean {
  const { provider, property, value } = call
  const values = value.split(',').map((each) => each.trim())
  if (property === 'concept' || property === 'code') {
    const refs = new Set(values.map((code) => provider.locate(code)))
    return (ref) => refs.has(ref)
  }
  const read = propertyReader(call)
  const comparable = comparableValue(call)
  const wanted = new Set(values.map(comparable))
  return (ref) => read(ref).some((each) => wanted.has(comparable(each)))
}

/** `in`: the property has one of the comma-separated values. */
export const isIn: FilterOperator = (call) => filteredSelection(call.provider.all, isListed(call))

/** `not-in`: the property has none of the comma-separated values; a concept without the property passes. */
export const notIn: FilterOperator = (call) => {
  const isRefused = isListed(call)
  return filteredSelection(call.provider.all, (ref) => !isRefused(ref))
}
